// Package classic tells the stories again that the project comes from, with today's code:
//
//   - profile.go: an image of 1.2 MB, and where the processor's time goes; runtime.makeslice
//     stands in the stock manager's profile and not in ours.
//   - writers.go: the bufio.Writer of a keep-alive server that goes back into the wrong pool.
//   - sendfile.go: a file that is sent through a bufio.Writer, and the system calls of it.
//
// The copy loop of a Git LFS server is among the contests of package rival (serve, receive),
// and midnight is the program examples/logs.
package classic
