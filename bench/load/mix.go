package load

import (
	"math/rand/v2"

	"github.com/s3pool/s3pool/bench/rival"
)

// A Share is the weight of one size in a [Mix].
type Share struct {
	Size   rival.Size
	Weight int
}

// A Mix is a distribution of object sizes.
type Mix []Share

// Usual is what a service of pictures and documents downloads: most objects are small,
// most bytes are in large ones.
var Usual = Mix{
	{100 << 10, 30}, {300 << 10, 20}, {1200 << 10, 25}, {3 << 20, 13}, {8 << 20, 8}, {16 << 20, 3}, {30 << 20, 1},
}

// Mean returns the mean size in bytes.
func (m Mix) Mean() float64 {
	sum, n := 0.0, 0
	for _, s := range m {
		sum += float64(s.Weight) * float64(s.Size)
		n += s.Weight
	}
	return sum / float64(n)
}

// Sequence returns a function that returns one size after the other. Two sequences of the
// same seed are the same: every way downloads the same objects in the same order.
func (m Mix) Sequence(seed uint64) func() rival.Size {
	rng := rand.New(rand.NewPCG(seed, 0x10ad))
	n := 0
	for _, s := range m {
		n += s.Weight
	}
	return func() rival.Size {
		at := rng.IntN(n)
		for _, s := range m {
			if at -= s.Weight; at < 0 {
				return s.Size
			}
		}
		panic("unreachable")
	}
}
