package server

import (
	"context"
	"sync"
	"time"
)

// A drain tells when the last client has gone. A push is many requests, with pauses between
// them: a server that closes its listener in a pause makes the push fail. So it keeps
// listening until nobody has asked for anything for a grace.
type drain struct {
	mu       sync.Mutex
	begun    bool
	inFlight int
	timer    *time.Timer // runs while nothing is in flight
	grace    time.Duration
	idle     chan struct{}
	fired    bool
}

func newDrain() *drain { return &drain{idle: make(chan struct{})} }

// draining reports whether the server is about to stop.
func (d *drain) draining() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.begun
}

// enter and leave enclose every request.
func (d *drain) enter() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inFlight++
	if d.timer != nil {
		d.timer.Stop()
	}
}

func (d *drain) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.inFlight--
	d.arm()
}

func (d *drain) arm() {
	if !d.begun || d.inFlight > 0 || d.fired {
		return
	}
	if d.timer == nil {
		d.timer = time.AfterFunc(d.grace, d.fire)
		return
	}
	d.timer.Reset(d.grace)
}

func (d *drain) fire() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.inFlight == 0 && !d.fired {
		d.fired = true
		close(d.idle)
	}
}

// wait begins the drain and returns when nothing has been in flight for grace, or after most.
func (d *drain) wait(ctx context.Context, grace, most time.Duration) {
	d.mu.Lock()
	d.begun, d.grace = true, grace
	d.arm()
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	select {
	case <-d.idle:
	case <-ctx.Done():
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
	}
}
