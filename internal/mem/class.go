package mem

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/s3pool/s3pool/internal/check"
)

// Size classes: four per doubling, 1, 1.25, 1.5 and 1.75 times a power of two.
// At most a fifth of a block is slack; powers of two alone would waste up to a
// half, and exact sizes would never be met again.
const (
	minClassSize = 4 << 10
	MaxClassSize = 64 << 20
	numClasses   = 4*14 + 1 // 4 KiB to 64 MiB is 14 doublings
)

// classSize returns the bytes of a block in class i.
func classSize(i int) int { return (4 + i%4) << (10 + i/4) }

// classIndex returns the smallest class that holds n bytes, 0 <= n <= MaxClassSize.
func classIndex(n int) int {
	if n <= minClassSize {
		return 0
	}
	m := uint(n - 1)
	k := bits.Len(m) - 1 // 2^k <= n-1 < 2^(k+1)
	return 4*(k-12) + int(m>>(k-2)&3) + 1
}

// A Block is memory that is leased again and again.
type Block struct {
	mem   []byte
	class *class
	usage *usage

	// Handles for the next leases, and how many have been taken in all; their holder's.
	handles *[numHandles]Buffer
	taken   uint
}

// Bytes returns the memory of the block. It is valid until the block is given back.
func (b *Block) Bytes() []byte { return b.mem }

// A usage is what is known of one block. It outlives the block, so that the
// collector's taking one is noticed.
type usage struct {
	// turns is incremented by every lease and every release: it is odd while the
	// block is leased, and half of it (rounded up) is the number of leases. One
	// counter per block keeps Acquire and Release free of shared cache lines.
	turns atomic.Uint64
	size  int

	block weak.Pointer[Block] // under a budget; for trim

	mark uint32 // of the charge that pays for the lease; its holder's to write

	site check.Site // of the last lease, in debug builds; written by its holder

	index int // in class.live, -1 once forgotten; under class.mu

	_ [64]byte // two blocks in use on two cores must not share a cache line
}

// gone is in the turns of a block whose memory trim has taken. The block itself is still in
// the sync.Pool.
const gone = 1 << 63

func leases(turns uint64) uint64 { return (turns&^gone + 1) / 2 }
func isLeased(turns uint64) bool { return turns%2 == 1 && turns < gone }

// lease begins the lease of an idle block, unless its memory is gone.
func (u *usage) lease() bool { return u.turns.Add(1) < gone }

// A class recycles blocks of one size. Idle blocks live in a sync.Pool, so that
// the collector takes back what a peak left behind.
type class struct {
	size    int  // zero for the class of blocks that are made to measure
	charged bool // whether a leak must be given back to the budget
	pool    *Pool
	idle    sync.Pool // of *Block

	mu        sync.Mutex
	live      []*usage // of every block that exists, leased or idle
	made      uint64   // blocks ever made: the misses
	past      uint64   // leases of blocks that exist no more
	leaked    uint64   // blocks that the collector took while leased
	leakSites []check.Site
}

// get leases a block of at least n bytes. n matters only to a class without a size.
func (c *class) get(n int) *Block {
	b := c.takeIdle()
	for b != nil && !b.usage.lease() {
		b = c.takeIdle()
	}
	if b == nil {
		b = c.makeBlock(max(c.size, n))
	} else if check.Enabled {
		b.assertUntouched()
	}
	if check.Enabled {
		b.usage.site = check.Caller()
	}
	return b
}

// put ends the lease of b. The caller must not touch b.mem any more.
func (c *class) put(b *Block) {
	if check.Enabled {
		check.Poison(b.mem)
	}
	b.usage.turns.Add(1)
	if c.size == 0 {
		c.forget(b.usage)
		return
	}
	if c.size >= dearSize {
		c.idle.Put((*Block)(nil))
	}
	c.idle.Put(b)
	if c.charged {
		c.pool.reserve(0) // a Growth has two blocks while it copies
	}
}

// dearSize is the size from which on a miss costs more than a walk over all processors'
// shares of a sync.Pool: the parts of uploads, and what grows up to them. Each share
// has a place that only its processor looks into; blocks of this size are put behind a nil
// that fills it, so that all processors find them. It makes a second processor worth 1.3
// times the throughput of Acquire and Release, and not 1.8, so smaller blocks go without.
const dearSize = 2 << 20

// takeIdle returns an idle block, or nil.
func (c *class) takeIdle() *Block {
	for {
		b, ok := c.idle.Get().(*Block)
		if !ok || b != nil {
			return b
		}
	}
}

// makeBlock makes a block that is on lease.
func (c *class) makeBlock(n int) *Block {
	if c.charged {
		c.pool.reserve(int64(n)) // before it is there
	}
	b := &Block{mem: make([]byte, n), class: c, usage: &usage{size: n}}
	b.usage.turns.Store(1)
	if c.charged {
		b.usage.block = weak.Make(b)
	}
	c.mu.Lock()
	c.made++
	b.usage.index = len(c.live)
	c.live = append(c.live, b.usage)
	c.mu.Unlock()
	runtime.AddCleanup(b, c.forget, b.usage)
	return b
}

// forget takes a block that has been dropped, by us or by the collector, off the
// books. A block that was leased when the collector took it has been leaked.
func (c *class) forget(u *usage) {
	c.mu.Lock()
	leaked := c.forgetLocked(u)
	c.mu.Unlock()
	if leaked && c.charged {
		c.pool.budget.give(charge{size: int64(u.size), mark: u.mark})
	}
}

// forgetLocked is forget for who holds mu. It reports whether the block was leased.
func (c *class) forgetLocked(u *usage) (leaked bool) {
	if u.index < 0 {
		return false
	}
	last := c.live[len(c.live)-1]
	c.live[u.index], last.index = last, u.index
	c.live[len(c.live)-1] = nil
	c.live = c.live[:len(c.live)-1]
	u.index = -1
	if c.charged {
		c.pool.resident.Add(-int64(u.size))
	}

	turns := u.turns.Load()
	c.past += leases(turns)
	if !isLeased(turns) {
		return false
	}
	c.leaked++
	if check.Enabled && len(c.leakSites) < maxLeakSites {
		c.leakSites = append(c.leakSites, u.site)
	}
	return true
}

// maxLeakSites bounds what a debug build remembers per class.
const maxLeakSites = 16

func (b *Block) assertUntouched() {
	if i := check.Spoiled(b.mem); i >= 0 {
		panic(fmt.Sprintf("s3pool: byte %d of a buffer of %d bytes was written after the buffer was released; it had been acquired at\n%s",
			i, len(b.mem), b.usage.site))
	}
}
