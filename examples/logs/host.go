package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/prefix"
)

const (
	bucket    = "logs"
	yesterday = "20261121"
	today     = "20261122"
)

func hostName(i int) string { return fmt.Sprintf("host-%02d", i) }

// A host writes log files.
type host struct {
	name     string
	client   *s3.Client
	spread   *prefix.Spread
	midnight time.Time
	files    atomic.Int64
	*tally
}

// A tally is what has become of the files of all hosts.
type tally struct{ due, written, failed atomic.Int64 }

// work writes a file every period from first on until ctx ends. Files that become
// due while one takes long are dropped: a host has only so much disk.
func (h *host) work(ctx context.Context, first time.Time, period time.Duration) {
	timer := time.NewTimer(time.Until(first))
	defer timer.Stop()
	for next := first; ; next = next.Add(period) {
		late := time.Since(next)
		if late > period {
			h.due.Add(1)
			continue
		}
		timer.Reset(-late)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		h.due.Add(1)
		switch err := h.write(ctx); {
		case err == nil:
			h.written.Add(1)
		case ctx.Err() != nil:
			return
		default:
			h.failed.Add(1)
		}
	}
}

func (h *host) write(ctx context.Context) error {
	day := yesterday
	if !time.Now().Before(h.midnight) {
		day = today
	}
	key, err := h.spread.Key(fmt.Sprintf("%s/%s/%06d.log", day, h.name, h.files.Add(1)))
	if err != nil {
		return err
	}
	_, err = h.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(bucket),
		Key:    aws.String(key),
		Body:   strings.NewReader("a line\n"),
	})
	return err
}

// errOrder would be a bug of Spread.
var errOrder = errors.New("today's files are not listed in order")

// count lists today's files, whatever shards they are in.
func count(ctx context.Context, client *s3.Client, spread *prefix.Spread) (n int, err error) {
	last := ""
	for e, err := range spread.List(ctx, client, &s3.ListObjectsV2Input{
		Bucket: aws.String(bucket),
		Prefix: aws.String(today + "/"),
	}) {
		if err != nil {
			return 0, err
		}
		if e.Key <= last {
			return 0, errOrder
		}
		last = e.Key
		n++
	}
	return n, nil
}
