//go:build unix

package meter

import (
	"syscall"
	"time"
)

// HasCPU reports whether the CPU time can be read on this system.
const HasCPU = true

// CPU returns the user and system time of this process. It excludes children: RUSAGE_SELF.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic("getrusage: " + err.Error()) // it has no way to fail
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
