package s3http_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// FuzzServe compares the statuses of conditions with net/http's, and wants a range to be
// what its Content-Range says.
func FuzzServe(f *testing.F) {
	for _, row := range serveTable {
		h := http.Header{}
		for i := 0; i < len(row.headers); i += 2 {
			h.Set(row.headers[i], row.headers[i+1])
		}
		f.Add(h.Get("Range"), h.Get("If-Range"), h.Get("If-Match"), h.Get("If-None-Match"), h.Get("If-Modified-Since"), h.Get("If-Unmodified-Since"))
	}
	fake := s3test.New(func(o *s3test.Options) { o.LogSize = -1 })
	object := putServed(fake, 1000)
	c := transfer.New(fake.Client())
	f.Fuzz(func(t *testing.T, rng, ifRange, match, none, modified, unmodified string) {
		r := request("GET", object.ETag)
		for name, value := range map[string]string{
			"Range": rng, "If-Range": ifRange, "If-Match": match, "If-None-Match": none,
			"If-Modified-Since": modified, "If-Unmodified-Since": unmodified,
		} {
			value = strings.Trim(strings.ReplaceAll(value, "{etag}", object.ETag), " \t") // as net/http's server does
			if strings.IndexFunc(value, func(c rune) bool { return c < ' ' || c > '~' }) >= 0 {
				return // no header
			}
			if strings.Contains(value, "*") && value != "*" {
				return // net/http takes a list that begins with a star for one
			}
			if value != "" {
				r.Header.Set(name, value)
			}
		}
		got, err := serve(c, r, get(""), nil)
		var body bytes.Buffer
		body.ReadFrom(got.Body)
		switch got.StatusCode {
		case 200:
			if err != nil || !bytes.Equal(body.Bytes(), object.Data) {
				t.Fatalf("%d bytes and %v for %v", body.Len(), err, r.Header)
			}
		case 206:
			w := httptest.NewRecorder()
			w.Header().Set("Etag", object.ETag)
			http.ServeContent(w, r, "", served, bytes.NewReader(object.Data))
			// net/http takes the unit in lower case only, and no empty elements.
			if w.Code == 206 && (w.Header().Get("Content-Range") != got.Header.Get("Content-Range") || !bytes.Equal(w.Body.Bytes(), body.Bytes())) {
				t.Fatalf("%s for %v", got.Header.Get("Content-Range"), r.Header)
			}
		case 304, 412, 416:
		default:
			t.Fatalf("%d for %v: %v", got.StatusCode, r.Header, err)
		}
		// Without the ranges the two agree.
		r.Header.Del("Range")
		got, _ = serve(c, r, get(""), nil)
		w := httptest.NewRecorder()
		w.Header().Set("Etag", object.ETag)
		http.ServeContent(w, r, "", served, bytes.NewReader(object.Data))
		if w.Code != got.StatusCode {
			t.Fatalf("%d, net/http %d for %v", got.StatusCode, w.Code, r.Header)
		}
	})
}
