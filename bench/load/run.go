package load

import (
	"context"
	"fmt"
	"time"

	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
)

// A Plan says what load an API server is given.
type Plan struct {
	Rate    float64       // of an open loop: requests due in a second
	Clients int           // of a closed loop, if Rate is zero
	Warm    time.Duration // that does not count, in front
	For     time.Duration // that counts
	Every   time.Duration // the intervals of Run.Line; zero for no line
	Change  time.Duration // after which the server goes over to its second way; zero: never

	Mix  Mix // nil means Usual
	Seed uint64
}

// A Run is what came of a load.
type Run struct {
	Setup   Setup
	Rate    float64 // that was asked for; zero for a closed loop
	Clients int     // of a closed loop

	Took     time.Duration // from the first request that counts to the last answer
	Requests int64         // that were answered
	Late     bool          // the server has fallen so far behind that the load was ended
	Latency  Latency

	// What the API server has used meanwhile.
	CPU       time.Duration
	GCCPU     time.Duration
	GCs       uint64
	Pauses    time.Duration
	MaxPause  time.Duration // since it was started
	Allocated uint64
	Bytes     int64 // downloaded
	RSS       int64 // the mean over the run
	PeakRSS   int64 // the most since it was started

	Line []Point `json:",omitempty"`
}

// Served is the number of requests that were answered in a second.
func (r *Run) Served() float64 { return float64(r.Requests) / r.Took.Seconds() }

// CPUPerGiB is the CPU time in seconds for each GiB downloaded.
func (r *Run) CPUPerGiB() float64 { return r.CPU.Seconds() / r.gib() }

// GCsPerGiB is the number of collections for each GiB downloaded.
func (r *Run) GCsPerGiB() float64 { return float64(r.GCs) / r.gib() }

// AllocatedPerByte is the number of bytes allocated for each byte downloaded.
func (r *Run) AllocatedPerByte() float64 { return float64(r.Allocated) / float64(r.Bytes) }

func (r *Run) gib() float64 { return float64(r.Bytes) / (1 << 30) }

// Bear starts an API server on t, which must be a range server, and gives it a load.
func Bear(ctx context.Context, t *server.Target, setup Setup, plan Plan) (run *Run, err error) {
	api, err := start(ctx, t, setup, max(connections, plan.Clients))
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := api.Close(); err == nil && e != nil {
			err = fmt.Errorf("the API server: %w", e)
		}
	}()
	if plan.Mix == nil {
		plan.Mix = Usual
	}
	if plan.Rate <= 0 && plan.Clients <= 0 {
		return nil, fmt.Errorf("a load needs a rate or clients")
	}
	keys := map[rival.Size]string{}
	for _, share := range plan.Mix {
		if keys[share.Size], err = t.Object(ctx, int(share.Size)); err != nil {
			return nil, err
		}
	}
	l := &loop{api: api, plan: plan, keys: keys, next: plan.Mix.Sequence(plan.Seed)}
	run, err = l.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", setup.Ways, err)
	}
	run.Setup = setup
	return run, nil
}
