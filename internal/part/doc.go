// Package part cuts objects into parts and reads the headers that speak of
// them.
//
//	Range         bytes of an object, and the Range header that asks for them
//	Spec          a Range header that a user wrote
//	ContentRange  what a server says it sent
//	ETag          which bytes they are
//	Plan          an object in parts, aligned to multiples of the part size
//	Claims        who fetches which part: the first body or its helpers
//	UploadSize    the part size for a length that is known
//	StreamSize    the part sizes for one that is not
//
// Offsets and sizes are int64 throughout, so that objects of any size work
// where int has 32 bits. Errors carry no prefix: callers wrap them with the
// object's name.
package part
