package mem_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/s3pool/s3pool/internal/mem"
)

// BenchmarkAcquireRelease leases and releases, alone and on all processors.
func BenchmarkAcquireRelease(b *testing.B) {
	for _, size := range []int{4 << 10, 1 << 20, 8 << 20} {
		for _, budget := range []int64{0, 1 << 30} {
			name := fmt.Sprintf("size=%dK/budget=%dM", size>>10, budget>>20)
			b.Run(name+"/goroutines=1", func(b *testing.B) {
				p, ctx := mem.New(budget), b.Context()
				b.ReportAllocs()
				for b.Loop() {
					buf, err := p.Acquire(ctx, size)
					if err != nil {
						b.Fatal(err)
					}
					buf.Release()
				}
			})
			b.Run(name+"/goroutines=GOMAXPROCS", func(b *testing.B) {
				p, ctx := mem.New(budget), b.Context()
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						buf, err := p.Acquire(ctx, size)
						if err != nil {
							b.Error(err)
							return
						}
						buf.Release()
					}
				})
			})
		}
	}
}

// BenchmarkWaiters serves as many waiters as there are, each after another: the time per
// waiter must not grow with their number. The first in the queue can never be served, every
// second one is too large to pass others.
func BenchmarkWaiters(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		b.Run(fmt.Sprintf("waiters=%d", n), func(b *testing.B) {
			for b.Loop() {
				p := mem.New(64 << 10)
				held, _ := p.TryAcquire(56 << 10)
				forEver, _ := p.TryAcquire(1)
				ctx, cancel := context.WithCancel(b.Context())
				var wg, whole sync.WaitGroup
				whole.Go(func() { _, _ = p.Acquire(ctx, 64<<10) })
				for p.Stats().Waiting == 0 {
					runtime.Gosched()
				}
				for i := range n {
					size := 4 << 10
					if i%2 == 0 {
						size = 56 << 10
					}
					wg.Go(func() {
						buf, err := p.Acquire(b.Context(), size)
						if err != nil {
							b.Error(err)
							return
						}
						buf.Release()
					})
				}
				held.Release()
				wg.Wait()
				cancel()
				whole.Wait()
				forEver.Release()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/waiter")
		})
	}
}
