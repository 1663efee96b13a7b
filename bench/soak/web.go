package soak

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
)

// do asks the front. A response that breaks is an error.
func (w *worker) do(ctx context.Context, method, path string, body []byte, header ...string) (*http.Response, []byte, error) {
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
		if w.rng.IntN(2) == 0 {
			r = struct{ io.Reader }{r} // of unknown length
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, w.front.URL+path, r)
	if err != nil {
		return nil, nil, wrong{err}
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := w.front.Client().Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(&stepping{resp.Body, w})
	return resp, got, err
}

// stepping notes what is read.
type stepping struct {
	io.Reader
	w *worker
}

func (s *stepping) Read(p []byte) (int, error) {
	s.w.step()
	return s.Reader.Read(p)
}

func serve(w *worker, ctx context.Context) error {
	o := w.pick()
	if len(o.data) > 0 && w.sc.Faults.flip == 0 && w.rng.IntN(2) == 0 { // a range has no checksum
		from := w.rng.IntN(len(o.data))
		to := from + w.rng.IntN(len(o.data)-from)
		resp, got, err := w.do(ctx, http.MethodGet, "/serve/"+o.key, nil, "Range", fmt.Sprintf("bytes=%d-%d", from, to))
		if err != nil || resp.StatusCode != http.StatusPartialContent {
			return refused(resp, err)
		}
		return same(object{o.key, o.data[from : to+1]}, got)
	}
	resp, got, err := w.do(ctx, http.MethodGet, "/serve/"+o.key, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		return refused(resp, err)
	}
	return same(o, got)
}

func receive(w *worker, ctx context.Context) error {
	key, data := w.upload()
	resp, _, err := w.do(ctx, http.MethodPut, "/receive/"+key, data)
	if err != nil || resp.StatusCode != http.StatusOK {
		return refused(resp, err)
	}
	return w.look(key, data)
}

// push is what a Git LFS client does: it asks whether the object is there, puts it, and asks
// again. One in four has the wrong bytes.
func push(w *worker, ctx context.Context) error {
	_, data := w.upload()
	sum := sha256.Sum256(data)
	oid := "upload-" + hex.EncodeToString(sum[:])
	defer w.store.Delete(bucket, oid)
	if resp, _, err := w.do(ctx, http.MethodHead, "/lfs/"+oid, nil); err != nil || resp.StatusCode != http.StatusNotFound {
		if err == nil && resp.StatusCode == http.StatusOK {
			return nil // it is there: nothing to do
		}
		return refused(resp, err)
	}
	sent := data
	if w.rng.IntN(4) == 0 {
		sent = append(bytes.Clone(data), 'x')
	}
	resp, _, err := w.do(ctx, http.MethodPut, "/lfs/"+oid, sent)
	if len(sent) != len(data) {
		if o, ok := w.store.Object(bucket, oid); ok && !bytes.Equal(o.Data, data) {
			return wrong{fmt.Errorf("%s: content that is not the OID's is visible", oid)}
		}
		if err == nil && resp.StatusCode == http.StatusOK {
			return wrong{fmt.Errorf("%s: content that is not the OID's was taken", oid)}
		}
		return nil
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		return refused(resp, err)
	}
	if err := w.look(oid, data); err != nil {
		return err
	}
	resp, _, err = w.do(ctx, http.MethodHead, "/lfs/"+oid, nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		return refused(resp, err)
	}
	if resp.ContentLength != int64(len(data)) {
		return wrong{fmt.Errorf("%s: HEAD says %d bytes of %d", oid, resp.ContentLength, len(data))}
	}
	return nil
}

// refused is that the front has answered with something else.
func refused(resp *http.Response, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("the front answered %s", resp.Status)
}
