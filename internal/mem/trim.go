package mem

// reserve counts n bytes more that are, or will be, resident, and makes room for them.
func (p *Pool) reserve(n int64) {
	resident := p.resident.Load()
	if n != 0 {
		resident = p.resident.Add(n)
	}
	if resident > p.budget.max {
		p.trim()
	}
}

// trim gives up idle blocks until those that exist fit into the budget. A block made
// for one class may have left others idle.
func (p *Pool) trim() {
	for _, giveUp := range []func(*class){(*class).dropIdle, (*class).stripIdle} {
		for i := len(p.classes) - 1; i >= 0; i-- {
			giveUp(&p.classes[i])
		}
	}
}

// isOver reports whether more blocks exist than the budget allows.
func (p *Pool) isOver() bool { return p.resident.Load() > p.budget.max }

// dropIdle drops the idle blocks that this processor finds in the sync.Pool.
func (c *class) dropIdle() {
	for c.pool.isOver() {
		b := c.takeIdle()
		if b == nil {
			return
		}
		c.forget(b.usage)
	}
}

// stripIdle takes the memory of the others: each processor's share of a sync.Pool has a
// place that no other looks into. The empty blocks stay there until they are met.
func (c *class) stripIdle() {
	if !c.pool.isOver() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.live) - 1; i >= 0 && c.pool.isOver(); i-- { // forgetting moves the last one
		u := c.live[i]
		turns := u.turns.Load()
		if turns%2 == 1 {
			continue
		}
		b := u.block.Value()
		if !u.turns.CompareAndSwap(turns, turns|gone) {
			continue // somebody has leased it
		}
		if b != nil { // or the collector has it, and has not told us yet
			b.mem = nil
		}
		c.forgetLocked(u)
	}
}
