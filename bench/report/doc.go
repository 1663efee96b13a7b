// Package report writes what trials found, and whether it reaches the bounds
// that the project has set itself.
package report
