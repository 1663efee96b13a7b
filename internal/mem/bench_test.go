package mem_test

import (
	"fmt"
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
