// Package meter reads what this process has used: CPU time, allocations and
// garbage collections.
package meter

import (
	"runtime"
	"time"
)

// Usage is what was used between two readings, or since the process began.
type Usage struct {
	Wall   time.Duration
	CPU    time.Duration // user and system time of the process; zero where HasCPU is false
	Bytes  uint64        // allocated on the heap
	Allocs uint64        // heap objects allocated
	GCs    uint32        // completed collections
}

// A Reading is the state at one moment.
type Reading struct {
	at    time.Time
	total Usage
}

// Read stops the world for a moment: call it around a block of operations, not
// around each one.
func Read() Reading {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return Reading{
		total: Usage{CPU: CPU(), Bytes: m.TotalAlloc, Allocs: m.Mallocs, GCs: m.NumGC},
		at:    time.Now(),
	}
}

// Since returns what was used since the earlier reading.
func Since(r Reading) Usage {
	wall := time.Since(r.at)
	now := Read().total
	return Usage{
		Wall:   wall,
		CPU:    now.CPU - r.total.CPU,
		Bytes:  now.Bytes - r.total.Bytes,
		Allocs: now.Allocs - r.total.Allocs,
		GCs:    now.GCs - r.total.GCs,
	}
}
