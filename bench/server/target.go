package server

import (
	"bytes"
	"context"
	"fmt"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Kinds lists the servers that [Start] knows: "range", objects in memory served
// by net/http, and "versitygw", a real S3 over a file system.
func Kinds() []string { return []string{"range", "versitygw"} }

// Options says how to start a server.
type Options struct {
	// TLS serves over HTTPS with a certificate made on the spot. False means HTTP.
	TLS bool
	// KeepUploads makes a range server store what is uploaded, so that it can be
	// read back. False means that it reads uploads and discards them. A real S3
	// stores them always.
	KeepUploads bool
	// Link is the way from a range server to its clients. Zero means loopback as it
	// is. A real S3 has none.
	Link Link
}

// A Target is a running server with a bucket in it. It is safe for concurrent
// use. Its owner must call Close.
type Target struct {
	Kind   string // one of Kinds, or "s3" for the server that S3POOL_ENDPOINT names
	Scheme string // "http" or "https"
	Bucket string

	prefix    string // of every key
	newClient func(...func(*s3.Options)) *s3.Client
	close     func() error
	seeds     bool // the bucket starts empty

	mu   sync.Mutex
	have map[int]bool // sizes of the objects that are there
}

// Start starts a server of one of the [Kinds] in a child process. In the place
// of versitygw it connects to the server that S3POOL_ENDPOINT names, if any; see
// package s3server. ctx bounds the start only.
func Start(ctx context.Context, kind string, opts Options) (*Target, error) {
	t := &Target{Kind: kind, Scheme: "http", have: map[int]bool{}}
	if opts.TLS {
		t.Scheme = "https"
	}
	var err error
	switch kind {
	case "range":
		err = t.startRange(opts)
	case "versitygw":
		err = t.startVersitygw(ctx, opts)
	default:
		err = fmt.Errorf("it is not one of %q", Kinds())
	}
	if err != nil {
		return nil, fmt.Errorf("start server %q over %s: %w", kind, t.Scheme, err)
	}
	return t, nil
}

// Close stops the server and waits for its end.
func (t *Target) Close() error { return t.close() }

// Client returns a client that is configured as config.LoadDefaultConfig and
// s3.NewFromConfig would: checksums whenever they are supported. optFns come
// last. The clients of a target share their connections.
func (t *Target) Client(optFns ...func(*s3.Options)) *s3.Client {
	defaults := func(o *s3.Options) {
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenSupported
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
	}
	return t.newClient(append([]func(*s3.Options){defaults}, optFns...)...)
}

// Key returns the key for an object of that name.
func (t *Target) Key(name string) string { return t.prefix + name }

// Object returns the key of an object with the bytes of [Content], which it
// uploads first if the server does not have it yet.
func (t *Target) Object(ctx context.Context, size int) (key string, err error) {
	key = t.Key(objectKey(size))
	if !t.seeds {
		return key, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.have[size] {
		return key, nil
	}
	_, err = t.Client().PutObject(ctx, &s3.PutObjectInput{
		Bucket: &t.Bucket, Key: &key, Body: bytes.NewReader(Content(size)),
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme, // as S3 adds it where there is none
	})
	if err != nil {
		return "", err
	}
	t.have[size] = true
	return key, nil
}
