package unwind_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/internal/unwind"
)

func TestGroup(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		f    func() error
		want error
	}{
		"nothing": {func() error { return nil }, nil},
		"error":   {func() error { return boom }, boom},
		"Goexit":  {func() error { runtime.Goexit(); return nil }, unwind.ErrGoexit},
		"panic":   {func() error { panic(boom) }, &unwind.Panic{Value: boom}},
		"nil":     {func() error { panic(nil) }, &unwind.Panic{Value: new(runtime.PanicNilError)}},
	} {
		for _, limit := range []int{0, 1, 3} {
			g, ctx := unwind.NewGroup(context.Background(), limit)
			for i := range 10 {
				g.Go(func() error {
					if i == 5 {
						return c.f()
					}
					return nil
				})
			}
			err := g.Wait()
			require.Error(t, ctx.Err())
			require.Equal(t, fmt.Sprint(c.want), fmt.Sprint(err), name)
			if p, ok := c.want.(*unwind.Panic); ok && name == "panic" {
				require.PanicsWithValue(t, p.Value, func() { unwind.Rethrow(fmt.Errorf("why: %w", err)) })
			} else if name != "nil" {
				unwind.Rethrow(err)
			}
		}
	}
}
