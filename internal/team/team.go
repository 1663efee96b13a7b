// Package team runs the goroutines of one call. What a caller's own function does in one
// of them, it does to the caller: a panic or a runtime.Goexit surfaces in the goroutine
// that waits, and not in one that nobody recovers.
package team

import (
	"context"
	"runtime"
	"sync"
)

// A Team is the goroutines of one call. An errgroup.Group is nearly the same, but lets a
// panic end the process.
type Team struct {
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	err    error
	broken *end
}

// An end is how a function ended that did not return: with a panic of value, or without,
// by runtime.Goexit.
type end struct{ value any }

// New returns a team, and the context of its goroutines. It ends when one of them fails,
// and when all have been waited for.
func New(ctx context.Context) (*Team, context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	return &Team{cancel: cancel}, ctx
}

// Go runs f in a goroutine.
func (t *Team) Go(f func() error) {
	t.wg.Go(func() {
		returned := false
		defer func() {
			if !returned {
				t.stop(nil, &end{recover()}) // nil after Goexit
			}
		}()
		err := f()
		returned = true
		if err != nil {
			t.stop(err, nil)
		}
	})
}

func (t *Team) stop(err error, broken *end) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
	}
	if t.broken == nil {
		t.broken = broken
	}
	t.cancel()
}

// Join waits for all goroutines.
func (t *Team) Join() {
	t.wg.Wait()
	t.cancel()
}

// Wait waits for all goroutines and returns the first error. If one of them has panicked,
// Wait panics with the same value; if one has called runtime.Goexit, so does Wait.
func (t *Team) Wait() error {
	t.Join()
	t.mu.Lock()
	err, broken := t.err, t.broken
	t.mu.Unlock()
	switch {
	case broken == nil:
		return err
	case broken.value == nil:
		runtime.Goexit()
	}
	panic(broken.value)
}
