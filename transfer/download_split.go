package transfer

import (
	"context"
	"errors"

	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/unwind"
)

// errNoRanges ends a helper where the store has answered a range with the whole object.
var errNoRanges = errors.New("the store has no ranges")

// split deals the parts of r to the first body and helpers. fetch is called for each part,
// by several goroutines, with a stream at its beginning.
//
// Helpers begin at the end, so that the first body and they meet once; there it is
// closed, and its goroutine becomes a helper too. Where the store has no ranges, the first
// body goes on alone, through the parts that helpers give back.
func (t *transfer) split(first *stream, r part.Range, fetch func(*stream) error) error {
	plan := part.NewPlan(r, t.set.PartSize)
	claims := part.NewClaims(plan)
	g, ctx := unwind.NewGroup(t.ctx, 0)
	one := func(s *stream) error {
		n := t.partOf(s.off)
		if err := fetch(s); err != nil {
			return t.fail(n, err)
		}
		t.arrived(0, 1)
		return nil
	}
	help := func() error {
		for ctx.Err() == nil && !t.whole.Load() {
			r, ok := claims.NextFromEnd()
			if !ok {
				return nil
			}
			s := t.stream(ctx, r)
			s.ranged = true
			err := one(s)
			s.close()
			if errors.Is(err, errNoRanges) {
				claims.GiveBack(r)
				return nil
			}
			if err != nil {
				return err
			}
		}
		return ctx.Err()
	}
	p, ok := claims.Forward() // before any helper
	for range min(int64(t.set.Concurrency), plan.Parts()) - 1 {
		g.Go(help)
	}
	g.Go(func() error {
		defer first.close()
		// The first body's request has the caller's context. It ends with the
		// others by being closed.
		if first.w != nil {
			stop := context.AfterFunc(ctx, first.w.cancel)
			defer stop()
		}
		first.ctx = ctx
		for ; ok; p, ok = claims.Forward() {
			first.end = p.To
			if err := one(first); err != nil {
				return err
			}
		}
		first.close()
		return help()
	})
	err := g.Wait()
	unwind.Rethrow(err)
	for p, ok := claims.Returned(); ok && err == nil; p, ok = claims.Returned() {
		s := t.stream(t.ctx, p)
		err = one(s)
		s.close()
	}
	if err != nil && errors.Is(err, context.Canceled) && t.ctx.Err() != nil {
		err = t.ctx.Err()
	}
	if err != nil {
		err = t.fail(0, err)
	}
	return err
}
