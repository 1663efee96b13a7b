// Package crc verifies S3 objects that arrive in ranges, in any order.
//
// S3 stores one checksum per object. It comes in two kinds: of the full
// object, or composite, the checksum of the checksums of the parts it was
// uploaded in. A CRC of either kind can be put together from the CRCs of
// ranges, so several goroutines hash what they receive. Bytes are read twice only
// where the parts of a composite checksum end between two granules:
//
//	Sent.Choose   which of the checksums sent to verify, or why none
//	Verifier      CRCs of ranges, from many goroutines; a Cursor for each range
//	Stream        any algorithm over bytes in order: the SHAs have no other way
//	Sum           the same, for one who sends the checksum
//	Ranges        what a Verifier combines for a full object
//	Granules      what a Verifier combines for a composite checksum, when the parts are known
//	Layout        where the parts of an object begin and end
//	Value         a checksum as S3 writes it: base64, with -N if composite
//	Update        hashes bytes; SIMD where the processor has it
//	Combine       the CRC of two runs of bytes from the CRC of each
//
// Errors carry no prefix: callers wrap them with the object's name.
package crc
