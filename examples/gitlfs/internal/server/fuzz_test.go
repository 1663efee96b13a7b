package server_test

import (
	"io"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// No input makes a 5xx, a panic, or a redirect, and no path leads out of a repository.
func FuzzRequest(f *testing.F) {
	for _, seed := range [][6]string{
		{"POST", "/acme/a/info/lfs/objects/batch", "", "application/json", "ann", `{"operation":"upload","objects":[{"oid":"x","size":-1}]}`},
		{"GET", "/acme/a/info/lfs/locks", "path=%00&limit=1e9&cursor=99999999999999999999", "*/*;q=x", "ann", ""},
		{"POST", "/acme/a/info/lfs/locks", "", "", "ann", `{"path":"\ud800","ref":{}}`},
		{"POST", "/acme/a/info/lfs/locks/1/unlock", "", "", "ann", `{"force":1}`},
		{"POST", "/acme/a/info/lfs/locks/verify", "", "", "ann", `{"limit":-1,"cursor":"\u0000"}`},
		{"GET", "/acme/%2e%2e/info/lfs/content/..%2f..", "", "", "\x00", ""},
		{"PUT", "/acme/a/info/lfs/content/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "", "", "", "x"},
		{"CONNECT", "//", "", "", "", ""}, {"OPTIONS", "*", "", "", "", ""}, {"", "", "", "", "", ""},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], seed[5])
	}
	h := start(f)
	f.Fuzz(func(t *testing.T, method, path, query, accept, user, body string) {
		r := httptest.NewRequest("GET", "/", io.NopCloser(strings.NewReader(body)))
		if method != "" {
			r.Method = method
		}
		r.URL.Path, r.URL.RawQuery = path, query
		r.Header["Accept"] = []string{accept}
		r.Header["X-Forwarded-Host"] = []string{accept}
		if user != "" {
			r.SetBasicAuth(user, user)
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
