package prefix

import (
	"math"
	"strings"
)

// A scatter says how the refusals of a flow lie over its keys: it counts by the byte
// at which the keys begin to differ. The flow is one prefix until a part of it is
// refused much more, or much less, than the rest.
type scatter struct {
	stem     string // what the keys have in common, the flow's prefix included
	any      bool   // stem is of a key at least
	branches map[byte]*branch
	ends     tally   // keys that are the stem
	others   tally   // keys that do not have the stem, too few to matter so far
	seen     float64 // keys; it decays as the tallies do
	clock    uint64  // keys, ever
}

// A branch is the keys that go on with the same byte.
type branch struct {
	tally
	born, last uint64 // by the clock, the first and the latest key
}

// A tally counts attempts and refusals. They decay, hence fractions.
type tally struct{ sent, refused float64 }

func (t *tally) add(o tally) {
	t.sent += o.sent
	t.refused += o.refused
}

// others up to this fraction are left out when stems are compared: a stray key must
// not blind us for what happens below the stem of nearly all.
const stray = 0.05

func (s *scatter) count(key string, refused bool) {
	s.seen++
	s.clock++
	one := tally{sent: 1}
	if refused {
		one.refused = 1
	}
	if !s.any {
		s.stem, s.any = key, true
	}
	if !strings.HasPrefix(key, s.stem) {
		s.others.add(one)
		if s.others.sent <= 4+stray*s.total().sent {
			return
		}
		s.shorten(key)
	}
	s.at(key).add(one)
}

// novel returns the prefix at which key differs from all keys lately, if there have
// been enough to say so: fifty for each branch are, however keys are drawn, more than
// it takes to have seen all that matter. A digit is never novel: numbers and times
// move on, and what comes is what was.
func (s *scatter) novel(key string) (prefix string, ok bool) {
	if !s.any || s.seen < 50*float64(len(s.branches)+1) {
		return "", false
	}
	n := 0
	for n < len(key) && n < len(s.stem) && key[n] == s.stem[n] {
		n++
	}
	if n == len(key) || '0' <= key[n] && key[n] <= '9' || n == len(s.stem) && s.branches[key[n]] != nil {
		return "", false
	}
	return key[:n+1], true
}

func (s *scatter) at(key string) *tally {
	if len(key) == len(s.stem) {
		return &s.ends
	}
	b := key[len(s.stem)]
	t := s.branches[b]
	if t == nil {
		if s.branches == nil {
			s.branches = map[byte]*branch{}
		}
		t = &branch{born: s.clock}
		s.branches[b] = t
	}
	t.last = s.clock
	return &t.tally
}

// shorten makes the stem one of key too. All that has been counted below it is on
// one branch then.
func (s *scatter) shorten(key string) {
	n := 0
	for n < len(key) && n < len(s.stem) && key[n] == s.stem[n] {
		n++
	}
	below := s.total()
	below.sent -= s.others.sent
	below.refused -= s.others.refused
	// Where the strays belonged is not known; they are let go.
	*s = scatter{stem: s.stem[:n], any: true, branches: map[byte]*branch{s.stem[n]: {tally: below, last: s.clock}}, seen: below.sent, clock: s.clock}
}

func (s *scatter) total() tally {
	t := s.ends
	t.add(s.others)
	for _, b := range s.branches {
		t.add(b.tally)
	}
	return t
}

// fade halves what has been counted, and looks for a new stem if nearly all keys
// are on one branch.
func (s *scatter) fade() {
	total := s.total()
	for b, t := range s.branches {
		if t.sent > (1-stray)*total.sent && total.sent > 50 {
			*s = scatter{}
			return
		}
		if t.sent /= 2; t.sent < 0.5 {
			delete(s.branches, b)
		}
		t.refused /= 2
	}
	s.seen /= 2
	for _, t := range []*tally{&s.ends, &s.others} {
		t.sent /= 2
		t.refused /= 2
	}
}

const (
	// contrast is how much more often one side must be refused than the other, and
	// evidence the logarithm of the likelihood ratio, doubled, that it must have:
	// 12 is one in 2,000 by chance. Both, since partitions of equal load run full one
	// after the other, and rates that have to be learnt anew cost more than a common
	// one that is a little off. hint is what is worth waiting for more.
	contrast = 4
	evidence = 12
	hint     = 5
	// least is how many refusals there must be at all.
	least = 6
)

// present reports whether keys of b come now, and have come for a while. Where keys
// have a time in them, one branch is over when the next one comes: it is not one that
// is refused less, and may not be held against the other.
func (s *scatter) present(b *branch) bool {
	while := min(20*uint64(len(s.branches)+1), s.clock/2)
	return b.born+while <= s.clock && b.last+while >= s.clock
}

// odd returns the branch that differs most from the others, as a prefix, its tally
// and that of the rest, and by how much it differs, as a likelihood ratio. It is 0
// if none is worth a look.
func (s *scatter) odd() (prefix string, odd, rest tally, g float64) {
	var total tally
	for _, b := range s.branches {
		if s.present(b) {
			total.add(b.tally)
		}
	}
	if total.refused < least {
		return "", odd, rest, 0
	}
	var at byte
	for c, b := range s.branches {
		t := b.tally
		r := tally{total.sent - t.sent, total.refused - t.refused}
		if !s.present(b) || min(t.sent, r.sent) < 4 {
			continue
		}
		x, y := t.refused/t.sent, r.refused/r.sent
		if max(x, y) < contrast*min(x, y) {
			continue
		}
		v := likelihood(t, total) + likelihood(r, total)
		// Of two that tell the same, the one that is refused goes: what is left over,
		// and keys that nobody has seen yet, are better off without a limit.
		if x > y {
			v *= 1.0001
		}
		if v >= hint && (v > g || v == g && c < at) { // the order of a map must not matter
			g, at, odd, rest = v, c, t, r
		}
	}
	if g == 0 {
		return "", odd, rest, 0
	}
	return s.stem + string([]byte{at}), odd, rest, g
}

// folder returns the part of the stem up to its last slash, if the counts are enough
// to believe in it. A stem ends anywhere, and where keys have a time or a number in
// them it moves on with it; a folder lasts.
func (s *scatter) folder() (prefix string, ok bool) {
	i := strings.LastIndexByte(s.stem, '/')
	return s.stem[:i+1], s.any && i >= 0 && s.total().sent >= 20
}

// likelihood is the G statistic's part of one tally against all.
func likelihood(t, total tally) float64 {
	g := 0.0
	p := total.refused / total.sent
	for _, v := range [][2]float64{{t.refused, t.sent * p}, {t.sent - t.refused, t.sent * (1 - p)}} {
		if v[0] > 0 && v[1] > 0 {
			g += 2 * v[0] * math.Log(v[0]/v[1])
		}
	}
	return g
}
