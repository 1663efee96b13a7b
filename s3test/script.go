package s3test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A Script says what goes wrong with a request, the n-th one, counted from 1. It
// must not change the request, nor read its body. A [Faults] calls its Script for
// one request at a time.
type Script func(r *http.Request, n int) Fault

// Always returns a Script that does the same to every request.
func Always(f Fault) Script { return func(*http.Request, int) Fault { return f } }

// A Rule says what goes wrong with some requests. It applies to those that match
// all of its fields, of which the empty ones match everything.
type Rule struct {
	// Method is an HTTP method.
	Method string
	// Operation is the name of an operation, as of [Operation].
	Operation string
	// Key is the key of an object, or the beginning of keys if a * is at its end.
	Key string
	// Range is a Range header, in full: "bytes=0-99".
	Range string
	// Match is any other condition.
	Match func(*http.Request) bool

	// Skip is the number of matching requests to leave alone before the first fault.
	Skip int
	// Times is the number of matching requests, after Skip, that have the fault.
	// Zero means all of them.
	Times int

	// Fault is what goes wrong.
	Fault Fault
}

// Rules returns a Script of rules. The first rule that applies to a request decides,
// and the request counts for the Skip and Times of the rules that it matches up to
// that one. It is for use in one [Faults].
func Rules(rules ...Rule) Script {
	seen := make([]int, len(rules))
	return func(r *http.Request, _ int) Fault {
		for i, rule := range rules {
			if !rule.matches(r) {
				continue
			}
			seen[i]++
			if n := seen[i] - rule.Skip; n > 0 && (rule.Times == 0 || n <= rule.Times) {
				return rule.Fault
			}
		}
		return Fault{}
	}
}

// String says what the rule does, and to what.
func (rule Rule) String() string {
	if rule.Operation == "" {
		return rule.Fault.Name
	}
	return rule.Operation + ": " + rule.Fault.Name
}

func (rule *Rule) matches(r *http.Request) bool {
	_, key := address(r)
	prefix, isPrefix := strings.CutSuffix(rule.Key, "*")
	switch {
	case rule.Method != "" && rule.Method != r.Method:
	case rule.Operation != "" && rule.Operation != Operation(r):
	case rule.Key != "" && !isPrefix && rule.Key != key:
	case isPrefix && !strings.HasPrefix(key, prefix):
	case rule.Range != "" && rule.Range != r.Header.Get("Range"):
	case rule.Match != nil && !rule.Match(r):
	default:
		return true
	}
	return false
}

// Odds are the probabilities, each from 0 to 1 and together no more than 1, of what
// may happen to a request in a [Random] script. Places in bodies are chosen evenly.
type Odds struct {
	Cut           float64 // the connection closes in the body, see [Cut]
	ResetAfter    float64 // the connection is reset in the body, see [ResetAfter]
	Stall         float64 // the body stalls for StallFor, see [Stall]
	Flip          float64 // a bit of the body is inverted, see [Flip]
	ContentRange  float64 // a range is said to start one byte later, see [ContentRange]
	Reset         float64 // the connection is reset before the answer, see [Reset]
	LoseAnswer    float64 // S3 does it, but its answer is lost, see [LoseAnswer]
	SlowDown      float64 // 503 SlowDown, see [SlowDown]
	InternalError float64 // 500 InternalError, see [InternalError]
	Early         float64 // 503 in the middle of the request's body, see [Early]

	// StallFor is how long bodies stall. Zero means until the client gives up.
	StallFor time.Duration
}

// Random returns a Script that chooses faults by chance. What happens to a request
// depends on seed, on its method, path, query and range, and on how many of the
// same kind there have been, and not on the order of different requests: a failure
// can be repeated even where the requests are concurrent. It panics if the odds are
// not probabilities. It is for use in one [Faults].
func Random(seed uint64, odds Odds) Script {
	table := []struct {
		p     float64
		fault func(*rand.Rand) Fault
	}{
		{odds.Cut, func(r *rand.Rand) Fault { return somewhere(r, "cut", Cut) }},
		{odds.ResetAfter, func(r *rand.Rand) Fault { return somewhere(r, "reset", ResetAfter) }},
		{odds.Stall, func(r *rand.Rand) Fault {
			return somewhere(r, "stall", func(n int64) Fault { return Stall(n, odds.StallFor) })
		}},
		{odds.Flip, func(r *rand.Rand) Fault { return somewhere(r, "flip", Flip) }},
		{odds.ContentRange, func(*rand.Rand) Fault { return shiftedRange() }},
		{odds.Reset, func(*rand.Rand) Fault { return Reset() }},
		{odds.LoseAnswer, func(*rand.Rand) Fault { return LoseAnswer() }},
		{odds.SlowDown, func(*rand.Rand) Fault { return SlowDown(0) }},
		{odds.InternalError, func(*rand.Rand) Fault { return InternalError() }},
		{odds.Early, func(r *rand.Rand) Fault { return earlySomewhere(r) }},
	}
	sum := 0.0
	for _, e := range table {
		if !(e.p >= 0) { // NaN too
			panic(fmt.Sprintf("s3test: a probability of %v", e.p))
		}
		sum += e.p
	}
	if sum > 1+1e-9 {
		panic(fmt.Sprintf("s3test: the odds add up to %v", sum))
	}

	seen := map[uint64]uint64{}
	return func(r *http.Request, _ int) Fault {
		id := identity(r)
		seen[id]++
		rng := rand.New(rand.NewPCG(seed, id+seen[id]*0x9e3779b97f4a7c15))
		x := rng.Float64()
		for _, e := range table {
			if x -= e.p; x < 0 {
				return e.fault(rng)
			}
		}
		return Fault{}
	}
}

// identity is the same for requests that ask for the same.
func identity(r *http.Request) uint64 {
	q := r.URL.Query()
	for name := range q {
		if strings.HasPrefix(name, "X-Amz-") {
			delete(q, name) // a presigned URL's, with the time in it
		}
	}
	h := fnv.New64a()
	for _, s := range []string{r.Method, r.URL.Path, q.Encode(), r.Header.Get("Range")} {
		_, _ = h.Write(append([]byte(s), 0)) // never fails
	}
	return h.Sum64()
}

// somewhere does f at a place in the body that is chosen when its size is known.
func somewhere(r *rand.Rand, name string, f func(n int64) Fault) Fault {
	x := r.Float64()
	return Fault{fmt.Sprintf("%s at %.1f%% of the body", name, 100*x), func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		n := int64(x * float64(max(resp.ContentLength, 0)))
		return f(n).RoundTrip(req, roundTripper(func(*http.Request) (*http.Response, error) { return resp, nil }))
	}}
}

func earlySomewhere(r *rand.Rand) Fault {
	x := r.Float64()
	return Fault{fmt.Sprintf("503 SlowDown after %.1f%% of the request's body", 100*x), func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		n := int64(x * float64(max(req.ContentLength, 0)))
		return Early(n, 503, "SlowDown").RoundTrip(req, next)
	}}
}

// shiftedRange says that a range starts and ends one byte later than it does.
func shiftedRange() Fault {
	return Fault{"Content-Range shifted by one", func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil || resp.StatusCode != http.StatusPartialContent {
			return resp, err
		}
		var from, to int64
		var size string
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%s", &from, &to, &size); err == nil {
			resp.Header.Set("Content-Range", "bytes "+strconv.FormatInt(from+1, 10)+"-"+strconv.FormatInt(to+1, 10)+"/"+size)
		}
		return resp, nil
	}}
}
