package transfertest

import (
	"net/http"
	"os"
	"runtime/pprof"
	"sync/atomic"
	"testing"
	"time"
)

// A Watchdog notices when nothing moves any more. It is no limit on time: what makes
// progress may take as long as it likes.
type Watchdog struct {
	t     testing.TB
	steps atomic.Uint64
}

// Watch begins to watch. When nothing has been noted for a long time, it prints who waits
// for what and ends the process: a test that hangs could not be ended otherwise.
func Watch(t testing.TB, state func() any) *Watchdog {
	d := &Watchdog{t: t}
	stop := make(chan struct{})
	done := make(chan struct{})
	t.Cleanup(func() { close(stop); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		for last, still := uint64(0), 0; ; {
			select {
			case <-stop:
				return
			case <-tick.C:
			}
			if now := d.steps.Load(); now != last {
				last, still = now, 0
			} else if still++; still == 12 {
				pprof.Lookup("goroutine").WriteTo(os.Stderr, 1)
				panic(t.Name() + ": standstill: nothing has moved for a minute")
			}
			if state != nil && still == 11 {
				t.Logf("standstill: %+v", state())
			}
		}
	}()
	return d
}

// Step notes that something has moved.
func (d *Watchdog) Step() { d.steps.Add(1) }

// Client returns hc with every request and every answer noted.
func (d *Watchdog) Client(hc *http.Client) *http.Client {
	c := *hc
	c.Transport = stepper{d, hc.Transport}
	return &c
}

type stepper struct {
	d    *Watchdog
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (s stepper) RoundTrip(r *http.Request) (*http.Response, error) {
	s.d.Step()
	defer s.d.Step()
	return s.next.RoundTrip(r)
}
