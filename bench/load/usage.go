package load

import (
	"bytes"
	"fmt"
	"os"
	"runtime/metrics"
	"strings"
	"time"

	"github.com/s3pool/s3pool/bench/meter"
)

// Usage is what a process has used since it began, and what it holds now.
type Usage struct {
	At        time.Time
	CPU       time.Duration // user and system; zero where meter.HasCPU is false
	GCs       uint64        // collections
	GCCPU     time.Duration // CPU time of the collector, as the runtime estimates it
	Pauses    time.Duration // of all goroutines, for collections; estimated from a histogram
	MaxPause  time.Duration // upper bound of the longest
	Allocated uint64        // bytes
	RSS       int64         // bytes resident now; zero where unknown
	PeakRSS   int64         // the most that has been, likewise
	Requests  int64         // that the API server has answered
	Bytes     int64         // that it has downloaded for them
}

// readUsage does not stop the world.
func readUsage() Usage {
	samples := []metrics.Sample{
		{Name: "/gc/cycles/total:gc-cycles"},
		{Name: "/gc/heap/allocs:bytes"},
		{Name: "/cpu/classes/gc/total:cpu-seconds"},
		{Name: "/sched/pauses/total/gc:seconds"},
	}
	metrics.Read(samples)
	u := Usage{
		At: time.Now(), CPU: meter.CPU(),
		GCs: samples[0].Value.Uint64(), Allocated: samples[1].Value.Uint64(),
		GCCPU: time.Duration(samples[2].Value.Float64() * float64(time.Second)),
	}
	u.Pauses, u.MaxPause = pauses(samples[3].Value.Float64Histogram())
	u.RSS, u.PeakRSS = resident()
	return u
}

// pauses returns the sum of a histogram's values, each taken for the upper end of its
// bucket, and the greatest of these ends.
func pauses(h *metrics.Float64Histogram) (sum, most time.Duration) {
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		end := h.Buckets[i+1]
		if i+2 == len(h.Buckets) {
			end = h.Buckets[i] // the last bucket has no end
		}
		d := time.Duration(end * float64(time.Second))
		sum += time.Duration(n) * d
		most = max(most, d)
	}
	return sum, most
}

// resident reads what Linux tells of this process.
func resident() (now, peak int64) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, 0
	}
	for line := range bytes.Lines(status) {
		name, value, _ := strings.Cut(string(line), ":")
		var kib int64
		switch name {
		case "VmRSS":
			fmt.Sscanf(value, "%d kB", &kib)
			now = kib << 10
		case "VmHWM":
			fmt.Sscanf(value, "%d kB", &kib)
			peak = kib << 10
		}
	}
	return now, peak
}
