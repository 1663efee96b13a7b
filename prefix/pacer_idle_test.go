package prefix

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

// What buckets that nobody asks any more have learnt is forgotten where it is looked at,
// and where there is no room for what others learn.
func TestPacerIdleBuckets(t *testing.T) {
	for _, looked := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := NewPacer(func(o *PacerOptions) { o.MaxPrefixes = 5 })
			for i := range 5 {
				p.lane(laneKey{fmt.Sprint("old", i), true}).report(ticket{}, "k", true)
			}
			fresh := p.lane(laneKey{"new", true})
			fresh.report(ticket{}, "k", true)
			require.False(t, fresh.active.Load(), "there is no room")
			require.Len(t, p.Stats(), 5)
			time.Sleep(time.Minute)
			if looked {
				require.Empty(t, p.Stats())
				require.EqualValues(t, 5, p.budget.left.Load())
			}
			fresh.report(ticket{}, "k", true)
			require.True(t, fresh.active.Load(), "the first refusal counts")
			require.Len(t, p.Stats(), 1)
			require.EqualValues(t, 4, p.budget.left.Load())
		})
	}
}

// Lanes of idle buckets make room for others too.
func TestPacerIdleLanes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPacer(func(o *PacerOptions) { o.MaxPrefixes = math.MaxInt })
		for i := range maxLanes {
			p.lane(laneKey{fmt.Sprint(i), true}).report(ticket{}, "k", true)
		}
		p.lane(laneKey{"busy", true}).report(ticket{}, "k", true)
		require.Len(t, *p.lanes.Load(), maxLanes+1, "none is idle")
		time.Sleep(2 * time.Minute)
		p.lane(laneKey{"new", true})
		require.Len(t, *p.lanes.Load(), 1)
		require.EqualValues(t, int64(math.MaxInt), p.budget.left.Load())
	})
}

// Four hundred thousand wait, and leave at once, or as they are let go: each for the same
// small time. It took a minute and more when a waiter was looked for in a list.
func TestPacerManyWaiters(t *testing.T) {
	b := newBench(10)
	b.root = &node{flow: newFlow("", b.now)}
	b.root.flow.setRate(100_000, 0, b.now)
	waiters := make([]*waiter, 400_000)
	for i := range waiters {
		waiters[i] = &waiter{key: fmt.Sprintf("%d/k", i%10), wake: func() {}}
		b.tree.wait(waiters[i], b.now)
	}
	b.schedule(b.root.flow, 0)
	c := newFlow("1", b.now)
	c.setRate(1000, 0, b.now)
	b.adopt(b.root, c, b.now)
	require.Equal(t, 40_000, c.queue.n)
	for i := len(waiters) - 1; i >= 0; i -= 2 { // half of them leave, from the end
		require.True(t, b.leave(waiters[i]))
		require.False(t, b.leave(waiters[i]))
	}
	b.pass(100 * time.Second)
	for i, w := range waiters {
		require.Equal(t, i%2 == 0, w.t.n > 0)
	}
	require.Zero(t, b.root.flow.queue.n)
	require.Zero(t, c.queue.n)
}

// BenchmarkLeave is one of n waiters that leaves the middle of the queue.
func BenchmarkLeave(b *testing.B) {
	for _, n := range []int{100, 400_000} {
		b.Run(fmt.Sprintf("waiters=%d", n), func(b *testing.B) {
			tr := newBench(10)
			tr.root = &node{flow: newFlow("", tr.now)}
			tr.root.flow.setRate(1, 0, tr.now)
			var middle *waiter
			for i := range n {
				w := &waiter{key: "k"}
				tr.tree.wait(w, tr.now)
				if i == n/2 {
					middle = w
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				tr.leave(middle)
				tr.tree.wait(middle, tr.now)
			}
		})
	}
}

// The same through lanes: a context that ends takes all of its waiters out.
func TestPacerManyContexts(t *testing.T) {
	n := 50_000
	if testing.Short() {
		n = 5_000
	}
	synctest.Test(t, func(t *testing.T) {
		p := NewPacer()
		l := p.lane(laneKey{"b", true})
		l.report(ticket{}, "k", true)
		l.mu.Lock()
		l.tree.root.flow.settle(time.Now())
		l.tree.root.flow.setRate(1, 0, time.Now())
		l.mu.Unlock()
		ctx, cancel := context.WithCancel(t.Context())
		errs := make(chan error, n)
		for range n {
			go func() {
				_, err := l.wait(ctx, "k")
				errs <- err
			}()
		}
		synctest.Wait()
		require.Greater(t, p.Stats()[0].Waiting, n-3)
		cancel()
		failed := 0
		for range n {
			if <-errs != nil {
				failed++
			}
		}
		require.Greater(t, failed, n-3)
		require.Zero(t, p.Stats()[0].Waiting)
	})
}

// Options at their ends make sense or are refused.
func TestPacerOptionEnds(t *testing.T) {
	for name, opt := range map[string]func(*PacerOptions){
		"least": func(o *PacerOptions) { o.MaxPrefixes, o.IdleAfter, o.MaxThrottles = 1, 1, math.MinInt },
		"most": func(o *PacerOptions) {
			o.MaxPrefixes, o.IdleAfter, o.MaxThrottles = math.MaxInt, math.MaxInt64, math.MaxInt
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := NewPacer(opt)
				c := s3test.NewClient("https://"+s3test.Domain, &http.Client{Transport: &refusing{n: 150}}, p.Attach)
				_, err := c.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
				require.NoError(t, err)
				require.LessOrEqual(t, len(p.Stats()), 2)
			})
		})
	}
}
