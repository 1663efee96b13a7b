package transfer_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/s3pool/s3pool/s3test"
)

// classes are the kinds of what goes wrong in scenes. One with a reason in known finds a
// fault that is not mended yet, and is played only when S3POOL_ADVERSARY names it; a name
// with a minus there leaves a class out.
var classes = []struct {
	name  string
	known string // the fault; empty: none is known
	// rules are the names of rules of s3test.Quirks that belong to the class. The
	// classes without rules are about callers and resources.
	rules *regexp.Regexp
	// undetected says that only a checksum tells.
	undetected *regexp.Regexp
}{
	{name: "breaks", rules: regexp.MustCompile(`: (cut|reset|stall|lost answer)|^GetObject: hang|flip`), undetected: regexp.MustCompile(`flip`)},
	{name: "busy", rules: regexp.MustCompile(`^(503|500|429|409|499|520|400) |: 409 `)},
	{name: "checksums", rules: regexp.MustCompile(`checksum`)},
	{name: "tags", rules: regexp.MustCompile(`ETag|no conditions|no part numbers|Last-Modified|Content-Type:?$`), undetected: regexp.MustCompile(`no ETag`)},
	{name: "ranges", rules: regexp.MustCompile(`no ranges|range|answer to|Content-Range|200 to a range`), undetected: regexp.MustCompile(`Content-Range: `)},
	{name: "spin", rules: regexp.MustCompile(`nil`)},
	{name: "lengths", rules: regexp.MustCompile(`Content-Length|end after|too many`), undetected: regexp.MustCompile(`Content-Length: [01]$|end after|too many`)},
	{name: "empty2xx", rules: regexp.MustCompile(`: 200 and`)},
	{name: "silent", rules: regexp.MustCompile(`hang`)},
	{name: "changes"},
	{name: "cancel"},
	{name: "absent"},      // a reader that is left alone until all others are done
	{name: "connections"}, // fewer connections than transfers
	{name: "budget"},      // less memory than the transfers would like
	// Callers' code that panics, exits, or breaks the rules of io.
	{name: "hostile"},
}

// played returns the classes of this run.
func played() map[string]bool {
	m := map[string]bool{}
	asked := strings.Split(os.Getenv("S3POOL_ADVERSARY"), ",")
	for _, c := range classes {
		m[c.name] = c.known == "" || slices.Contains(asked, "all") || slices.Contains(asked, c.name)
	}
	for _, a := range asked {
		if name, ok := strings.CutPrefix(a, "-"); ok {
			m[name] = false
		}
	}
	return m
}

// A quirk is a rule of s3test.Quirks and what we know of it.
type quirk struct {
	s3test.Rule
	class      string
	undetected bool // only a checksum tells
	untagged   bool // it takes away what tells one version from another
}

// quirks are those of s3test that belong to a class.
var quirks = sync.OnceValue(func() []quirk {
	var list []quirk
	for _, rule := range s3test.Quirks() {
		name := rule.String()
		for _, c := range classes {
			if c.rules != nil && c.rules.MatchString(name) {
				list = append(list, quirk{rule, c.name, c.undetected != nil && c.undetected.MatchString(name),
					strings.HasPrefix(name, "GetObject: no ETag") || strings.HasPrefix(name, "GetObject: weak ETag")})
				break
			}
		}
	}
	return list
})

// chooseFaults gives the store a few quirks, and the network some bad luck.
func (s *scene) chooseFaults() {
	for range s.rng.IntN(4) {
		q := quirks()[s.rng.IntN(len(quirks()))]
		q.Times, q.Skip = pick(s.rng, 0, 1, 1, 2, 5), pick(s.rng, 0, 0, 1, 3)
		if !s.classes[q.class] {
			continue
		}
		s.rules = append(s.rules, q.Rule)
		s.undetected = s.undetected || q.undetected
		s.untagged = s.untagged || q.untagged
	}
	if s.classes["breaks"] && s.rng.IntN(2) == 0 {
		s.odds = s3test.Odds{Cut: 0.06, ResetAfter: 0.03, Stall: 0.02, Flip: pick(s.rng, 0, 0.02),
			Reset: 0.02, LoseAnswer: 0.02, SlowDown: 0.03, InternalError: 0.02, Early: 0.02,
			StallFor: pick(s.rng, 0, 100*time.Millisecond, 5*time.Second)}
		s.undetected = s.undetected || s.odds.Flip > 0
	}
	if s.classes["changes"] && s.rng.IntN(4) == 0 {
		s.changes = pick(s.rng, 0.05, 0.3)
	}
}
