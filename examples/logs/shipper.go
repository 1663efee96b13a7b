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

// A shipper is a program that writes the log files of hosts.
type shipper struct {
	client   *s3.Client
	spread   *prefix.Spread
	hosts    int
	midnight time.Time
	*tally
}

// A tally is what has become of all files.
type tally struct{ due, written, failed atomic.Int64 }

// work is worker k of all: it writes a file in every period from first on, of one
// host after the other, until ctx ends. Files that become due while one takes long
// are dropped: a host has only so much disk.
func (s *shipper) work(ctx context.Context, k int, first time.Time, period time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 0; ; i++ {
		late := time.Since(first.Add(time.Duration(i) * period))
		if late > period {
			s.due.Add(1)
			continue
		}
		timer.Reset(-late)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		switch err := s.write(ctx, fmt.Sprintf("%s/%d-%06d.log", hostName((k+i)%s.hosts), k, i)); {
		case err == nil:
			s.written.Add(1)
		case ctx.Err() != nil:
			return
		default:
			s.failed.Add(1)
		}
		s.due.Add(1)
	}
}

func (s *shipper) write(ctx context.Context, file string) error {
	day := yesterday
	if !time.Now().Before(s.midnight) {
		day = today
	}
	key, err := s.spread.Key(day + "/" + file)
	if err != nil {
		return err
	}
	_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
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
