//go:build race || s3pooldebug

package check

// Enabled reports whether debug checks are compiled in: under the race
// detector, or with the build tag s3pooldebug.
const Enabled = true
