package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
)

// works are the kinds of transfers.
var works = map[string]func(*worker, context.Context) error{
	"get": get, "range": getRange, "stream": stream, "peek": peek, "slow": slow, "download": download,
	"put": put, "putstream": putStream, "putfile": putFile, "copy": copyObject, "cancel": cancelled,
	"dropin": dropInGet, "dropinfile": dropInFile, "upload": dropInPut,
	"serve": serve, "receive": receive, "lfs": push,
}

func get(w *worker, ctx context.Context) error {
	// A Get has its object in memory as a whole.
	o := w.small(w.sc.Budget)
	obj, err := w.client.Get(ctx, o.in(), w.progress)
	if err != nil {
		return err
	}
	defer obj.Release()
	return same(o, obj.Bytes())
}

func getRange(w *worker, ctx context.Context) error {
	o := w.small(w.sc.Budget)
	if len(o.data) == 0 || w.sc.Faults.flip > 0 {
		return get(w, ctx) // it has no range, or a range has no checksum that would tell
	}
	from := w.rng.IntN(len(o.data))
	to := from + w.rng.IntN(len(o.data)-from)
	in := o.in()
	in.Range = new(fmt.Sprintf("bytes=%d-%d", from, to))
	obj, err := w.client.Get(ctx, in, w.progress)
	if err != nil {
		return err
	}
	defer obj.Release()
	return same(object{o.key, o.data[from : to+1]}, obj.Bytes())
}

func stream(w *worker, ctx context.Context) error {
	o := w.pick()
	r, err := w.client.Open(ctx, o.in(), w.progress)
	if err != nil {
		return err
	}
	defer r.Close()
	got := bytes.NewBuffer(make([]byte, 0, len(o.data)))
	if w.rng.IntN(2) == 0 {
		_, err = r.WriteTo(got)
	} else {
		_, err = io.CopyBuffer(struct{ io.Writer }{got}, struct{ io.Reader }{r}, make([]byte, 1+w.rng.IntN(part)))
	}
	if err != nil {
		return err
	}
	return same(o, got.Bytes())
}

// peek reads a little and goes. What it has read is not verified, unless it asks.
func peek(w *worker, ctx context.Context) error {
	o := w.pick()
	r, err := w.client.Open(ctx, o.in(), w.progress)
	if err != nil {
		return err
	}
	defer r.Close()
	got := make([]byte, w.rng.IntN(len(o.data)/2+1))
	if _, err := io.ReadFull(r, got); err != nil {
		return err
	}
	if w.sc.Faults.flip > 0 {
		if _, err := r.Verify(); err != nil {
			return err
		}
	}
	return same(object{o.key, o.data[:len(got)]}, got)
}

// slow reads with pauses, while others wait for its memory and connection.
func slow(w *worker, ctx context.Context) error {
	o := w.pick()
	r, err := w.client.Open(ctx, o.in(), w.progress)
	if err != nil {
		return err
	}
	defer r.Close()
	var got []byte
	buf := make([]byte, len(o.data)/5+1)
	for {
		n, err := io.ReadFull(r, buf)
		got = append(got, buf[:n]...)
		w.step()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && len(got) == len(o.data) {
			return same(o, got)
		}
		if err != nil {
			return err
		}
		time.Sleep(time.Duration(w.rng.IntN(50)) * time.Millisecond) // it is slow
	}
}

func download(w *worker, ctx context.Context) error {
	o := w.pick()
	f, err := os.Create(w.path())
	if err != nil {
		return wrong{err}
	}
	defer f.Close()
	if _, err := w.client.Download(ctx, f, o.in(), w.progress); err != nil {
		return err
	}
	got, err := os.ReadFile(w.path())
	if err != nil {
		return wrong{err}
	}
	return same(o, got)
}

func put(w *worker, ctx context.Context) error {
	key, data := w.upload()
	in := putInput(key)
	in.Body = bytes.NewReader(data)
	if _, err := w.client.Put(ctx, in, w.putProgress); err != nil {
		return err
	}
	return w.look(key, data)
}

func putStream(w *worker, ctx context.Context) error {
	key, data := w.upload()
	in := putInput(key)
	in.Body = struct{ io.Reader }{bytes.NewReader(data)}
	if _, err := w.client.Put(ctx, in, w.putProgress); err != nil {
		return err
	}
	return w.look(key, data)
}

func putFile(w *worker, ctx context.Context) error {
	key, data := w.upload()
	if err := os.WriteFile(w.path()+".up", data, 0o600); err != nil {
		return wrong{err}
	}
	f, err := os.Open(w.path() + ".up")
	if err != nil {
		return wrong{err}
	}
	defer f.Close()
	in := putInput(key)
	in.Body = f
	if _, err := w.client.Put(ctx, in, w.putProgress); err != nil {
		return err
	}
	return w.look(key, data)
}

// copyObject puts what it reads: both ends hold memory and connections.
func copyObject(w *worker, ctx context.Context) error {
	o := w.pick()
	key, _ := w.upload()
	r, err := w.client.Open(ctx, o.in(), w.progress)
	if err != nil {
		return err
	}
	defer r.Close()
	in := putInput(key)
	in.Body = r
	if _, err := w.client.Put(ctx, in, w.putProgress); err != nil {
		return err
	}
	return w.look(key, o.data)
}

// cancelled is a caller who gives up after a moment.
func cancelled(w *worker, ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	timer := time.AfterFunc(time.Duration(w.rng.IntN(20_000))*time.Microsecond, stop)
	defer timer.Stop()
	defer stop()
	kinds := []func(*worker, context.Context) error{get, stream, download, put, putStream}
	err := kinds[w.rng.IntN(len(kinds))](w, ctx)
	if _, isWrong := errors.AsType[wrong](err); !isWrong && ctx.Err() != nil {
		return context.Canceled
	}
	return err
}

// dropInGet is the manager with our memory. It does not try a request again as we do.
func dropInGet(w *worker, ctx context.Context) error {
	o := w.small(w.sc.Budget)
	buf := w.pool.NewWriteAtBuffer()
	defer buf.Release()
	_, err := w.pool.NewDownloader(w.api, smallParts).Download(ctx, buf, o.in())
	if err != nil {
		if len(o.data) == 0 {
			return nil // the manager asks for a range, and an empty object has none
		}
		return err
	}
	return same(o, buf.Bytes())
}

func smallParts(d *manager.Downloader) { d.PartSize, d.Concurrency = part, 3 }

func dropInFile(w *worker, ctx context.Context) error {
	o := w.pick()
	f, err := os.Create(w.path())
	if err != nil {
		return wrong{err}
	}
	defer f.Close()
	if _, err := w.pool.NewDownloader(w.api, smallParts).Download(ctx, f, o.in()); err != nil {
		if len(o.data) == 0 {
			return nil
		}
		return err
	}
	got, err := os.ReadFile(w.path())
	if err != nil {
		return wrong{err}
	}
	return same(o, got)
}

func dropInPut(w *worker, ctx context.Context) error {
	key, data := w.upload()
	in := putInput(key)
	in.Body = bytes.NewReader(data)
	if _, err := w.pool.NewUploader(w.api).Upload(ctx, in); err != nil {
		return err
	}
	return w.look(key, data)
}
