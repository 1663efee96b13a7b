package transfer

import (
	"context"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/internal/part"
)

// split deals the parts of the transfer to the first body and helpers. fetch is
// called for each part, by several goroutines, with a stream at its beginning.
//
// Helpers begin at the end, so that the first body and they meet once; there it is
// closed, and its goroutine becomes a helper too.
func (t *transfer) split(first *stream, fetch func(*stream) error) error {
	plan := part.NewPlan(t.rng, t.set.PartSize)
	claims := part.NewClaims(plan)
	g, ctx := errgroup.WithContext(t.ctx)
	one := func(s *stream) error {
		n := t.partOf(s.off)
		if err := fetch(s); err != nil {
			return t.fail(n, err)
		}
		t.arrived(0, 1)
		return nil
	}
	help := func() error {
		for ctx.Err() == nil {
			r, ok := claims.NextFromEnd()
			if !ok {
				return nil
			}
			s := t.stream(ctx, r)
			err := one(s)
			s.close()
			if err != nil {
				return err
			}
		}
		return ctx.Err()
	}
	r, ok := claims.Forward() // before any helper
	for range min(int64(t.set.Concurrency), plan.Parts()) - 1 {
		g.Go(help)
	}
	g.Go(func() error {
		// The first body's request has the caller's context. It ends with the
		// others by being closed.
		if first.w != nil {
			stop := context.AfterFunc(ctx, first.w.cancel)
			defer stop()
		}
		first.ctx = ctx
		for ; ok; r, ok = claims.Forward() {
			first.end = r.To
			if err := one(first); err != nil {
				return err
			}
		}
		first.close()
		return help()
	})
	err := g.Wait()
	if err != nil && errors.Is(err, context.Canceled) && t.ctx.Err() != nil {
		return t.fail(0, t.ctx.Err())
	}
	return err
}
