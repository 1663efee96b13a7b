package mem

import (
	"time"

	"github.com/s3pool/s3pool/internal/check"
)

// Stats is a snapshot of a pool: what s3pool.Stats is made of.
type Stats struct {
	Classes []ClassStats // those that have been used, ascending
	Large   ClassStats   // made to measure
	Scratch ClassStats   // not charged to the budget

	Leased   int64
	Idle     int64
	Waits    uint64
	WaitTime time.Duration
	Waiting  int
	Leaked   uint64
	Sites    []check.Site
}

// ClassStats is what happened to the buffers of one class.
type ClassStats struct {
	Size                   int
	Acquires, Hits, Misses uint64
	Leased, Idle           int64
}

// Stats returns a snapshot, by a walk over the pool's blocks.
func (p *Pool) Stats() Stats {
	var s Stats
	if b := p.budget; b != nil {
		s.Waits = b.waits.Load()
		s.WaitTime = time.Duration(b.waitTime.Load())
		s.Waiting = int(b.waiting.Load())
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
		s.Leased = p.budget.leased.Load()
		// Nor is a block counted twice that is just being taken or given back, or one
		// that the collector has taken and not yet told us about.
		s.Idle = min(s.Idle, s.Scratch.Idle+p.budget.max-s.Leased)
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
	cs.Hits = cs.Acquires - cs.Misses
	s.Idle += cs.Idle
	s.Leaked += c.leaked
	s.Sites = append(s.Sites, c.leakSites...)
	return cs
}

// VerifyIdle takes every idle block out of the pool and, in debug builds, panics if one
// was written after its release. It is for tests.
func (p *Pool) VerifyIdle() {
	classes := []*class{&p.scratch}
	for i := range p.classes {
		classes = append(classes, &p.classes[i])
	}
	for _, c := range classes {
		for b := c.takeIdle(); b != nil; b = c.takeIdle() {
			if check.Enabled {
				b.assertUntouched()
			}
		}
	}
}
