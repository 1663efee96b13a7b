package s3test

import (
	"fmt"
	"strings"
	"time"
)

// Traffic is a number of requests.
type Traffic struct {
	Reads  int64 // GET and HEAD
	Writes int64 // PUT, COPY, POST and DELETE
}

func (t *Traffic) add(kind, n int) {
	if kind == writes {
		t.Writes += int64(n)
	} else {
		t.Reads += int64(n)
	}
}

type counts struct{ served, refused Traffic }

func (c *counts) add(kind, served, refused int) {
	c.served.add(kind, served)
	c.refused.add(kind, refused)
}

func (c *counts) merge(o counts) {
	c.served.Reads += o.served.Reads
	c.served.Writes += o.served.Writes
	c.refused.Reads += o.refused.Reads
	c.refused.Writes += o.refused.Writes
}

// PartitionStats is a bucket at a time.
type PartitionStats struct {
	Partitions []Partition // in the order of their keys
	Served     Traffic     // since the beginning
	Refused    Traffic     // since the beginning
	Splits     int         // since the beginning
	Merges     int         // since the beginning
}

// A Partition is a range of the keys of a bucket.
type Partition struct {
	Start string // the first key
	End   string // the first key of the next partition, "" if there is none

	// ReadLoad and WriteLoad are the requests per second that it has been asked for,
	// served or not, over about the last ten seconds.
	ReadLoad, WriteLoad float64

	// Served and Refused are since the beginning. The left half of a split takes
	// those of the whole with it.
	Served, Refused Traffic

	// Loaded is for how long it has been loaded; it splits at SplitAfter.
	Loaded, SplitAfter time.Duration
}

// String returns the partition in a line.
func (p Partition) String() string {
	return fmt.Sprintf("[%q, %q) %.0f reads/s, %.0f writes/s, %d served, %d refused",
		p.Start, p.End, p.ReadLoad, p.WriteLoad, p.Served.Reads+p.Served.Writes, p.Refused.Reads+p.Refused.Writes)
}

// Stats returns what there is of a bucket at now. Of a bucket that no request has
// been for there is nothing.
func (p *Partitions) Stats(bucket string, now time.Time) PartitionStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.buckets[bucket] == nil {
		return PartitionStats{}
	}
	b := p.advance(bucket, now)
	s := PartitionStats{Served: b.counts.served, Refused: b.counts.refused, Splits: b.splits, Merges: b.merges}
	for i, part := range b.parts {
		v := Partition{
			Start:    part.start,
			ReadLoad: part.load[reads], WriteLoad: part.load[writes],
			Served: part.counts.served, Refused: part.counts.refused,
			Loaded: part.loaded, SplitAfter: part.splitAfter,
		}
		if i+1 < len(b.parts) {
			v.End = b.parts[i+1].start
		}
		s.Partitions = append(s.Partitions, v)
	}
	return s
}

// String returns the bucket, a line for each partition.
func (s PartitionStats) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d partitions, %d served, %d refused, %d splits, %d merges\n",
		len(s.Partitions), s.Served.Reads+s.Served.Writes, s.Refused.Reads+s.Refused.Writes, s.Splits, s.Merges)
	for _, p := range s.Partitions {
		fmt.Fprintf(&b, "  %v\n", p)
	}
	return b.String()
}
