// Package server runs the S3 servers that the rivals are measured against.
//
// Every server is a child process, so that the CPU time of this process is the
// client's alone. The child is this same program run again: call [Main] first
// thing in main or TestMain.
package server
