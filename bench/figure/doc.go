// Package figure measures what the report shows. Each file but common.go and env.go is one
// section of it: what is measured, how it is drawn, and which bounds it is held to.
//
// A new call of the Client gets its picture by one file: a contest in package rival (see
// rival/get.go), which sizes.go and calls.go of this package then draw like the others if its
// name is in their lists; or a file here that measures something of its own, with its line in
// [All].
package figure
