// Package trial measures rivals against each other, in alternating rounds.
//
// On a machine that others use too, one figure says little and two figures
// taken minutes apart cannot be compared. So every round measures every rival
// once, a fraction of a second after one another, and rivals are compared within
// rounds: what disturbs a round disturbs both sides of its ratios.
package trial

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/s3pool/s3pool/bench/meter"
	"github.com/s3pool/s3pool/bench/rival"
)

// Plan says how long to measure.
type Plan struct {
	Rounds int           // how often every rival is measured
	Slow   int           // the same, in contests that are slow
	Block  time.Duration // about how long one rival is measured in one round

	// Heap is a number of bytes that are live beside the rivals, as an
	// application's own would be. It decides how much garbage makes a collection:
	// with nothing else live it is 4 MB, and a rival is then rewarded for memory
	// that it keeps, since that makes collections rarer.
	Heap rival.Size
}

func (p Plan) rounds(c rival.Contest) int {
	if c.Slow {
		return p.Slow
	}
	return p.Rounds
}

// A Sample is one block: one rival in one round.
type Sample struct {
	Ops       int
	Usage     meter.Usage   // of all Ops together
	FirstByte time.Duration // likewise; zero if the rival does not tell
}

// A Result is the outcome of one contest in one scene.
type Result struct {
	Server, Scheme string
	Verb, Via      string
	Size           rival.Size
	Rivals         []string
	Rounds         [][]Sample // by round and rival
}

// A measurer measures one rival, a block at a time.
type measurer interface {
	block(context.Context) (Sample, error)
	close() error
}

// Run holds a contest in this process. It returns when all rounds are done or
// one rival fails.
func Run(ctx context.Context, plan Plan, contest rival.Contest, scene *rival.Scene) (*Result, error) {
	return run(ctx, plan, contest, scene, func(e rival.Entry) (measurer, error) {
		return newRunner(ctx, plan, contest, e, scene)
	})
}

func run(ctx context.Context, plan Plan, contest rival.Contest, scene *rival.Scene, enter func(rival.Entry) (measurer, error)) (_ *Result, err error) {
	res := &Result{
		Server: scene.Target.Kind, Scheme: scene.Target.Scheme,
		Verb: contest.Verb, Via: contest.Via, Size: scene.Size,
	}
	var field []measurer
	defer func() {
		for _, m := range field {
			err = errors.Join(err, m.close())
		}
	}()
	for _, e := range contest.Entries {
		m, err := enter(e)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name, err)
		}
		field = append(field, m)
		res.Rivals = append(res.Rivals, e.Name)
	}
	for round := range plan.rounds(contest) {
		samples := make([]Sample, len(field))
		for at := range field {
			// There and back: a machine that steadily gets slower or faster
			// favours nobody, and nobody comes after the same other each time.
			if round%2 == 1 {
				at = len(field) - 1 - at
			}
			s, err := field[at].block(ctx)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", res.Rivals[at], err)
			}
			samples[at] = s
		}
		res.Rounds = append(res.Rounds, samples)
	}
	return res, nil
}

// runner measures one rival in this process.
type runner struct {
	rival rival.Rival
	heap  []byte
	warm  int // operations before a block that do not count
	ops   int // operations that do
}

func newRunner(ctx context.Context, plan Plan, contest rival.Contest, e rival.Entry, scene *rival.Scene) (*runner, error) {
	r, err := e.New(ctx, scene)
	if err != nil {
		return nil, err
	}
	m := &runner{rival: r, heap: make([]byte, plan.Heap)}
	if contest.Slow {
		m.ops = 1
		_, err := m.move(ctx, 1)
		return m, err
	}
	return m, m.calibrate(ctx, plan.Block)
}

func (r *runner) close() error { return nil }

// Warming up takes at most maxWarm operations: connections and pools exist after
// the first, and the others let every processor's share of the pools fill.
const maxWarm = 8

// calibrate decides how many operations make a block.
func (r *runner) calibrate(ctx context.Context, block time.Duration) error {
	r.warm, r.ops = 1, 1
	if _, err := r.block(ctx); err != nil {
		return err
	}
	s, err := r.block(ctx)
	if err != nil {
		return err
	}
	inBlock := int(block / max(s.Usage.Wall, time.Microsecond))
	r.ops = max(1, inBlock)
	r.warm = min(max(1, inBlock/4), maxWarm)
	return nil
}

// block measures r.ops operations.
//
// The collection in front takes away what the others left, and with it, since
// pools live by the collector, the rival's own pools: hence the warm-up, which
// does not count. (What a sync.Pool holds survives one collection, and a slow
// contest has only one between two operations.)
func (r *runner) block(ctx context.Context) (Sample, error) {
	runtime.GC()
	if _, err := r.move(ctx, r.warm); err != nil {
		return Sample{}, err
	}
	start := meter.Read()
	first, err := r.move(ctx, r.ops)
	if err != nil {
		return Sample{}, err
	}
	return Sample{Ops: r.ops, Usage: meter.Since(start), FirstByte: first}, nil
}

// move moves the object n times. It returns the sum of the times to the first byte,
// if the rival tells.
func (r *runner) move(ctx context.Context, n int) (first time.Duration, err error) {
	fb, tells := r.rival.(rival.FirstByter)
	for range n {
		if err := r.rival.Move(ctx, nil); err != nil {
			return 0, err
		}
		if tells {
			first += fb.FirstByte()
		}
	}
	return first, nil
}
