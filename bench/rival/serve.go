package rival

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"

	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
)

// serveContest is about objects as HTTP responses. Their client is a bare connection
// that allocates nothing, so that what is measured is the handler and the server around
// it, which all have.
func serveContest() Contest {
	return Contest{Verb: "client", Via: "serve", Baseline: Handler, Entries: []Entry{
		{S3pool, newServe(serveS3pool())},
		{Unverified, newServe(serveS3pool(unverified))},
		{Handler, newServe(serveByHand(io.Copy))},
		{CopyBuffer, newServe(serveByHand(copyBuffer()))},
		{Copy, newServe(serveByHand(s3pool.Copy))},
		{SDK, newServe(serveFloor)},
	}}
}

// A handler makes what answers with the scene's object.
type handler func(*Scene, s3.GetObjectInput) func(http.ResponseWriter, *http.Request) error

func serveS3pool(optFns ...func(*transfer.Options)) handler {
	return func(scene *Scene, in s3.GetObjectInput) func(http.ResponseWriter, *http.Request) error {
		client := transfer.New(scene.Target.Client(), optFns...)
		return func(w http.ResponseWriter, r *http.Request) error { return s3http.Serve(w, r, client, &in) }
	}
}

// copyBuffer is the loop that Git LFS servers have, with a pool of buffers.
func copyBuffer() func(io.Writer, io.Reader) (int64, error) {
	buffers := sync.Pool{New: func() any { return new([usualStep]byte) }}
	return func(w io.Writer, r io.Reader) (int64, error) {
		buf := buffers.Get().(*[usualStep]byte)
		defer buffers.Put(buf)
		return io.CopyBuffer(w, r, buf[:])
	}
}

// serveByHand is what one writes: the headers that matter, and a copy.
func serveByHand(copy func(io.Writer, io.Reader) (int64, error)) handler {
	return func(scene *Scene, in s3.GetObjectInput) func(http.ResponseWriter, *http.Request) error {
		client := scene.Target.Client(withoutChecksums)
		return func(w http.ResponseWriter, r *http.Request) error {
			out, err := client.GetObject(r.Context(), &in)
			if err != nil {
				return err
			}
			defer out.Body.Close()
			h := w.Header()
			h.Set("Content-Length", strconv.FormatInt(aws.ToInt64(out.ContentLength), 10))
			h.Set("Content-Type", aws.ToString(out.ContentType))
			h.Set("ETag", aws.ToString(out.ETag))
			h.Set("Last-Modified", out.LastModified.UTC().Format(http.TimeFormat))
			_, err = copy(w, out.Body)
			return err
		}
	}
}

// serveFloor is the SDK's call, the one header that a body needs, and a recycled buffer.
func serveFloor(scene *Scene, in s3.GetObjectInput) func(http.ResponseWriter, *http.Request) error {
	client := scene.Target.Client(withoutChecksums)
	buffers := sync.Pool{New: func() any { return new([usualStep]byte) }}
	length := []string{strconv.Itoa(int(scene.Size))}
	return func(w http.ResponseWriter, r *http.Request) error {
		out, err := client.GetObject(r.Context(), &in)
		if err != nil {
			return err
		}
		defer out.Body.Close()
		w.Header()["Content-Length"] = length
		buf := buffers.Get().(*[usualStep]byte)
		defer buffers.Put(buf)
		for {
			n, err := out.Body.Read(buf[:])
			if _, err := w.Write(buf[:n]); err != nil {
				return err
			}
			if err == io.EOF {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
}

// served is a rival that is a server, and its client.
type served struct {
	scene *Scene
	conn  net.Conn
	in    *bufio.Reader
	errs  chan error // of the handler
}

func newServe(h handler) func(context.Context, *Scene) (Rival, error) {
	return func(ctx context.Context, scene *Scene) (Rival, error) {
		in, err := object(ctx, scene)
		if err != nil {
			return nil, err
		}
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		s := &served{scene: scene, errs: make(chan error, 1)}
		answer := h(scene, in)
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.errs <- answer(w, r) })}
		go srv.Serve(ln)
		if s.conn, err = net.Dial("tcp", ln.Addr().String()); err != nil {
			return nil, errors.Join(err, srv.Close())
		}
		s.in = bufio.NewReaderSize(s.conn, 64<<10)
		context.AfterFunc(ctx, func() {
			s.conn.Close()
			srv.Close()
		})
		return s, nil
	}
}

var serveRequest = []byte("GET / HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\n\r\n")

func (s *served) Move(_ context.Context, see func([]byte)) error {
	if _, err := s.conn.Write(serveRequest); err != nil {
		return err
	}
	length, err := s.header()
	if err != nil {
		return err
	}
	if err := wantSize(s.scene, int64(length)); err != nil {
		return err
	}
	if see == nil {
		_, err = s.in.Discard(length)
	} else {
		b := make([]byte, length)
		if _, err = io.ReadFull(s.in, b); err == nil {
			see(b)
		}
	}
	return errors.Join(err, <-s.errs)
}

// header reads the head of an answer of 200 and returns the length of its body.
func (s *served) header() (length int, err error) {
	for first := true; ; first = false {
		line, err := s.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first && !bytes.Equal(line, []byte("HTTP/1.1 200 OK")) {
			return 0, fmt.Errorf("the handler answered %q: %w", line, <-s.errs)
		}
		if len(line) == 0 {
			return length, nil
		}
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(v)); err != nil {
				return 0, err
			}
		}
	}
}
