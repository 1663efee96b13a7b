package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"net/http"
	"strconv"
	"sync/atomic"
)

// api is the API server's handler.
type api struct {
	ways    []Fetch
	now     atomic.Int32 // the way that is used
	bucket  string
	picture []byte // decoded for each request, unless nil

	requests, bytes atomic.Int64
}

// Paths of the API server.
const (
	pathObject = "/object/" // + key?size=n
	pathUsage  = "/usage"
	pathUse    = "/use" // ?way=i
)

func (a *api) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case pathUsage:
		u := readUsage()
		u.Requests, u.Bytes = a.requests.Load(), a.bytes.Load()
		_ = json.NewEncoder(w).Encode(u) // the client may be gone
	case pathUse:
		i, err := strconv.Atoi(r.URL.Query().Get("way"))
		if err != nil || i < 0 || i >= len(a.ways) {
			http.Error(w, "no such way", http.StatusBadRequest)
			return
		}
		a.now.Store(int32(i))
	default:
		n, err := a.object(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, n)
	}
}

// object downloads the object that r asks for, and returns its size.
func (a *api) object(r *http.Request) (int64, error) {
	size, err := strconv.ParseInt(r.URL.Query().Get("size"), 10, 64)
	if err != nil {
		return 0, err
	}
	o := Object{Bucket: a.bucket, Key: r.URL.Path[len(pathObject):], Size: size}
	data, release, err := a.ways[a.now.Load()](r.Context(), o)
	if err != nil {
		return 0, err
	}
	defer release()
	if a.picture != nil {
		if _, err := jpeg.Decode(bytes.NewReader(a.picture)); err != nil {
			return 0, err
		}
	}
	a.requests.Add(1)
	a.bytes.Add(int64(len(data)))
	return int64(len(data)), nil
}

// picture returns a JPEG of 640 × 480 pixels. Decoding it stands for what a service does
// with the bytes that it has downloaded; it is the same for all sizes and ways.
func picture() ([]byte, error) {
	m := image.NewRGBA(image.Rect(0, 0, 640, 480))
	for y := range 480 {
		for x := range 640 {
			m.SetRGBA(x, y, color.RGBA{uint8(x), uint8(y), uint8(x * y), 255})
		}
	}
	var b bytes.Buffer
	err := jpeg.Encode(&b, m, nil)
	return b.Bytes(), err
}
