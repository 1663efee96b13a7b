package rival

import (
	"bytes"
	"context"
	"io"
	"time"

	"github.com/s3pool/s3pool/transfer"

	"github.com/s3pool/s3pool/bench/server"
)

// The link that S3 is: its guidelines speak of 85 to 90 MB/s for one request.
var s3Link = server.Link{Rate: 90e6, FirstByte: 20 * time.Millisecond}

const streamSize = 256 << 20

// parallel is the number of requests in flight of those who let it be chosen. It is
// what the others have of themselves.
const parallel = 5

// openContest is about large objects as streams, from a server as far away as S3.
func openContest() Contest {
	return Contest{
		Verb: "client", Via: "open", Baseline: Manager, Sizes: []Size{streamSize}, Link: s3Link, Slow: true,
		Entries: []Entry{
			{S3pool4K, newStream(openS3pool(), 4<<10)},
			{S3pool32K, newStream(openS3pool(), usualStep)},
			{S3pool1M, newStream(openS3pool(), 1<<20)},
			{S3poolWriteTo, newStream(openS3pool(), writeTo)},
			{Unverified32K, newStream(openS3pool(unverified), usualStep)},
			{UnverifiedWriteTo, newStream(openS3pool(unverified), writeTo)},
			{Manager, newDiscarding},
			{Minio, newStream(openMinio(parallel), usualStep)},
			{TMGet, newStream(openTM, usualStep)},
			{SDK, newStream(openSDK, usualStep)},
		},
	}
}

// openContest1 is the same with one processor. It leaves out transfermanager, which
// takes minutes there.
func openContest1() Contest {
	c := openContest()
	c.Via, c.Procs = "open1", 1
	c.Entries = []Entry{
		{S3pool32K, newStream(openS3pool(), usualStep)},
		{S3poolWriteTo, newStream(openS3pool(), writeTo)},
		{Manager, newDiscarding},
		{SDK, newStream(openSDK, usualStep)},
	}
	return c
}

func openS3pool(optFns ...func(*transfer.Options)) opener {
	return func(ctx context.Context, scene *Scene) (func(context.Context) (io.ReadCloser, error), error) {
		in, err := object(ctx, scene)
		if err != nil {
			return nil, err
		}
		client := transfer.New(scene.Target.Client(), optFns...)
		return func(ctx context.Context) (io.ReadCloser, error) { return client.Open(ctx, &in) }, nil
	}
}

// Steps of reading.
const (
	usualStep = 32 << 10 // io.Copy's
	writeTo   = 0        // no step: io.WriterTo
)

// streamed is a rival that reads to the end and keeps nothing.
type streamed struct {
	scene *Scene
	open  func(context.Context) (io.ReadCloser, error)
	buf   []byte // empty: io.WriterTo
	first time.Duration
}

func newStream(o opener, step int) func(context.Context, *Scene) (Rival, error) {
	return func(ctx context.Context, scene *Scene) (Rival, error) {
		open, err := o(ctx, scene)
		if err != nil {
			return nil, err
		}
		return &streamed{scene: scene, open: open, buf: make([]byte, step)}, nil
	}
}

func (s *streamed) FirstByte() time.Duration { return s.first }

func (s *streamed) Move(ctx context.Context, see func([]byte)) error {
	sink := &sink{start: time.Now()}
	if see != nil {
		sink.kept = new(bytes.Buffer)
	}
	body, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer body.Close()
	if len(s.buf) == 0 {
		_, err = body.(io.WriterTo).WriteTo(sink)
	} else {
		err = sink.readAll(body, s.buf)
	}
	if err != nil {
		return err
	}
	s.first = sink.first
	if see != nil {
		see(sink.kept.Bytes())
	}
	return wantSize(s.scene, sink.n)
}

// A sink counts what is written to it.
type sink struct {
	start time.Time
	first time.Duration // until the first byte
	n     int64
	kept  *bytes.Buffer // nil for nothing
}

func (s *sink) Write(p []byte) (int, error) {
	if s.n == 0 && len(p) > 0 {
		s.first = time.Since(s.start)
	}
	s.n += int64(len(p))
	if s.kept != nil {
		s.kept.Write(p)
	}
	return len(p), nil
}

// readAll is io.CopyBuffer without its search for shortcuts.
func (s *sink) readAll(r io.Reader, buf []byte) error {
	for {
		n, err := r.Read(buf)
		s.Write(buf[:n])
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// newDiscarding is the manager, which knows no streams: it may write anywhere at any
// time, to a destination that does nothing.
func newDiscarding(ctx context.Context, scene *Scene) (Rival, error) {
	in, err := object(ctx, scene)
	if err != nil {
		return nil, err
	}
	d, err := newDownloader(Manager, scene.Target.Client(withoutChecksums))
	if err != nil {
		return nil, err
	}
	return call(func(ctx context.Context, see func([]byte)) error {
		if see != nil {
			return intoMemory(scene, func(w io.WriterAt) error {
				_, err := d.Download(ctx, w, &in)
				return err
			}, see)
		}
		n, err := d.Download(ctx, discard{}, &in)
		if err != nil {
			return err
		}
		return wantSize(scene, n)
	}), nil
}

type discard struct{}

func (discard) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }
