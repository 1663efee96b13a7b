//go:build !unix

package meter

import "time"

// HasCPU reports whether the CPU time can be read on this system. What Windows
// has counts in steps of 16 ms, too coarse for one object.
const HasCPU = false

// CPU returns zero.
func CPU() time.Duration { return 0 }
