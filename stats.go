package s3pool

import (
	"strconv"
	"time"

	"github.com/s3pool/s3pool/internal/mem"
)

// Stats is a snapshot of a [Pool]. It is read without stopping anybody: under
// load the figures of different classes are a few instructions apart. Leased is
// at most the budget.
type Stats struct {
	// Classes holds what has been used, each under a name of its own: the size classes
	// ascending, then the two kinds of memory that are not in them, "large" and "scratch".
	Classes []ClassStats

	MaxBytes int64 // the budget in bytes, 0 for none
	Leased   int64 // bytes on lease, the class "scratch" not counted
	Idle     int64 // bytes kept for reuse, the class "scratch" included; the collector may take them

	Waits    uint64        // acquisitions that had to wait for the budget
	WaitTime time.Duration // the sum of those waits
	Waiting  int           // goroutines waiting now

	// Leaked is the number of buffers that became unreachable before they were
	// released. Their memory is gone, their budget was given back.
	Leaked uint64
	// LeakSites are the stacks that acquired leaked buffers, at most 16 for a
	// class. Debug builds only: the race detector or the tag s3pooldebug.
	LeakSites []string
}

// ClassStats is what happened to the buffers of one class.
type ClassStats struct {
	// Name is the size in bytes as a decimal number; "large" for buffers that are made to
	// measure and not recycled, above 64 MiB or above what fits the budget rounded up; or
	// "scratch" for the small blocks that Copy, the Provider and transfers hold for the
	// length of a call, outside the budget.
	Name     string
	Size     int    // bytes; 0 for "large"
	Acquires uint64 // leases ever given
	Hits     uint64 // of these, on recycled memory
	Misses   uint64 // of these, on fresh memory
	Leased   int64  // bytes on lease now
	Idle     int64  // bytes ready for reuse now
}

// Stats returns a snapshot. It costs a walk over the pool's blocks: call it for
// a metric or a test, not for every request.
func (p *Pool) Stats() Stats {
	m := p.mem("Stats")
	from := m.Stats()
	s := Stats{
		MaxBytes: m.MaxBytes(),
		Leased:   from.Leased,
		Idle:     from.Idle,
		Waits:    from.Waits,
		WaitTime: from.WaitTime,
		Waiting:  from.Waiting,
		Leaked:   from.Leaked,
	}
	for _, c := range from.Classes {
		s.Classes = append(s.Classes, classStats(strconv.Itoa(c.Size), c))
	}
	if from.Large.Acquires > 0 {
		s.Classes = append(s.Classes, classStats("large", from.Large))
	}
	if from.Scratch.Acquires > 0 {
		s.Classes = append(s.Classes, classStats("scratch", from.Scratch))
	}
	for _, site := range from.Sites {
		s.LeakSites = append(s.LeakSites, site.String())
	}
	return s
}

func classStats(name string, c mem.ClassStats) ClassStats {
	return ClassStats{
		Name: name, Size: c.Size, Acquires: c.Acquires, Hits: c.Hits, Misses: c.Misses,
		Leased: c.Leased, Idle: c.Idle,
	}
}

// Class returns the figures of the class with that name, zero if it has not been used.
func (s Stats) Class(name string) ClassStats {
	for _, c := range s.Classes {
		if c.Name == name {
			return c
		}
	}
	return ClassStats{Name: name}
}
