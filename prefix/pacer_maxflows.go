package prefix

import "sync/atomic"

// A budget bounds the number of flows of a Pacer.
type budget struct {
	left  atomic.Int64
	short atomic.Bool // somebody has asked in vain
}

func (b *budget) take() bool {
	if b.left.Add(-1) >= 0 {
		return true
	}
	b.left.Add(1)
	b.short.Store(true)
	return false
}

func (b *budget) put() { b.left.Add(1) }
