package transfer_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/internal/transfertest"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

const (
	// smallPart keeps rounds cheap.
	smallPart = 8 * kib
	// patience is the virtual time after which a call that nobody ends hangs: no
	// timer of ours is that long.
	patience = 24 * time.Hour
	// maxRequests is more than any scene needs.
	// A body that is broken after a byte, of a Reader that must give way to another after
	// every Read, makes a request a byte.
	maxRequests = 100_000
)

// A scene is what happens in one bubble. It follows from its seed, but for the order
// in which goroutines run.
type scene struct {
	seed    uint64
	rng     *rand.Rand
	classes map[string]bool // that are played

	fake       *s3test.S3
	pool       *s3pool.Pool
	client     *transfer.Client
	network    *transfertest.Network // nil: requests are function calls
	budget     int64                 // zero: none
	conns      int                   // zero: no limit
	http2      bool
	versioned  bool
	rules      []s3test.Rule
	odds       s3test.Odds
	changes    float64 // the probability that a request finds its object changed
	clean      bool    // nothing goes wrong: every call succeeds
	undetected bool    // wrong bytes can be told only by a checksum
	untagged   bool    // answers may lack what tells one version from another
	calls      []*act

	mu       sync.Mutex
	versions map[string][][]byte // of each key, all that has ever been
	requests []string            // the log
	touched  map[string]bool     // operations that have had a fault
	findings []string
}

func newScene(seed uint64) *scene {
	s := &scene{seed: seed, rng: rand.New(rand.NewPCG(seed, 0xad7e25a)), classes: played(),
		versions: map[string][][]byte{}, touched: map[string]bool{}}
	s.versioned = s.rng.IntN(3) == 0
	s.budget = pick[int64](s.rng, 0, 0, smallPart, smallPart+4*kib, 5*smallPart/2, 16*smallPart)
	s.clean = s.rng.IntN(3) == 0
	switch s.rng.IntN(3) {
	case 0:
		s.conns = -1 // no connections at all
	case 1:
		s.conns = pick(s.rng, 0, 1, 2, 4)
	case 2:
		s.conns, s.http2 = pick(s.rng, 0, 1, 2), true
	}
	if !s.classes["budget"] {
		s.budget = 0
	}
	if !s.classes["connections"] {
		s.conns = min(s.conns, 0)
	}
	if !s.clean {
		s.chooseFaults()
	}
	return s
}

// prepare makes the store, the pool and the client.
func (s *scene) prepare() {
	s.fake = s3test.New(transfertest.AnyPart, func(o *s3test.Options) { o.LogSize = -1 })
	s.fake.CreateBucket("bucket", s.versioned)
	sizes := []int{0, 1, smallPart - 1, smallPart, smallPart + 1, 2*smallPart + 7, 5*smallPart + 3}
	for i := range 4 {
		s.put(fmt.Sprintf("object%d", i), pick(s.rng, sizes...), 0)
	}
	for range 1 + s.rng.IntN(10) {
		s.calls = append(s.calls, s.newAct(len(s.calls)))
	}
	s.pool = s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = s.budget })

	faults := s3test.NewFaults(s.fake.HTTPClient().Transport, s.script())
	var rt http.RoundTripper = faults
	if s.conns >= 0 {
		s.network = transfertest.NewNetwork(faults.Handler("http://"+s3test.Domain), s.http2)
		s.network.Transport.MaxConnsPerHost = s.conns
		rt = s.network.Transport
	}
	api := s3test.NewClient("http://"+s3test.Domain, &http.Client{Transport: rt}, impatient)
	s.client = transfer.New(api, func(o *transfer.Options) {
		o.Pool, o.PartSize, o.MinPartSize, o.Concurrency = s.pool, smallPart, 1, pick(s.rng, 1, 2, 4)
		o.ParallelThreshold, o.MultipartThreshold = pick[int64](s.rng, 1, smallPart, 4*smallPart), pick[int64](s.rng, 1, 2*smallPart)
		o.MaxRetries, o.StallTimeout = 3, time.Second
	})
}

// put makes another version of an object, of a size, and of content that follows from
// the number of versions.
func (s *scene) put(key string, size int, kind int) {
	s.mu.Lock()
	data := pattern(size)
	for i := range data {
		data[i] ^= byte(len(s.versions[key])*41 + len(key) + int(key[len(key)-1]))
	}
	s.versions[key] = append(s.versions[key], data)
	s.mu.Unlock()
	s.fake.Put("bucket", key, data, func(o *s3test.Object) {
		switch (kind + int(s.seed)) % 4 {
		case 0:
			o.ChecksumAlgorithm = ""
		case 1:
			o.ChecksumAlgorithm, o.Parts = types.ChecksumAlgorithmCrc32c, s3test.EqualParts(int64(size), smallPart)
		case 2:
			o.ChecksumAlgorithm, o.Parts = types.ChecksumAlgorithmSha256, s3test.EqualParts(int64(size), 3*smallPart/2)
		}
	})
}

// script notes every request and lets it go wrong.
func (s *scene) script() s3test.Script {
	rng := rand.New(rand.NewPCG(s.seed, 1)) // a script runs for one request at a time
	var scripts []s3test.Script
	for _, rule := range s.rules {
		scripts = append(scripts, s3test.Rules(rule))
	}
	scripts = append(scripts, s3test.Random(s.seed, s.odds), func(r *http.Request, _ int) s3test.Fault {
		key := strings.TrimPrefix(r.URL.Path, "/bucket/")
		if !strings.HasPrefix(key, "object") || rng.Float64() >= s.changes {
			return s3test.Fault{}
		}
		return s.change(rng, key)
	})
	all := s3test.Together(scripts...)
	return func(r *http.Request, n int) s3test.Fault {
		events.Add(1)
		f := all(r, n)
		op := s3test.Operation(r)
		s.mu.Lock()
		defer s.mu.Unlock()
		if f.RoundTrip != nil {
			s.touched[op] = true
		}
		if n > maxRequests {
			if n == maxRequests+1 {
				s.findings = append(s.findings, fmt.Sprintf("%d requests, without an end", n))
			}
			return s3test.Status(403, "AccessDenied")
		}
		s.requests = append(s.requests, fmt.Sprintf("%3d %v %s %s?%s %s %s: %s", n, time.Since(epoch), op, r.URL.Path, r.URL.RawQuery, r.Header.Get("Range"), r.Header.Get("If-Match"), f.Name))
		for _, c := range s.calls {
			c.requested(n)
		}
		return f
	}
}

// epoch is when bubbles begin.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// change lets a request find its object replaced, of another size, or gone.
func (s *scene) change(rng *rand.Rand, key string) s3test.Fault {
	s.mu.Lock()
	size := len(s.versions[key][len(s.versions[key])-1])
	s.mu.Unlock()
	kind := rng.IntN(4)
	f := s3test.Before(func(*http.Request) { s.put(key, size, kind) })
	f.Name = "replaced"
	switch rng.IntN(4) {
	case 0:
		f = s3test.Before(func(*http.Request) { s.put(key, size/2, kind) })
		f.Name = "shrunk"
	case 1:
		f = s3test.Before(func(*http.Request) { s.put(key, size+smallPart, kind) })
		f.Name = "grown"
	case 2:
		f = s3test.Before(func(*http.Request) { s.fake.Delete("bucket", key) })
		f.Name = "deleted"
	}
	return f
}

// play runs the calls, and looks at what they have left.
func (s *scene) play(t *testing.T) {
	s.prepare()
	ended := make(chan struct{})
	others := make(chan struct{}) // all but those who wait for them
	var wg, busy sync.WaitGroup
	for _, c := range s.calls {
		wg.Add(1)
		if !c.waits {
			busy.Add(1)
		}
		go func() {
			defer wg.Done()
			if !c.waits {
				defer busy.Done()
			}
			c.run(s, others)
		}()
	}
	go func() { busy.Wait(); close(others) }()
	go func() { wg.Wait(); close(ended) }()

	patient := time.NewTimer(patience)
	defer patient.Stop()
	select {
	case <-ended:
	case <-patient.C:
		s.report(t, fmt.Sprintf("standstill: nothing can happen any more.\nPool: %+v\nCalls under way:\n%s\n%s", s.pool.Stats(), s.unfinished(), bubble()))
	}
	synctest.Wait()
	time.Sleep(patience) // virtual: for what goes on behind calls, which is bounded
	if s.network != nil {
		s.network.Close()
	}
	synctest.Wait()

	stats := s.pool.Stats()
	if stats.Leased != 0 || stats.Waiting != 0 || stats.Class("scratch").Leased != 0 || stats.Leaked != 0 {
		s.find("the pool is not idle: %+v", stats)
	}
	if left := bubble(); strings.Count(left, "\ngoroutine ") > 0 {
		s.find("goroutines are left: %s", left)
	}
	if n := len(s.fake.Uploads("bucket")); n > 0 && !s.touched["AbortMultipartUpload"] && !s.touched["CreateMultipartUpload"] {
		s.find("%d multipart uploads are left", n)
	}
	s.mu.Lock()
	found := strings.Join(s.findings, "\n")
	s.mu.Unlock()
	if found != "" {
		s.report(t, found)
	}
}

// find notes what must not be.
func (s *scene) find(format string, a ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.findings = append(s.findings, fmt.Sprintf(format, a...))
}

// report fails the test. What it says goes to the standard error at once: a bubble in
// which goroutines are left ends in a panic.
func (s *scene) report(t *testing.T, what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(os.Stderr, "=== S3POOL_SEED=%d: %s\n%v\n%s\n===\n", s.seed, what, s, strings.Join(s.requests, "\n"))
	t.Errorf("S3POOL_SEED=%d: %.300s", s.seed, what)
	if strings.HasPrefix(what, "standstill") {
		os.Exit(2) // the bubble cannot end
	}
}

func (s *scene) unfinished() string {
	var b strings.Builder
	for _, c := range s.calls {
		if !c.ended.Load() {
			fmt.Fprintln(&b, c)
		}
	}
	return b.String()
}

// String describes the scene.
func (s *scene) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "budget %d, connections %d, http2 %v, versions %v, changes %.2f, odds %+v\n", s.budget, s.conns, s.http2, s.versioned, s.changes, s.odds)
	for _, r := range s.rules {
		fmt.Fprintf(&b, "  %v, from %d, %d times\n", r, r.Skip+1, r.Times)
	}
	for _, c := range s.calls {
		fmt.Fprintf(&b, "  %v: %s\n", c, c.outcome)
	}
	return b.String()
}

// right reports whether data is a version of the object, or of a range of it.
func (s *scene) right(key string, data []byte, rng func([]byte) []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.versions[key], func(v []byte) bool { return bytes.Equal(data, rng(v)) })
}

// bubble returns the stacks of the goroutines in this bubble, but for those of the
// test itself.
func bubble() string {
	self := make([]byte, 512)
	id := bubbleID(string(self[:runtime.Stack(self, false)]))
	var b strings.Builder
	for g := range strings.SplitSeq(stacks(), "\n\n") {
		if bubbleID(g) == id && !strings.Contains(g, "testingSynctestTest") && !strings.Contains(g, "internal/synctest.Run") {
			b.WriteString("\n" + g + "\n")
		}
	}
	return b.String()
}

// bubbleID returns the number of the bubble in the first line of a goroutine's stack.
func bubbleID(stack string) string {
	first, _, _ := strings.Cut(stack, "\n")
	_, id, _ := strings.Cut(first, "synctest bubble ")
	return id[:len(id)-len(strings.TrimLeft(id, "0123456789"))]
}
