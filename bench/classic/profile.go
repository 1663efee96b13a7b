package classic

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/google/pprof/profile"

	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/meter"
	"github.com/s3pool/s3pool/bench/server"
)

// ImageSize is the size of the picture that the story is about.
const ImageSize = 1200 << 10

// A Profile is where the processor's time went, of downloads one after another.
type Profile struct {
	Way       string
	Downloads int
	Samples   int64   // of the CPU profile
	Makeslice float64 // the share of them that is in or below runtime.makeslice
	GC        float64 // the share that is the collector's
	Allocated float64 // bytes for each download
	GCs       float64 // collections for a thousand downloads
}

// TakeProfile downloads the image for about a time and looks at the profile. Nothing else
// may run in the process.
func TakeProfile(ctx context.Context, t *server.Target, way string, d time.Duration) (Profile, error) {
	p := Profile{Way: way}
	ways, err := load.Find(way)
	if err != nil {
		return p, err
	}
	fetch, err := ways[0].New(t, load.Budget)
	if err != nil {
		return p, err
	}
	key, err := t.Object(ctx, ImageSize)
	if err != nil {
		return p, err
	}
	o := load.Object{Bucket: t.Bucket, Key: key, Size: ImageSize}
	one := func() error {
		_, release, err := fetch(ctx, o)
		if err == nil {
			release()
		}
		return err
	}
	if err := one(); err != nil { // connects
		return p, err
	}
	var raw bytes.Buffer
	if err := pprof.StartCPUProfile(&raw); err != nil {
		return p, err
	}
	start := meter.Read()
	for begin := time.Now(); time.Since(begin) < d && err == nil; p.Downloads++ {
		err = one()
	}
	used := meter.Since(start)
	pprof.StopCPUProfile()
	if err != nil {
		return p, err
	}
	parsed, err := profile.Parse(&raw)
	if err != nil {
		return p, fmt.Errorf("the profile: %w", err)
	}
	p.Allocated = float64(used.Bytes) / float64(p.Downloads)
	p.GCs = 1000 * float64(used.GCs) / float64(p.Downloads)
	p.Samples, p.Makeslice = share(parsed, "runtime.makeslice")
	_, p.GC = share(parsed, "runtime.gcBgMarkWorker", "runtime.gcAssistAlloc", "runtime.bgsweep")
	return p, nil
}

// share returns the number of samples, and the share that has one of the functions on its
// stack.
func share(p *profile.Profile, functions ...string) (all int64, part float64) {
	var in int64
	for _, s := range p.Sample {
		all += s.Value[0]
		if onStack(s, functions) {
			in += s.Value[0]
		}
	}
	return all, float64(in) / float64(max(all, 1))
}

func onStack(s *profile.Sample, functions []string) bool {
	for _, l := range s.Location {
		for _, line := range l.Line {
			if slices.Contains(functions, line.Function.Name) {
				return true
			}
		}
	}
	return false
}
