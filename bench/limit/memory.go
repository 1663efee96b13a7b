package limit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/bench/server"
)

// Load is a number of concurrent Gets on a budget.
type Load struct {
	Gets     int
	Size     int
	MaxBytes int64

	MaxRequests int // of the Client; zero for its default
}

// Footprint is what a load took.
type Footprint struct {
	Leased int64 // the most bytes that Stats has shown as leased
	Peak   int64 // the most memory that the process has had resident; zero if unknown
	Before int64 // the same, before the load
	Took   time.Duration

	Turns []Turn // of transfers one after another
}

// A Turn is what one of them took.
type Turn struct {
	CPU       time.Duration
	Wall      time.Duration
	Allocated int64 // bytes
	Made      int64 // part buffers made, by a Client
}

// memoryEnv, when set, makes Main the process of a load. Its value is a memoryJob.
const memoryEnv = "S3POOL_BENCH_MEMORY"

// A memoryJob is one of the loads.
type memoryJob struct {
	Wire    server.Wire
	Load    *Load
	Uploads *Uploads
	Large   *Large
}

func (j memoryJob) bear(ctx context.Context) (Footprint, error) {
	target := server.Connect(j.Wire)
	switch {
	case j.Load != nil:
		return j.Load.bear(ctx, target)
	case j.Large != nil:
		return j.Large.bear(ctx, target)
	default:
		return j.Uploads.bear(ctx, target)
	}
}

// Main turns this process into one that bears a load if it was started as one, and
// then does not return. Otherwise it does nothing. Call it first thing in main.
func Main() {
	text, ok := os.LookupEnv(memoryEnv)
	if !ok {
		return
	}
	var j memoryJob
	err := json.Unmarshal([]byte(text), &j)
	if err == nil {
		var f Footprint
		if f, err = j.bear(context.Background()); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(f)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Memory bears the load in a process of its own, against a range server. The
// program must call [Main] and [server.Main].
func Memory(ctx context.Context, load Load) (Footprint, error) {
	return apart(ctx, memoryJob{Load: &load}, server.Options{})
}

// apart does the job in a process of its own, against a range server.
func apart(ctx context.Context, j memoryJob, opts server.Options) (f Footprint, err error) {
	target, err := server.Start(ctx, "range", opts)
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	return apartOn(ctx, target, j)
}

// apartOn does the job in a process of its own, against a server that runs.
func apartOn(ctx context.Context, target *server.Target, j memoryJob) (f Footprint, err error) {
	if j.Wire, err = target.Wire(ctx); err != nil {
		return f, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return f, err
	}
	exe, err := os.Executable()
	if err != nil {
		return f, err
	}
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), memoryEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return f, fmt.Errorf("the load's process: %w", err)
	}
	return f, json.Unmarshal(out, &f)
}

// bear makes all Gets at the same time and looks at the pool meanwhile.
func (l Load) bear(ctx context.Context, target *server.Target) (Footprint, error) {
	key, err := target.Object(ctx, l.Size)
	if err != nil {
		return Footprint{}, err
	}
	f := Footprint{Before: peakRSS()}
	pool := s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = l.MaxBytes })
	client := transfer.New(target.Client(), func(o *transfer.Options) {
		o.Pool, o.MaxRequests = pool, l.MaxRequests
	})
	err = f.watch(pool, func() error {
		g, ctx := errgroup.WithContext(ctx)
		for range l.Gets {
			g.Go(func() error {
				o, err := client.Get(ctx, &s3.GetObjectInput{Bucket: &target.Bucket, Key: &key})
				if err != nil {
					return err
				}
				defer o.Release()
				if len(o.Bytes()) != l.Size || !o.Verification.Verified() {
					return fmt.Errorf("%d of %d bytes, verified: %t", len(o.Bytes()), l.Size, o.Verification.Verified())
				}
				return nil
			})
		}
		return g.Wait()
	})
	return f, err
}

// watch looks at the pool while work is under way, and at the process when it is done.
func (f *Footprint) watch(pool *s3pool.Pool, work func() error) error {
	var watch sync.WaitGroup
	done := make(chan struct{})
	watch.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			f.Leased = max(f.Leased, pool.Stats().Leased)
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	start := time.Now()
	err := work()
	f.Took = time.Since(start)
	close(done)
	watch.Wait()
	f.Peak = peakRSS()
	return err
}

// peakRSS returns the most bytes that were resident since the process began, or zero
// where the system does not say so.
func peakRSS() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if value, ok := strings.CutPrefix(string(line), "VmHWM:"); ok {
			var kib int64
			fmt.Sscanf(value, "%d kB", &kib)
			return kib << 10
		}
	}
	return 0
}
