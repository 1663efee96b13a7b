package prefix

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// PrefixStats is what a [Pacer] has learnt of a prefix of a bucket's keys. It is for
// the keys that do not have a longer prefix of the list.
type PrefixStats struct {
	Bucket string
	Prefix string // "" for all keys
	Write  bool   // PUT, COPY, POST and DELETE; else GET and HEAD

	Rate    float64 // requests per second that may be sent, 0 for as many as there are
	Waiting int     // attempts that wait

	// Since the prefix has had a rate of its own:
	Served    int64         // attempts that were not refused
	Throttled int64         // attempts that were
	Waited    int64         // attempts that had to wait
	WaitTime  time.Duration // in all
}

// Stats returns what has been learnt and not been forgotten, in the order of buckets,
// reads before writes, and prefixes. Of buckets that have refused nothing there is
// nothing. Each bucket is consistent in itself.
func (p *Pacer) Stats() []PrefixStats {
	var list []PrefixStats
	now := time.Now()
	for k, l := range p.snapshot() {
		l.mu.Lock()
		if l.sweep(now); l.tree.root != nil {
			list = l.tree.root.stats(k, list)
		}
		l.mu.Unlock()
	}
	slices.SortFunc(list, func(a, b PrefixStats) int {
		write := 0
		if a.Write != b.Write {
			write = 1
			if b.Write {
				write = -1
			}
		}
		return cmp.Or(cmp.Compare(a.Bucket, b.Bucket), write, cmp.Compare(a.Prefix, b.Prefix))
	})
	return list
}

func (n *node) stats(k laneKey, list []PrefixStats) []PrefixStats {
	f := n.flow
	s := PrefixStats{
		Bucket: k.bucket, Prefix: f.prefix, Write: k.write, Waiting: f.queue.n,
		Served: f.served, Throttled: f.throttled, Waited: f.waited, WaitTime: f.waitTime,
	}
	if f.limited() {
		s.Rate = f.rate
	}
	list = append(list, s)
	for _, c := range n.children {
		list = c.stats(k, list)
	}
	return list
}

// String returns a line for each prefix that has a rate of its own.
func (p *Pacer) String() string {
	list := p.Stats()
	if len(list) == 0 {
		return "nothing has been refused"
	}
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "rate/s\twaiting\tserved\tthrottled\twaited\taverage wait\t  prefix")
	for _, s := range list {
		rate, kind, wait := "no limit", "reads of", time.Duration(0)
		if s.Rate > 0 {
			rate = fmt.Sprintf("%.0f", s.Rate)
		}
		if s.Write {
			kind = "writes to"
		}
		if s.Waited > 0 {
			wait = (s.WaitTime / time.Duration(s.Waited)).Round(100 * time.Microsecond)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%v\t  %s %s\n", rate, s.Waiting, s.Served, s.Throttled, s.Waited, wait, kind, printable(s.Bucket+"/"+s.Prefix+"*"))
	}
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}
