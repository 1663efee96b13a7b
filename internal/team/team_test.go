package team_test

import (
	"context"
	"errors"
	"runtime"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/internal/team"
)

func TestWait(t *testing.T) {
	boom := errors.New("boom")
	tm, ctx := team.New(t.Context())
	tm.Go(func() error { <-ctx.Done(); return ctx.Err() })
	tm.Go(func() error { return boom })
	require.Equal(t, boom, tm.Wait(), "the first error")

	tm, ctx = team.New(t.Context())
	tm.Go(func() error { return nil })
	require.NoError(t, tm.Wait())
	require.ErrorIs(t, ctx.Err(), context.Canceled, "the context ends with the team")
}

// TestBroken ends goroutines in ways that are no return, beside one that waits for its
// context.
func TestBroken(t *testing.T) {
	for name, f := range map[string]func(){
		"panic":     func() { panic("boom") },
		"panic nil": func() { panic(nil) },
		"runtime":   func() { var m map[string]int; m["x"] = 1 },
		"goexit":    runtime.Goexit,
	} {
		t.Run(name, func(t *testing.T) {
			var value any
			returned := false
			done := make(chan struct{})
			go func() {
				defer close(done)
				defer func() { value = recover() }()
				tm, ctx := team.New(t.Context())
				tm.Go(func() error { <-ctx.Done(); return ctx.Err() })
				tm.Go(func() error { f(); return nil })
				tm.Wait()
				returned = true
			}()
			<-done
			require.False(t, returned)
			require.Equal(t, name == "goexit", value == nil)
			if name == "panic" {
				require.Equal(t, "boom", value)
			}
		})
	}
}
