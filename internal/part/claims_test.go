package part_test

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/s3pool/s3pool/internal/part"
	"github.com/s3pool/s3pool/internal/require"
)

// requireAll checks that the claims are all parts of the plan, each once.
func requireAll(t *testing.T, p part.Plan, got []part.Range) {
	t.Helper()
	slices.SortFunc(got, func(a, b part.Range) int { return cmp.Compare(a.From, b.From) })
	var want []part.Range
	for i := range p.Parts() {
		want = append(want, p.Part(i))
	}
	require.Equal(t, want, got)
}

// A model of the claims: an array of parts, and how far the first body is.
type model struct {
	claimed []bool
	forward int
}

func (m *model) step(op byte) int {
	i := slices.Index(m.claimed, false)
	switch op {
	case 'f':
		if m.forward >= len(m.claimed) || m.claimed[m.forward] {
			return -1
		}
		i = m.forward
		m.forward++
	case 'e':
		for i = len(m.claimed) - 1; i >= 0 && m.claimed[i]; i-- {
		}
	}
	if i >= 0 {
		m.claimed[i] = true
	}
	return i
}

// play runs a schedule of calls against the model, then drains what is left.
func play(t *testing.T, p part.Plan, schedule []byte) {
	t.Helper()
	c := part.NewClaims(p)
	m := &model{claimed: make([]bool, p.Parts())}
	calls := map[byte]func() (part.Range, bool){'f': c.Forward, 'o': c.NextInOrder, 'e': c.NextFromEnd}
	var got []part.Range
	step := func(op byte) bool {
		r, ok := calls[op]()
		i := m.step(op)
		require.Equal(t, i >= 0, ok, "%c after %d claims", op, len(got))
		if !ok {
			require.Zero(t, r)
			return false
		}
		require.Equal(t, p.Part(int64(i)), r, "%c after %d claims", op, len(got))
		got = append(got, r)
		var free int64
		for j, claimed := range m.claimed {
			if !claimed {
				free += p.Part(int64(j)).Len()
			}
		}
		require.Equal(t, free, c.Free().Len())
		return true
	}
	for _, op := range schedule {
		step(op)
	}
	for step('o') {
	}
	for _, op := range []byte("feo") {
		require.False(t, step(op), "nothing is left")
	}
	requireAll(t, p, got)
}

// TestClaimsEverySchedule plays every schedule of calls on up to six parts.
func TestClaimsEverySchedule(t *testing.T) {
	for parts := range int64(7) {
		n := 1
		for range parts {
			n *= 3
		}
		for code := range n {
			schedule := make([]byte, parts)
			for i := range schedule {
				schedule[i] = "foe"[code%3]
				code /= 3
			}
			play(t, part.NewPlan(part.Range{To: 10 * parts}, 10), schedule)
			if parts > 0 {
				play(t, part.NewPlan(part.Range{From: 3, To: 10*parts - 3}, 10), schedule)
			}
		}
	}
}

func TestClaimsRandomSchedules(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 0))
		schedule := make([]byte, rng.IntN(60))
		for i := range schedule {
			schedule[i] = "foe"[rng.IntN(3)]
		}
		p := randomPlan(rng)
		play(t, p, schedule)
		require.False(t, t.Failed(), "seed %d", seed)
	}
}

// TestClaimsConcurrent lets a first body and helpers of both kinds run at once.
func TestClaimsConcurrent(t *testing.T) {
	for seed := range uint64(200) {
		p := randomPlan(rand.New(rand.NewPCG(seed, 0)))
		c := part.NewClaims(p)
		var mu sync.Mutex
		var got []part.Range
		var wg sync.WaitGroup
		first, ok := c.Forward()
		if ok {
			got = append(got, first)
		}
		wg.Go(func() {
			for last := first; ; {
				r, ok := c.Forward()
				if !ok {
					return
				}
				if r.From != last.To {
					t.Errorf("seed %d: the first body jumps from %v to %v", seed, last, r)
				}
				last = r
				mu.Lock()
				got = append(got, r)
				mu.Unlock()
			}
		})
		for i := range 3 {
			next := c.NextFromEnd
			if i == 0 && seed%2 == 0 {
				next = c.NextInOrder
			}
			wg.Go(func() {
				for r, ok := next(); ok; r, ok = next() {
					mu.Lock()
					got = append(got, r)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		requireAll(t, p, got)
		require.True(t, c.Free().Empty())
	}
}

// TestClaimsMeet shows the two ways to share an object: from the end the first body and
// the helpers meet once; in order the first body ends with its own part.
func TestClaimsMeet(t *testing.T) {
	p := part.NewPlan(part.Range{To: 45}, 10)
	c := part.NewClaims(p)
	for _, step := range []struct {
		call     func() (part.Range, bool)
		from, to int64
		ok       bool
	}{
		{c.Forward, 0, 10, true},
		{c.NextFromEnd, 40, 45, true},
		{c.NextFromEnd, 30, 40, true},
		{c.Forward, 10, 20, true},
		{c.NextFromEnd, 20, 30, true},
		{c.Forward, 0, 0, false},
		{c.NextFromEnd, 0, 0, false},
	} {
		r, ok := step.call()
		require.Equal(t, step.ok, ok)
		require.Equal(t, part.Range{From: step.from, To: step.to}, r)
	}

	c = part.NewClaims(p)
	for _, step := range []struct {
		call     func() (part.Range, bool)
		from, to int64
		ok       bool
	}{
		{c.Forward, 0, 10, true},
		{c.Forward, 10, 20, true}, // no helper was ready
		{c.NextInOrder, 20, 30, true},
		{c.Forward, 0, 0, false},
		{c.NextInOrder, 30, 40, true},
		{c.Forward, 0, 0, false},
		{c.NextInOrder, 40, 45, true},
		{c.NextInOrder, 0, 0, false},
	} {
		r, ok := step.call()
		require.Equal(t, step.ok, ok)
		require.Equal(t, part.Range{From: step.from, To: step.to}, r)
	}
}

func FuzzClaims(f *testing.F) {
	f.Add(int64(0), int64(45), int64(10), []byte("feefef"))
	f.Add(int64(7), int64(45), int64(10), []byte("offeo"))
	f.Fuzz(func(t *testing.T, from, n, size int64, schedule []byte) {
		if from < 0 || from > 1<<50 || n < 0 || n > 1<<20 || size <= 0 || n/size > 64 || len(schedule) > 200 {
			return
		}
		for i := range schedule {
			schedule[i] = "foe"[schedule[i]%3]
		}
		play(t, part.NewPlan(part.Range{From: from, To: from + n}, size), schedule)
	})
}
