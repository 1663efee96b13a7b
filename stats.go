package s3pool

import (
	"slices"
	"time"
)

// Stats is a snapshot of a [Pool]. It is read without stopping anybody: under
// load the figures of different classes are a few instructions apart. Leased is
// never more than the budget.
type Stats struct {
	// Classes holds the sizes that have been used, ascending.
	Classes []ClassStats
	// Large counts buffers above 64 MiB (or above what fits the budget rounded
	// up), which are made to measure and not recycled. Its Size is 0.
	Large ClassStats
	// Scratch counts the small blocks that [Copy] and the [Provider] hold for the
	// length of a call. They are not charged to the budget.
	Scratch ClassStats

	MaxBytes int64 // the budget in bytes, 0 for none
	Leased   int64 // bytes on lease, scratch not counted
	Idle     int64 // bytes kept for reuse, scratch included; the collector may take them

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

// ClassStats is what happened to the buffers of one size.
type ClassStats struct {
	Size     int    // bytes
	Acquires uint64 // leases ever given
	Hits     uint64 // of these, on recycled memory
	Misses   uint64 // of these, on fresh memory
	Leased   int64  // bytes on lease now
	Idle     int64  // bytes ready for reuse now
}

// Stats returns a snapshot. It costs a walk over the pool's blocks: call it for
// a metric or a test, not for every request.
func (p *Pool) Stats() Stats {
	p.check("Stats")
	s := Stats{
		MaxBytes: p.maxBytes,
		Waits:    p.waits.Load(),
		WaitTime: time.Duration(p.waitTime.Load()),
		Waiting:  int(p.waiting.Load()),
	}
	for i := range p.classes {
		if cs := p.classes[i].stats(&s); cs.Acquires > 0 {
			s.Classes = append(s.Classes, cs)
			s.Leased += cs.Leased
		}
	}
	s.Large = p.large.stats(&s)
	s.Leased += s.Large.Leased
	s.Scratch = p.scratch.stats(&s)
	if p.budget != nil {
		// The classes are read one after another, so that a lease which moved
		// meanwhile from one to another would be counted twice.
		s.Leased = p.charged.Load()
	}
	return s
}

// stats reads one class and adds its idle bytes and leaks to s.
func (c *class) stats(s *Stats) ClassStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	cs := ClassStats{Size: c.size, Acquires: c.past, Misses: c.made}
	for _, u := range c.live {
		turns := u.turns.Load()
		cs.Acquires += leases(turns)
		if isLeased(turns) {
			cs.Leased += int64(u.size)
		} else {
			cs.Idle += int64(u.size)
		}
	}
	// A block is on the books an instant before its first lease.
	cs.Hits = cs.Acquires - min(cs.Misses, cs.Acquires)
	s.Idle += cs.Idle
	s.Leaked += c.leaked
	s.LeakSites = slices.Grow(s.LeakSites, len(c.leakSites))
	for _, site := range c.leakSites {
		s.LeakSites = append(s.LeakSites, site.String())
	}
	return cs
}
