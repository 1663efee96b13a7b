// Package limit measures what is not a matter of speed: who survives bodies that
// break, and what memory a budget holds a process to.
package limit
