package mem

import "container/list"

// An Ahead is a holder of memory that was read ahead: that somebody may want later, and
// that can be fetched again. Whoever waits for the budget gets it back.
type Ahead struct {
	// Reclaim gives back n bytes or more of what the holder has, or all of it, and
	// returns how many it gives back: now, or when a goroutine that has been told to
	// stop has done so. It is called in the goroutine of whoever waits, must not wait
	// for anything but a short lock, and may release buffers but not acquire any. Bytes
	// that it has promised before do not count again. It may be called when everything
	// has been given back already.
	//
	// If the short lock is also held while AcquireAhead is called and its buffer put
	// away, no buffer is overlooked. Acquire must not be called under it.
	Reclaim func(n int64) int64

	element *list.Element // in budget.ahead while bytes > 0; under budget.mu
	bytes   int64
}

// AcquireAhead is TryAcquire for memory that a can be told to give back. At most half of
// the budget is lent like this, and none while somebody waits. The lease ends with
// ReleaseAhead.
func (p *Pool) AcquireAhead(n int, a *Ahead) (*Buffer, bool) {
	b := p.budget
	if b == nil {
		return p.TryAcquire(n)
	}
	c := p.classFor(n)
	size := int64(c.bytes(n))
	b.mu.Lock()
	ok := b.queue.n == 0 && b.lent+size <= b.max/2 && b.add(size)
	if ok {
		b.lent += size
		a.bytes += size
		if a.element == nil {
			a.element = b.ahead.PushBack(a)
		}
	}
	b.mu.Unlock()
	if !ok {
		return nil, false
	}
	blk := c.get(n)
	blk.usage.mark = 0
	return newBuffer(blk, n), true
}

// ReleaseAhead ends a lease of AcquireAhead.
func (p *Pool) ReleaseAhead(buf *Buffer, a *Ahead) {
	if b := p.budget; b != nil {
		size := p.Charge(len(buf.Bytes()))
		b.mu.Lock()
		b.lent -= size
		if a.bytes -= size; a.bytes == 0 {
			b.ahead.Remove(a.element)
			a.element = nil
		}
		b.mu.Unlock()
	}
	buf.Release()
}

// Touch notes that a has just been of use: others give back first.
func (p *Pool) Touch(a *Ahead) {
	if b := p.budget; b != nil {
		b.mu.Lock()
		if a.element != nil {
			b.ahead.MoveToBack(a.element)
		}
		b.mu.Unlock()
	}
}

// reclaim makes the holders of memory read ahead give back size bytes, for one who has
// lined up for as many. No more is lent while he waits, so it is enough to do this once:
// what then remains lent leaves him room.
func (b *budget) reclaim(size int64) {
	b.mu.Lock()
	holders := make([]*Ahead, 0, b.ahead.Len())
	for e := b.ahead.Front(); e != nil; e = e.Next() {
		holders = append(holders, e.Value.(*Ahead))
	}
	b.mu.Unlock()
	for _, a := range holders {
		if size <= 0 {
			return
		}
		size -= a.Reclaim(size)
	}
}
