package bench_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/meter"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
)

func BenchmarkDownload(b *testing.B) { eachTarget(b, "download", "dst=") }

func BenchmarkUpload(b *testing.B) { eachTarget(b, "upload", "src=") }

func BenchmarkClient(b *testing.B) { eachTarget(b, "client", "call=") }

func eachTarget(b *testing.B, verb, viaKey string) {
	for _, kind := range server.Kinds() {
		b.Run("server="+kind, func(b *testing.B) {
			for _, tls := range []bool{false, true} {
				scheme := map[bool]string{false: "http", true: "https"}[tls]
				b.Run("scheme="+scheme, func(b *testing.B) {
					target, err := server.Start(b.Context(), kind, server.Options{TLS: tls})
					if errors.Is(err, server.ErrScheme) {
						b.Skip(err)
					}
					require.NoError(b, err)
					b.Cleanup(func() { require.NoError(b, target.Close()) })
					contests(b, target, verb, viaKey)
				})
			}
		})
	}
}

func contests(b *testing.B, target *server.Target, verb, viaKey string) {
	for _, c := range rival.Contests() {
		if c.Verb != verb || c.Link != (server.Link{}) {
			continue
		}
		b.Run(viaKey+c.Via, func(b *testing.B) {
			for _, size := range rival.DefaultSizes() {
				b.Run("size="+size.String(), func(b *testing.B) {
					scene := rival.NewScene(target, size, b.TempDir())
					for _, e := range c.Entries {
						b.Run("impl="+e.Name, func(b *testing.B) { measure(b, scene, e) })
					}
				})
			}
		})
	}
}

func measure(b *testing.B, scene *rival.Scene, e rival.Entry) {
	ctx := b.Context()
	r, err := e.New(ctx, scene)
	require.NoError(b, err)
	require.NoError(b, r.Move(ctx, nil)) // connects

	b.SetBytes(int64(scene.Size))
	b.ReportAllocs()
	start := meter.Read()
	for b.Loop() {
		if err := r.Move(ctx, nil); err != nil {
			b.Fatal(err)
		}
	}
	used := meter.Since(start)
	if meter.HasCPU {
		b.ReportMetric(float64(used.CPU)/float64(b.N), "cpu-ns/op")
	}
	b.ReportMetric(float64(used.GCs)/(float64(b.N)*float64(scene.Size))*(1<<30), "gc/GiB")
}
