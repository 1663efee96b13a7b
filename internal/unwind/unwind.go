// Package unwind is about code of a caller's that does not return: a Read, a Write or a
// callback that panics, or that ends its goroutine. In a goroutine of ours the one would end
// the process, and the other leave somebody waiting. Here both become errors, which go the
// way of errors until everything is released. At the end of the call [Rethrow] makes a panic
// of a panic again, where the caller can recover from it.
package unwind

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// A Panic is the error of a function that panicked.
type Panic struct{ Value any }

func (p *Panic) Error() string { return fmt.Sprintf("panic: %v", p.Value) }

// ErrGoexit is the error of a function that ended its goroutine.
var ErrGoexit = errors.New("the caller's code ended its goroutine (runtime.Goexit)")

// Call calls f, and then done with its error, a *Panic or ErrGoexit. After ErrGoexit it does
// not return, since the goroutine ends.
func Call(f func() error, done func(error)) {
	err := ErrGoexit
	returned := false
	defer func() {
		if !returned {
			if v := recover(); v != nil {
				err = &Panic{v}
			}
		}
		done(err)
	}()
	err = f()
	returned = true
}

// Rethrow panics if there is a *Panic in err.
func Rethrow(err error) {
	if p, ok := errors.AsType[*Panic](err); ok {
		panic(p.Value)
	}
}

// A Group is an errgroup.Group whose functions may panic, and end their goroutine.
type Group struct {
	cancel context.CancelFunc
	places chan struct{} // nil for any number
	wg     sync.WaitGroup
	once   sync.Once
	err    error // the first
}

// NewGroup returns a group, and a context that ends with the first error or with Wait. At
// most limit functions run at a time; zero means any number.
func NewGroup(ctx context.Context, limit int) (*Group, context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	g := &Group{cancel: cancel}
	if limit > 0 {
		g.places = make(chan struct{}, limit)
	}
	return g, ctx
}

// Go calls f in a goroutine, and waits for a place before.
func (g *Group) Go(f func() error) {
	if g.places != nil {
		g.places <- struct{}{}
	}
	g.wg.Add(1)
	go Call(f, func(err error) {
		if err != nil {
			g.once.Do(func() {
				g.err = err
				g.cancel()
			})
		}
		if g.places != nil {
			<-g.places
		}
		g.wg.Done()
	})
}

// Wait waits for all functions, and returns the first error.
func (g *Group) Wait() error {
	g.wg.Wait()
	g.cancel()
	return g.err
}
