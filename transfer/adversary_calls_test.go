package transfer_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/transfer"
)

// An act is one call of a scene, and its caller.
type act struct {
	id      int
	kind    string
	key     string
	size    int                 // of the object when the scene began
	rng     func([]byte) []byte // what of the object is asked for
	header  string              // the Range header
	verify  transfer.VerifyMode
	waits   bool   // the caller of a Reader stops until all others are done
	hostile string // what the caller's code does
	at      int    // bytes after which it does
	body    []byte // of a Put
	pause   time.Duration

	cancelAt int // the request at which the caller cancels; 0: never
	ctx      context.Context
	cancel   context.CancelFunc

	ended   atomic.Bool
	outcome string
}

var kinds = []string{"Get", "Get", "Open", "Open", "OpenPart", "OpenExact", "WriteTo", "Download", "Head", "PutBytes", "PutAt", "PutLen", "PutStream", "PutObject"}

func (s *scene) newAct(id int) *act {
	a := &act{id: id, kind: pick(s.rng, kinds...), key: fmt.Sprintf("object%d", s.rng.IntN(4)), rng: func(b []byte) []byte { return b },
		verify: pick(s.rng, transfer.VerifyDefault, transfer.VerifyAvailable, transfer.VerifyRequired, transfer.VerifyNever)}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.pause = pick(s.rng, 0, 0, 0, time.Millisecond, 3*time.Second)
	a.size = len(s.versions[a.key][0])
	if size := a.size; size > 0 && s.rng.IntN(4) == 0 {
		from := s.rng.IntN(size)
		to := from + s.rng.IntN(size-from)
		a.header = fmt.Sprintf("bytes=%d-%d", from, to)
		a.rng = func(b []byte) []byte { return b[min(from, len(b)):min(to+1, len(b))] }
	}
	if a.kind[:3] == "Put" {
		a.body = pattern(pick(s.rng, 0, 1, smallPart-1, smallPart, smallPart+1, 2*smallPart+7, 5*smallPart+3))
		if len(a.body) > 0 {
			a.body[0] ^= byte(id)
		}
	}
	if !s.clean && s.classes["cancel"] && s.rng.IntN(5) == 0 {
		a.cancelAt = 1 + s.rng.IntN(12)
	}
	if s.classes["absent"] && (a.kind == "Open" || a.kind == "OpenPart") && s.rng.IntN(4) == 0 {
		a.waits = true
	}
	if !s.clean && s.classes["hostile"] && s.rng.IntN(6) == 0 {
		a.hostile, a.at = pick(s.rng, "panic", "Goexit", "(0, nil)", "n and an error", "too much"), pick(s.rng, 0, 1, smallPart, 2*smallPart)
	}
	return a
}

func (a *act) String() string {
	s := fmt.Sprintf("%d %s %s %s verify=%d", a.id, a.kind, a.key, a.header, a.verify)
	if a.body != nil {
		s += fmt.Sprintf(" %d bytes", len(a.body))
	}
	if a.waits {
		s += " waits for the others"
	}
	if a.cancelAt > 0 {
		s += fmt.Sprintf(" cancelled at request %d", a.cancelAt)
	}
	if a.hostile != "" {
		s += fmt.Sprintf(" hostile after %d bytes: %s", a.at, a.hostile)
	}
	return s
}

// requested is called for each request of the scene.
func (a *act) requested(n int) {
	if n == a.cancelAt {
		a.cancel()
	}
}

// run calls, and checks what comes of it.
func (a *act) run(s *scene, others <-chan struct{}) {
	returned := false
	defer func() {
		p := recover()
		switch {
		case p == nil && returned:
		case p == nil:
			a.outcome = "exited"
			if a.hostile != "Goexit" {
				s.find("%v: the goroutine has exited", a)
			}
		case fmt.Sprint(p) == hostility || a.hostile == "panic" && bytes.Contains(fmt.Append(nil, p), []byte(hostility)):
			a.outcome = "panicked"
		default:
			a.outcome = "panicked"
			s.find("%v: panic: %v\n%s", a, p, debug.Stack())
		}
		a.cancel()
		a.ended.Store(true)
		events.Add(1)
	}()
	data, v, err := a.call(s, others)
	returned = true
	a.judge(s, data, v, err)
}

const hostility = "the caller panics"

// judge says whether what came of the call may be.
func (a *act) judge(s *scene, data []byte, v transfer.Verification, err error) {
	if err != nil {
		a.outcome = "failed"
		e, ok := errors.AsType[*transfer.Error](err)
		switch {
		case !ok && a.hostile == "" && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
			s.find("%v: %T is no *transfer.Error: %v", a, err, err)
		case ok && e.Key == "":
			s.find("%v: an error without the key: %v", a, err)
		case errors.Is(err, context.Canceled) && a.cancelAt == 0 && a.ctx.Err() == nil:
			s.find("%v: nobody has cancelled: %v", a, err)
		case s.clean && a.hostile == "" && !a.mayFail(s, err):
			s.find("%v: nothing was wrong, and it failed: %v", a, err)
		}
		a.outcome = "failed"
		return
	}
	a.outcome = "right"
	if a.body != nil {
		o, ok := s.fake.Object("bucket", a.putKey())
		if !ok || a.kind != "PutObject" && !bytes.Equal(o.Data, a.body) || a.kind == "PutObject" && !s.undetected && !s.right(a.key, o.Data, a.rng) {
			s.find("%v: a success, and the object is not there (%v), or another of %d bytes", a, ok, len(o.Data))
		}
		return
	}
	if v.Verified() {
		a.outcome = "verified"
	}
	if data == nil {
		a.outcome = "partly read"
		return
	}
	if a.verify == transfer.VerifyRequired && !v.Verified() {
		s.find("%v: a success that is not verified: %+v", a, v)
	}
	if (v.Verified() || !s.undetected) && !s.right(a.key, data, a.rng) {
		s.find("%v: %d wrong bytes called right (%+v)", a, len(data), v)
	}
}

// mayFail reports whether a call may fail though nothing is wrong.
func (a *act) mayFail(s *scene, err error) bool {
	size := int64(len(a.body))
	if a.kind[:3] != "Put" || a.kind == "PutObject" {
		size = int64(a.size)
	}
	tooLarge := errors.Is(err, s3pool.ErrBudget) || errors.Is(err, s3pool.ErrTooLarge)
	return tooLarge && s.budget > 0 && s.budget < 2*size+4*smallPart || errors.Is(err, transfer.ErrUnverified)
}

func (a *act) putKey() string { return fmt.Sprintf("put%d", a.id) }

func (a *act) input() *s3.GetObjectInput {
	in := &s3.GetObjectInput{Bucket: aws.String("bucket"), Key: aws.String(a.key)}
	if a.header != "" {
		in.Range = aws.String(a.header)
	}
	return in
}

// call does it. It returns no data, and no error, for what it has not read to the end.
func (a *act) call(s *scene, others <-chan struct{}) ([]byte, transfer.Verification, error) {
	verify := func(o *transfer.DownloadOptions) {
		o.Verify = a.verify
		if a.hostile == "panic" && a.kind == "Get" {
			o.Progress = func(transfer.Progress) { panic(hostility) }
		}
	}
	switch a.kind {
	case "Get":
		o, err := s.client.Get(a.ctx, a.input(), verify)
		if err != nil {
			return nil, transfer.Verification{}, err
		}
		defer o.Release()
		time.Sleep(a.pause)
		return append([]byte{}, o.Bytes()...), o.Verification, nil
	case "Download":
		w := &sink{a: a}
		out, err := s.client.Download(a.ctx, w, a.input(), verify)
		if err != nil {
			return nil, transfer.Verification{}, err
		}
		if out.Written != int64(len(w.data)) {
			s.find("%v: %d bytes written, %d said to be", a, len(w.data), out.Written)
		}
		return append([]byte{}, w.data...), out.Verification, nil
	case "Head":
		_, err := s.client.Head(a.ctx, &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: aws.String(a.key)}, verify)
		return nil, transfer.Verification{}, err
	case "Open", "OpenPart", "OpenExact", "WriteTo":
		r, err := s.client.Open(a.ctx, a.input(), verify)
		if err != nil {
			return nil, transfer.Verification{}, err
		}
		defer r.Close()
		return a.read(s, r, others)
	}
	return nil, transfer.Verification{}, a.upload(s, verify)
}

// read reads from an open object.
func (a *act) read(s *scene, r *transfer.Reader, others <-chan struct{}) ([]byte, transfer.Verification, error) {
	got := []byte{}
	if a.kind == "WriteTo" {
		w := &sink{a: a}
		if _, err := r.WriteTo(w); err != nil {
			return nil, transfer.Verification{}, err
		}
		v, err := r.Verify()
		return append(got, w.data...), v, err
	}
	buf := make([]byte, 1+(int(s.seed)+a.id)%(2*smallPart))
	for first := true; ; first = false {
		if a.kind == "OpenExact" && r.Size() >= 0 && r.Size() < mib { // a store may say 1 TiB
			got = make([]byte, r.Size())
			n, err := io.ReadFull(r, got)
			if err != nil || a.verify == transfer.VerifyNever || s.undetected && a.header != "" {
				return nil, transfer.Verification{}, err
			}
			// What has been read to its last byte is as right as what was read to the end.
			v, err := r.Verify()
			return got[:n], v, err
		}
		n, err := r.Read(buf)
		got = append(got, buf[:n]...)
		events.Add(1)
		if err == io.EOF {
			v, err := r.Verify()
			return got, v, err
		}
		if err != nil {
			return nil, transfer.Verification{}, err
		}
		if first && a.waits {
			// What cannot be fetched again is not taken back from the one who has it.
			var enough <-chan time.Time
			if s.untagged {
				enough = time.After(time.Hour)
			}
			select {
			case <-others:
			case <-enough:
			case <-a.ctx.Done():
			}
		}
		if a.kind == "OpenPart" && len(got) > a.size/2 {
			return nil, transfer.Verification{}, nil
		}
		if first {
			time.Sleep(a.pause)
		}
	}
}

// upload puts the body, or another object.
func (a *act) upload(s *scene, verify func(*transfer.DownloadOptions)) error {
	in := &s3.PutObjectInput{Bucket: aws.String("bucket"), Key: aws.String(a.putKey())}
	var body io.Reader = bytes.NewReader(a.body)
	switch a.kind {
	case "PutAt": // as a file is
		body = io.NewSectionReader(&sourceAt{a: a, r: bytes.NewReader(a.body)}, 0, int64(len(a.body)))
	case "PutLen":
		in.ContentLength = aws.Int64(int64(len(a.body)))
		body = &source{a: a, r: body}
	case "PutStream":
		body = &source{a: a, r: body}
	case "PutObject":
		r, err := s.client.Open(a.ctx, a.input(), verify)
		if err != nil {
			return err
		}
		defer r.Close()
		body = r
	}
	in.Body = body
	_, err := s.client.Put(a.ctx, in)
	return err
}

// A sink is a caller's Writer and WriterAt.
type sink struct {
	a    *act
	mu   sync.Mutex
	data []byte
}

func (w *sink) Write(p []byte) (int, error) { return w.WriteAt(p, int64(len(w.data))) }

func (w *sink) WriteAt(p []byte, off int64) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.a.hostile != "" && off+int64(len(p)) > int64(w.a.at) {
		switch w.a.hostile {
		case "panic":
			panic(hostility)
		case "Goexit":
			runtime.Goexit()
		case "(0, nil)":
			return 0, nil
		case "n and an error":
			return len(p) / 2, errHostile
		case "too much":
			return len(p) + 1, nil
		}
	}
	events.Add(1)
	if end := int(off) + len(p); end > len(w.data) {
		w.data = append(w.data, make([]byte, end-len(w.data))...)
	}
	return copy(w.data[off:], p), nil
}

var errHostile = errors.New("the caller's code fails")

// A source is a caller's Reader.
type source struct {
	a    *act
	r    io.Reader
	read int
}

func (r *source) Read(p []byte) (n int, err error) {
	if r.read == 0 {
		time.Sleep(r.a.pause)
	}
	n, err = r.a.give(p, r.read, r.r.Read)
	r.read += n
	return n, err
}

// A sourceAt is a caller's ReaderAt.
type sourceAt struct {
	a *act
	r io.ReaderAt
}

func (r *sourceAt) ReadAt(p []byte, off int64) (int, error) {
	return r.a.give(p, int(off), func(p []byte) (int, error) { return r.r.ReadAt(p, off) })
}

// give reads into p what is behind at bytes, or misbehaves.
func (a *act) give(p []byte, at int, read func([]byte) (int, error)) (int, error) {
	if a.hostile != "" && at >= a.at {
		switch a.hostile {
		case "panic":
			panic(hostility)
		case "Goexit":
			runtime.Goexit()
		case "(0, nil)":
			return 0, nil
		case "n and an error":
			n, _ := read(p[:len(p)/2])
			return n, errHostile
		case "too much":
			return len(p) + 1, nil
		}
	}
	events.Add(1)
	return read(p)
}
