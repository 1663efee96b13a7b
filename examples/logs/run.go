package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/s3test"
)

// A course is what happened in a night, in the figures of S3: rates have been
// multiplied, and times too.
type course struct {
	setup
	samples []sample

	due, written, failed int64 // files, not multiplied
	listed               int   // of today
}

// A sample is a short time of the night.
type sample struct {
	minutes         float64 // since midnight, of its middle
	served, refused float64 // writes per second, by S3's own count
	partitions      int
}

// runAll lets the setups live through the night at the same time.
func runAll(ctx context.Context, w world, setups []setup, open func(*s3test.Partitions) store) ([]course, error) {
	courses := make([]course, len(setups))
	g, ctx := errgroup.WithContext(ctx)
	for i, s := range setups {
		g.Go(func() (err error) {
			courses[i], err = run(ctx, w, s, open)
			if err != nil {
				err = fmt.Errorf("%s, %s: %w", s.keys(), s.client, err)
			}
			return err
		})
	}
	return courses, g.Wait()
}

func run(ctx context.Context, w world, s setup, open func(*s3test.Partitions) store) (course, error) {
	parts := w.newPartitions(s)
	st := open(parts)
	defer st.close()
	spread, err := s.spread()
	if err != nil {
		return course{}, err
	}
	client := st.client()
	if _, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		return course{}, err
	}

	var t tally
	start := time.Now()
	midnight := start.Add(w.before)
	work, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	defer wg.Wait()
	all := w.shippers * w.workers
	period := time.Duration(float64(all) / w.due() * float64(time.Second))
	for i := range w.shippers {
		sh := &shipper{client: st.client(s.attach()), spread: spread, hosts: w.hosts, midnight: midnight, tally: &t}
		for k := i; k < all; k += w.shippers {
			first := start.Add(period * time.Duration(k) / time.Duration(all))
			wg.Go(func() { sh.work(work, k, first, period) })
		}
	}
	c := course{setup: s}
	c.samples, err = watch(ctx, w, parts, start)
	stop()
	wg.Wait()
	if err != nil {
		return course{}, err
	}
	c.due, c.written, c.failed = t.due.Load(), t.written.Load(), t.failed.Load()
	c.listed, err = count(ctx, client, spread)
	return c, err
}

// watch samples the partitions until the night is over.
func watch(ctx context.Context, w world, parts *s3test.Partitions, start time.Time) ([]sample, error) {
	ticker := time.NewTicker(w.sample)
	defer ticker.Stop()
	var list []sample
	last, served, refused := start, int64(0), int64(0)
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		now := time.Now()
		stats := parts.Stats(bucket, now)
		per := w.slower / now.Sub(last).Seconds()
		list = append(list, sample{
			minutes:    ((now.Sub(start)+last.Sub(start))/2 - w.before).Minutes() * w.faster,
			served:     float64(stats.Served.Writes-served) * per,
			refused:    float64(stats.Refused.Writes-refused) * per,
			partitions: len(stats.Partitions),
		})
		last, served, refused = now, stats.Served.Writes, stats.Refused.Writes
		if now.Sub(start) >= w.before+w.after {
			return list, nil
		}
	}
}

// mean returns what was served and refused on average between two minutes.
func (c course) mean(from, to float64) (served, refused float64) {
	n := 0.0
	for _, s := range c.samples {
		if s.minutes > from && s.minutes <= to {
			served, refused, n = served+s.served, refused+s.refused, n+1
		}
	}
	return served / n, refused / n
}
