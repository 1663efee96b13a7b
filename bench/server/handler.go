package server

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// handler is the least S3 that the rivals need, and as fast as net/http can be:
// objects are slices of one array that is made beforehand, written in one call.
//
// It does not look at credentials. Its buckets exist always. Below a bucket
// there are the objects of [Content], and what was uploaded if it was told to
// keep that.
type handler struct {
	link    Link
	objects objects
	uploads uploads
}

func newHandler(keep bool, link Link) *handler {
	return &handler{
		link:    link,
		objects: newObjects(),
		uploads: uploads{keep: keep, objects: map[string][]byte{}, parts: map[string]map[int][]byte{}},
	}
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key, isObject := objectPath(r.URL.Path)
	if !isObject {
		w.WriteHeader(http.StatusOK) // CreateBucket, HeadBucket
		return
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.get(w, r, key)
	case http.MethodPut, http.MethodPost, http.MethodDelete:
		h.uploads.serve(w, r, key)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

// objectPath returns the key in the path /bucket/key.
func objectPath(path string) (key string, ok bool) {
	_, key, _ = strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return key, key != ""
}

func bucketOf(path string) string {
	bucket, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return bucket
}

func (h *handler) get(w http.ResponseWriter, r *http.Request, key string) {
	uploaded, ok := h.uploads.object(key)
	body := span{uploaded, 0, len(uploaded)}
	checksum := func() string { return "" }
	if !ok {
		size, ok := objectSize(key)
		if !ok {
			fail(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		body = h.objects.of(size)
		checksum = func() string { return h.objects.checksum(size) }
	}
	size := body.len()
	etag := etagOf(size)
	if want := r.Header.Get("If-Match"); want != "" && want != etag {
		fail(w, http.StatusPreconditionFailed, "PreconditionFailed")
		return
	}

	header, status := w.Header(), http.StatusOK
	rng, partial, err := parseRange(r.Header.Get("Range"), size)
	if err != nil {
		header.Set("Content-Range", "bytes */"+strconv.Itoa(size))
		fail(w, http.StatusRequestedRangeNotSatisfiable, "InvalidRange")
		return
	}
	if partial {
		status, body.start, body.end = http.StatusPartialContent, rng.start, rng.end
		header.Set("Content-Range", rng.contentRange(size))
	}
	if !partial && r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" {
		if sum := checksum(); sum != "" {
			header.Set("X-Amz-Checksum-Crc64nvme", sum)
			header.Set("X-Amz-Checksum-Type", "FULL_OBJECT")
		}
	}
	header.Set("Accept-Ranges", "bytes")
	header.Set("Content-Length", strconv.Itoa(body.len()))
	header.Set("Content-Type", "application/octet-stream")
	header.Set("ETag", etag)
	header.Set("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
	time.Sleep(h.link.FirstByte)
	w.WriteHeader(status)
	if r.Method == http.MethodGet {
		body.each(func(b []byte) error { return h.link.write(w, b) }) // an error means that the client has gone
	}
}

// etagOf tells objects apart well enough for If-Match: hashing the content
// would take the server's time at every request.
func etagOf(size int) string { return `"` + strconv.Itoa(size) + `"` }

func fail(w http.ResponseWriter, status int, code string) {
	reply(w, status, struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
	}{Code: code})
}

func reply(w http.ResponseWriter, status int, v any) {
	body, err := xml.Marshal(v)
	if err != nil {
		panic(err) // our own structs
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	w.Write(body)
}
