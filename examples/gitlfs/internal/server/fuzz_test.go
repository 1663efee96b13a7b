package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
)

// No input makes a 5xx, a panic, or a redirect. header is the value of every header that is
// looked at; user, if not empty, has credentials that may be right.
func FuzzRequest(f *testing.F) {
	for _, seed := range [][6]string{
		{"POST", "/acme/a/info/lfs/objects/batch", "", "application/json", "ann", `{"operation":"upload","objects":[{"oid":"x","size":-1}]}`},
		{"GET", "/acme/a/info/lfs/locks", "path=%00&limit=1e9&cursor=99999999999999999999", "*/*;q=x", "ann", ""},
		{"POST", "/acme/a/info/lfs/locks", "", "", "ann", `{"path":"\ud800","ref":{}}`},
		{"POST", "/acme/a/info/lfs/locks/1/unlock", "", "", "ann", `{"force":1}`},
		{"POST", "/acme/a/info/lfs/locks/verify", "", "", "ann", `{"limit":-1,"cursor":"\u0000"}`},
		{"POST", "/acme/a/info/lfs/locks/verify", "", "Bearer e30.e30.", "", "{}"},
		{"POST", "/acme/a/info/lfs/verify", "", "Basic AAA=", "", "{}"},
		{"GET", "/acme/%2e%2e/info/lfs/content/..%2f..", "", "bytes=0-", "\x00", ""},
		{"PUT", "/acme/a/info/lfs/content/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "", "Bearer x", "", "x"},
		{"CONNECT", "//", "", "", "", ""}, {"OPTIONS", "*", "", "", "", ""}, {"", "", "", "", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], seed[5])
	}
	h := start(f)
	f.Fuzz(func(t *testing.T, method, path, query, header, user, body string) {
		r := httptest.NewRequest("GET", "/", io.NopCloser(strings.NewReader(body)))
		if method != "" {
			r.Method = method
		}
		r.URL.Path, r.URL.RawQuery = path, query
		for _, name := range []string{"Accept", "Authorization", "Content-Type", "Content-Encoding", "Range", "If-Match", "X-Forwarded-Host", "X-Forwarded-For"} {
			r.Header[name] = []string{header}
		}
		if user != "" {
			r.SetBasicAuth(user, user)
			r.Header.Set("Accept", "*/*")
		}
		w := httptest.NewRecorder()
		h.server.ServeHTTP(w, r)
		require.Less(t, w.Code, 500, "%s", w.Body)
		require.False(t, w.Code >= 300 && w.Code < 400, "a redirect")
		if w.Code >= 400 {
			requireProblem(t, w.Header(), w.Body.Bytes())
		}
	})
}

// Whatever range is asked for, the answer is the object, a part of it that the answer names, or
// a refusal that tells the size.
func FuzzRange(f *testing.F) {
	for _, seed := range []string{"", "bytes=0-", "bytes=-1", "bytes=999-", "bytes=1000-", "bytes=5-4", "bytes=0-0,2-3", "lines=1-", "bytes=18446744073709551616-", "bytes=\x00"} {
		f.Add(seed)
	}
	h := start(f)
	data := random(50, 1000)
	h.push(data)
	a := h.batch("ann", lfs.Download, data).Actions["download"]
	f.Fuzz(func(t *testing.T, value string) {
		r := httptest.NewRequest("GET", a.Href, nil)
		r.Header["Authorization"] = []string{a.Header["Authorization"]}
		r.Header["Range"] = []string{value}
		w := httptest.NewRecorder()
		h.server.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusOK:
			require.Equal(t, data, w.Body.Bytes())
		case http.StatusPartialContent:
			var from, to, size int
			_, err := fmt.Sscanf(w.Header().Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &size)
			require.NoError(t, err)
			require.Equal(t, len(data), size)
			require.Equal(t, data[from:to+1], w.Body.Bytes())
		case http.StatusRequestedRangeNotSatisfiable:
			require.Equal(t, "bytes */1000", w.Header().Get("Content-Range"))
			requireProblem(t, w.Header(), w.Body.Bytes())
		default:
			require.Fail(t, "no such answer", "%d %s", w.Code, w.Body)
		}
	})
}
