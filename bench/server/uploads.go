package server

import (
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// uploads answers the requests that write. Unless keep is set it reads and
// discards the bodies, so that a benchmark does not measure a store.
type uploads struct {
	keep bool

	mu      sync.Mutex
	nextID  int
	objects map[string][]byte         // by key
	parts   map[string]map[int][]byte // by upload id and part number
}

// object returns what was uploaded to key.
func (u *uploads) object(key string) ([]byte, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	b, ok := u.objects[key]
	return b, ok
}

func (u *uploads) serve(w http.ResponseWriter, r *http.Request, key string) {
	q := r.URL.Query()
	id := q.Get("uploadId")
	switch {
	case r.Method == http.MethodPut && id == "":
		u.put(w, r, func(b []byte) { u.objects[key] = b })
	case r.Method == http.MethodPut:
		number, err := strconv.Atoi(q.Get("partNumber"))
		if err != nil || !u.known(id) {
			fail(w, http.StatusNotFound, "NoSuchUpload")
			return
		}
		u.put(w, r, func(b []byte) { u.parts[id][number] = b })
	case r.Method == http.MethodPost && q.Has("uploads"):
		u.create(w, key)
	case r.Method == http.MethodPost && u.known(id):
		u.complete(w, r, key, id)
	case r.Method == http.MethodDelete && u.known(id):
		u.forget(id)
		w.WriteHeader(http.StatusNoContent)
	case r.Method == http.MethodDelete && id == "":
		u.mu.Lock()
		delete(u.objects, key)
		u.mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	default:
		fail(w, http.StatusNotFound, "NoSuchUpload")
	}
}

// put reads the body and, if bodies are kept, hands it to store under the lock.
func (u *uploads) put(w http.ResponseWriter, r *http.Request, store func([]byte)) {
	if !u.keep {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return // the client has gone
		}
		w.Header().Set("ETag", `"`+strconv.FormatInt(n, 10)+`"`)
		return
	}
	b, err := io.ReadAll(payload(r))
	if err != nil {
		fail(w, http.StatusBadRequest, "IncompleteBody")
		return
	}
	u.mu.Lock()
	store(b)
	u.mu.Unlock()
	w.Header().Set("ETag", etagOf(len(b)))
}

// payload returns the object's bytes in a request body. The framing of
// aws-chunked is that of HTTP/1.1's chunked, with signatures as extensions.
func payload(r *http.Request) io.Reader {
	if strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return httputil.NewChunkedReader(r.Body)
	}
	return r.Body
}

func (u *uploads) known(id string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.parts[id] != nil
}

func (u *uploads) forget(id string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	delete(u.parts, id)
}

func (u *uploads) create(w http.ResponseWriter, key string) {
	u.mu.Lock()
	u.nextID++
	id := strconv.Itoa(u.nextID)
	u.parts[id] = map[int][]byte{}
	u.mu.Unlock()
	reply(w, http.StatusOK, struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Key      string
		UploadID string `xml:"UploadId"`
	}{Key: key, UploadID: id})
}

// complete joins all parts received, in the order of their numbers. It does not
// compare them with the client's list: no rival sends parts that it then drops.
func (u *uploads) complete(w http.ResponseWriter, r *http.Request, key, id string) {
	io.Copy(io.Discard, r.Body) // keeps the connection usable; an error shows at the reply
	u.mu.Lock()
	parts := u.parts[id]
	delete(u.parts, id)
	if u.keep {
		var b []byte
		for _, number := range slices.Sorted(maps.Keys(parts)) {
			b = append(b, parts[number]...)
		}
		u.objects[key] = b
	}
	u.mu.Unlock()
	reply(w, http.StatusOK, struct {
		XMLName xml.Name `xml:"CompleteMultipartUploadResult"`
		Bucket  string   // minio-go takes an answer without it for an error
		Key     string
		ETag    string
	}{Bucket: bucketOf(r.URL.Path), Key: key, ETag: `"` + id + `-multipart"`})
}
