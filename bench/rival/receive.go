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
	"os"
	"path/filepath"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/transfer"
)

// receiveContest is about the bodies of HTTP requests that become objects. Their client is
// a bare connection, as in serveContest.
func receiveContest() Contest {
	return Contest{Verb: "client", Via: "receive", Baseline: Manager, Entries: []Entry{
		{S3pool, newReceive(receiveS3pool)},
		{Manager, newReceive(receiveManager)},
		{Spool, newReceive(receiveSpooled)},
	}}
}

// A receiver makes what puts a request's body under a key.
type receiver func(*Scene) func(w http.ResponseWriter, r *http.Request, key string) error

func receiveS3pool(scene *Scene) func(http.ResponseWriter, *http.Request, string) error {
	client := transfer.New(scene.Target.Client())
	return func(w http.ResponseWriter, r *http.Request, key string) error {
		_, err := s3http.Receive(w, r, client, &s3.PutObjectInput{Bucket: &scene.Target.Bucket, Key: &key})
		return err
	}
}

func receiveManager(scene *Scene) func(http.ResponseWriter, *http.Request, string) error {
	uploader := manager.NewUploader(scene.Target.Client())
	return func(_ http.ResponseWriter, r *http.Request, key string) error {
		_, err := uploader.Upload(r.Context(), &s3.PutObjectInput{Bucket: &scene.Target.Bucket, Key: &key, Body: r.Body})
		return err
	}
}

// receiveSpooled is what Git LFS servers do: through a pooled buffer into a file, and the file
// into S3.
func receiveSpooled(scene *Scene) func(http.ResponseWriter, *http.Request, string) error {
	uploader := manager.NewUploader(scene.Target.Client())
	copyInto := copyBuffer()
	path := filepath.Join(scene.Dir, "spool")
	return func(_ http.ResponseWriter, r *http.Request, key string) error {
		f, err := os.Create(path)
		if err != nil {
			return err
		}
		defer os.Remove(path)
		defer f.Close()
		if _, err := copyInto(f, r.Body); err != nil {
			return err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		_, err = uploader.Upload(r.Context(), &s3.PutObjectInput{Bucket: &scene.Target.Bucket, Key: &key, Body: f})
		return err
	}
}

// received is a rival that is a server, and its client.
type received struct {
	scene *Scene
	key   string
	conn  net.Conn
	in    *bufio.Reader
	head  []byte
	body  []byte
	errs  chan error // of the handler
}

func newReceive(new receiver) func(context.Context, *Scene) (Rival, error) {
	return func(ctx context.Context, scene *Scene) (Rival, error) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		s := &received{scene: scene, key: scene.Target.Key("received"), body: scene.content(), errs: make(chan error, 1)}
		s.head = []byte("PUT / HTTP/1.1\r\nHost: bench\r\nContent-Length: " + strconv.Itoa(len(s.body)) + "\r\n\r\n")
		receive := new(scene)
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.errs <- receive(w, r, s.key) })}
		go srv.Serve(ln)
		if s.conn, err = net.Dial("tcp", ln.Addr().String()); err != nil {
			return nil, errors.Join(err, srv.Close())
		}
		s.in = bufio.NewReader(s.conn)
		context.AfterFunc(ctx, func() {
			s.conn.Close()
			srv.Close()
		})
		return s, nil
	}
}

func (s *received) Move(ctx context.Context, see func([]byte)) error {
	bufs := net.Buffers{s.head, s.body}
	if _, err := bufs.WriteTo(s.conn); err != nil {
		return err
	}
	if err := <-s.errs; err != nil {
		return err
	}
	if err := s.answer(); err != nil || see == nil {
		return err
	}
	b, err := readBack(ctx, s.scene, s.scene.Target.Client(), s.key)
	if err == nil {
		see(b)
	}
	return err
}

// answer reads an answer of 200 without a body.
func (s *received) answer() error {
	for first := true; ; first = false {
		line, err := s.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if first && !bytes.Equal(line, []byte("HTTP/1.1 200 OK")) {
			return fmt.Errorf("the handler answered %q", line)
		}
		if len(line) == 0 {
			return nil
		}
	}
}
