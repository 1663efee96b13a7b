package s3test

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	// tick is how often loads are looked at.
	tick = time.Second

	// memory is the time constant of a partition's load: ten seconds smooth what
	// clients do in bursts and are short before the minutes of a split.
	memory = 10 * time.Second

	// samples is how many keys a partition remembers to halve its load. 256 put the
	// cut within 3 % of the middle, one standard deviation.
	samples = 256
)

// A partition is a range of keys, from start to the start of the next one.
type partition struct {
	start      string
	splitAfter time.Duration

	tokens [2]float64 // requests that may be served at filled
	filled [2]time.Time
	asked  [2]float64 // requests since the last tick
	load   [2]float64 // requests per second, smoothed
	loaded time.Duration
	idle   time.Duration // together with the next partition
	keys   []string      // a sample of the keys asked for lately
	skip   float64       // requests until the next sample
	counts counts
}

func (p *Partitions) newPartition(start string, now time.Time) *partition {
	part := &partition{start: start, splitAfter: p.opts.SplitAfter, filled: [2]time.Time{now, now}}
	if part.splitAfter == 0 {
		part.splitAfter = 30*time.Minute + time.Duration(p.rng.Int64N(int64(30*time.Minute)))
	}
	for k := range part.tokens {
		part.tokens[k] = p.opts.depth(k)
	}
	return part
}

// depth is the number of requests that an idle partition serves at once: at least
// one, so that a low rate serves anything.
func (o *PartitionOptions) depth(kind int) float64 {
	return max(1, o.rate(kind)*o.Burst.Seconds())
}

func (part *partition) refill(o *PartitionOptions, kind int, now time.Time) {
	if d := now.Sub(part.filled[kind]); d > 0 {
		part.tokens[kind] = math.Min(o.depth(kind), part.tokens[kind]+d.Seconds()*o.rate(kind))
		part.filled[kind] = now
	}
}

// measure takes account of the time since the last tick.
func (part *partition) measure(o *PartitionOptions, elapsed time.Duration) {
	keep := math.Exp(-elapsed.Seconds() / memory.Seconds())
	hot := false
	for k := range part.load {
		part.load[k] = keep*part.load[k] + (1-keep)*part.asked[k]/elapsed.Seconds()
		part.asked[k] = 0
		hot = hot || part.load[k] > o.SplitLoad*o.rate(k)
	}
	// A pause takes back what it lasts, so that load with gaps splits later and not
	// never.
	if hot {
		part.loaded += elapsed
	} else {
		part.loaded = max(0, part.loaded-elapsed)
	}
}

// sample remembers key as one of n requests: one in so many that the sample is
// renewed about every [memory] seconds, in a random place.
func (part *partition) sample(rng *rand.Rand, key string, n int) {
	if part.skip -= float64(n); part.skip > 0 {
		return
	}
	gap := (part.load[reads] + part.load[writes]) * memory.Seconds() / samples
	part.skip = max(0, gap*2*rng.Float64())
	if len(part.keys) < samples {
		part.keys = append(part.keys, key)
		return
	}
	part.keys[rng.IntN(samples)] = key
}

// cut returns the shortest key that has half of the load before it.
func (part *partition) cut() (string, bool) {
	keys := slices.Clone(part.keys)
	slices.Sort(keys)
	// The boundary between two different keys that is nearest to the middle.
	best := -1
	for i := 1; i < len(keys); i++ {
		if keys[i] != keys[i-1] && (best < 0 || distance(i, len(keys)) < distance(best, len(keys))) {
			best = i
		}
	}
	if best < 0 {
		return "", false
	}
	return separator(keys[best-1], keys[best]), true
}

func distance(i, n int) int { return max(2*i-n, n-2*i) }

// separator returns the shortest prefix of b that is greater than a, which is less
// than b.
func separator(a, b string) string {
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	return b[:i+1]
}
