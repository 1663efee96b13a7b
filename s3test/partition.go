package s3test

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// PartitionOptions configures [Partitions]. The rates and the time of a split are
// from "Best practices design patterns: optimizing Amazon S3 performance" in the S3
// user guide; what S3 does not publish can be set.
type PartitionOptions struct {
	// Reads is the number of GET and HEAD requests that a partition serves in a
	// second. Zero means 5,500.
	Reads float64

	// Writes is the number of PUT, COPY, POST and DELETE requests that a partition
	// serves in a second. Zero means 3,500.
	Writes float64

	// Burst is how long a partition that was idle can serve requests faster, as the
	// time in which its rate gives as many. Zero means 100 milliseconds: 350 writes.
	Burst time.Duration

	// Cuts are the keys at which every bucket is cut from the beginning, each the
	// first key of a partition. None means one partition for all keys.
	Cuts []string

	// SplitAfter is how long a partition must be asked for more than SplitLoad before
	// it splits. Zero means that each partition draws 30 to 60 minutes. Negative
	// means never.
	SplitAfter time.Duration

	// SplitLoad is the fraction of a partition's reads or of its writes above which
	// it counts as loaded. Zero means 0.9.
	SplitLoad float64

	// MergeAfter is how long two neighbours must together be asked for less than half
	// of MergeLoad before they become one. Zero means never.
	MergeAfter time.Duration

	// MaxPartitions is the number of partitions of a bucket beyond which nothing
	// splits. Zero means 1,000.
	MaxPartitions int

	// Seed determines what is drawn: times of splits and sampled keys.
	Seed uint64
}

// Partitions is a model of how S3 limits request rates: the keys of a bucket, in
// order, are cut into partitions, each of which serves so many reads and so many
// writes in a second and refuses what is above. A partition that stays loaded splits
// at the key that halves its load; the halves start with full rates.
//
// It is a pure model: it has no goroutine and asks for no time but what it is given,
// so that a day passes as fast as it can be counted. The same calls with the same
// seed have the same results. [Partitions.Handler] and [Partitions.Transport] put it
// in front of an S3. All methods may be called concurrently.
type Partitions struct {
	opts PartitionOptions

	mu      sync.Mutex
	rng     *rand.Rand
	buckets map[string]*partitioned
}

// partitioned is a bucket.
type partitioned struct {
	parts  []*partition // in order of their keys; the first starts at ""
	counts counts
	splits int
	merges int
	tick   time.Time // when the loads were looked at last
}

// NewPartitions returns a model in which every bucket is cut as the options say. It
// panics if an option makes no sense.
func NewPartitions(optFns ...func(*PartitionOptions)) *Partitions {
	var o PartitionOptions
	for _, fn := range optFns {
		fn(&o)
	}
	for _, f := range []struct {
		name string
		v    float64
	}{
		{"Reads", o.Reads}, {"Writes", o.Writes}, {"Burst", float64(o.Burst)}, {"SplitLoad", o.SplitLoad},
		{"MergeAfter", float64(o.MergeAfter)}, {"MaxPartitions", float64(o.MaxPartitions)},
	} {
		if f.v < 0 {
			panic(fmt.Sprintf("s3test: PartitionOptions.%s is %v; it must not be negative", f.name, f.v))
		}
	}
	o.Reads = cmp.Or(o.Reads, 5500)
	o.Writes = cmp.Or(o.Writes, 3500)
	o.Burst = cmp.Or(o.Burst, 100*time.Millisecond)
	o.SplitLoad = cmp.Or(o.SplitLoad, 0.9)
	o.MaxPartitions = cmp.Or(o.MaxPartitions, 1000)
	o.Cuts = slices.Clone(o.Cuts)
	slices.Sort(o.Cuts)
	o.Cuts = slices.Compact(o.Cuts)
	if len(o.Cuts) > 0 && o.Cuts[0] == "" {
		o.Cuts = o.Cuts[1:]
	}
	return &Partitions{
		opts:    o,
		rng:     rand.New(rand.NewPCG(o.Seed, 0x5333)),
		buckets: map[string]*partitioned{},
	}
}

// Admit reports whether the partition of key serves a request at now, a write or a
// read. It must not be called with a now before that of an earlier call; if it is,
// no time has passed.
func (p *Partitions) Admit(bucket, key string, write bool, now time.Time) bool {
	return p.AdmitN(bucket, key, write, 1, now) == 1
}

// AdmitN returns how many of n requests for key the partition serves at now. It
// costs as much as one of them.
func (p *Partitions) AdmitN(bucket, key string, write bool, n int, now time.Time) int {
	if n <= 0 {
		return 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.advance(bucket, now)
	part := b.find(key)
	kind := kindOf(write)
	part.refill(&p.opts, kind, now)
	ok := min(n, int(part.tokens[kind]+1e-6)) // ten tenths are a token
	part.tokens[kind] -= float64(ok)
	part.asked[kind] += float64(n)
	part.sample(p.rng, key, n)
	part.counts.add(kind, ok, n-ok)
	b.counts.add(kind, ok, n-ok)
	return ok
}

const (
	reads = iota
	writes
)

func kindOf(write bool) int {
	if write {
		return writes
	}
	return reads
}

// rate returns what a partition gives of a kind in a second.
func (o *PartitionOptions) rate(kind int) float64 {
	if kind == writes {
		return o.Writes
	}
	return o.Reads
}

// advance returns the bucket as it is at now: splits and merges that are due have
// happened.
func (p *Partitions) advance(bucket string, now time.Time) *partitioned {
	b := p.buckets[bucket]
	if b == nil {
		b = &partitioned{tick: now}
		for _, cut := range append([]string{""}, p.opts.Cuts...) {
			b.parts = append(b.parts, p.newPartition(cut, now))
		}
		p.buckets[bucket] = b
	}
	if elapsed := now.Sub(b.tick); elapsed >= tick {
		b.tick = now
		for _, part := range b.parts {
			part.measure(&p.opts, elapsed)
		}
		p.split(b, now)
		p.merge(b, elapsed)
	}
	return b
}

// find returns the partition of key.
func (b *partitioned) find(key string) *partition {
	i, found := slices.BinarySearchFunc(b.parts, key, func(part *partition, key string) int {
		return cmp.Compare(part.start, key)
	})
	if !found {
		i--
	}
	return b.parts[i]
}

// split splits each partition that has been loaded for long enough and has a key to
// be cut at.
func (p *Partitions) split(b *partitioned, now time.Time) {
	if p.opts.SplitAfter < 0 {
		return
	}
	for i := 0; i < len(b.parts); i++ {
		part := b.parts[i]
		if part.loaded < part.splitAfter || len(b.parts) >= p.opts.MaxPartitions {
			continue
		}
		cut, ok := part.cut()
		if !ok {
			part.loaded = 0 // one key has all the load; look again later
			continue
		}
		left, right := p.newPartition(part.start, now), p.newPartition(cut, now)
		left.counts, left.tokens = part.counts, part.tokens
		for k := range part.load {
			left.load[k], right.load[k] = part.load[k]/2, part.load[k]/2
		}
		for _, key := range part.keys {
			half := left
			if key >= cut {
				half = right
			}
			half.keys = append(half.keys, key)
		}
		b.parts = slices.Replace(b.parts, i, i+1, left, right)
		b.splits++
		i++ // the right half is new
	}
}

// merge makes one of two neighbours that have been idle for long enough.
func (p *Partitions) merge(b *partitioned, elapsed time.Duration) {
	if p.opts.MergeAfter == 0 {
		return
	}
	for i := 0; i+1 < len(b.parts); i++ {
		left, right := b.parts[i], b.parts[i+1]
		idle := true
		for k := range left.load {
			idle = idle && left.load[k]+right.load[k] < p.opts.SplitLoad*p.opts.rate(k)/2
		}
		if !idle {
			left.idle = 0
			continue
		}
		if left.idle += elapsed; left.idle < p.opts.MergeAfter {
			continue
		}
		for k := range left.load {
			left.load[k] += right.load[k]
			left.asked[k] += right.asked[k]
			left.tokens[k] = math.Min(left.tokens[k], right.tokens[k])
		}
		left.idle, left.loaded = 0, 0
		left.counts.merge(right.counts)
		left.keys = append(left.keys, right.keys...)
		left.keys = left.keys[:min(len(left.keys), samples)]
		b.parts = slices.Delete(b.parts, i+1, i+2)
		b.merges++
	}
}
