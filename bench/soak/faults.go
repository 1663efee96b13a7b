package soak

import (
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/s3pool/s3pool/s3test"
)

// faults are the probabilities of what happens to a request.
type faults struct{ cut, reset, flip, refuse, lose, slowdown, fail, early, hang, stall, delay float64 }

var (
	breaking   = faults{cut: 0.12, reset: 0.06, flip: 0.02, refuse: 0.04, lose: 0.02, early: 0.02}
	busy       = faults{slowdown: 0.10, fail: 0.05, early: 0.04, delay: 0.05}
	silent     = faults{hang: 0.03, stall: 0.03, delay: 0.10}
	everything = faults{cut: 0.06, reset: 0.03, flip: 0.01, refuse: 0.03, lose: 0.01, slowdown: 0.05, fail: 0.03, early: 0.02, hang: 0.005, stall: 0.005, delay: 0.03}
	// unflipped is for those who do not verify: the manager asks for ranges, for which
	// there is no checksum.
	unflipped = faults{cut: 0.06, reset: 0.03, refuse: 0.03, lose: 0.01, slowdown: 0.05, fail: 0.03, early: 0.02, hang: 0.005, stall: 0.005, delay: 0.03}
)

func (f faults) any() bool { return f != (faults{}) }

// script does f to requests. It keeps nothing of them: a soak makes millions.
func (f faults) script(seed uint64, steps *atomic.Int64) s3test.Script {
	rng := rand.New(rand.NewPCG(seed, 0x50a4)) // a script runs for one request at a time
	return func(*http.Request, int) s3test.Fault {
		steps.Add(1)
		x, n := rng.Float64(), rng.Int64N(2*part)
		for _, e := range []struct {
			p     float64
			fault func() s3test.Fault
		}{
			{f.cut, func() s3test.Fault { return s3test.Cut(n) }},
			{f.reset, func() s3test.Fault { return s3test.ResetAfter(n) }},
			{f.flip, func() s3test.Fault { return s3test.Flip(n) }},
			{f.refuse, s3test.Reset},
			{f.lose, s3test.LoseAnswer},
			{f.slowdown, func() s3test.Fault { return s3test.SlowDown(0) }},
			{f.fail, s3test.InternalError},
			{f.early, func() s3test.Fault { return s3test.Early(n, 503, "SlowDown") }},
			{f.hang, s3test.Hang},
			{f.stall, func() s3test.Fault { return s3test.Stall(n, 0) }},
			{f.delay, func() s3test.Fault { return s3test.Delay(20 * time.Millisecond) }},
		} {
			if x -= e.p; x < 0 {
				return e.fault()
			}
		}
		return s3test.Fault{}
	}
}
