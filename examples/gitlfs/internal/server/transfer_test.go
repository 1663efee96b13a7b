package server_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
)

const multipart = 20 << 20 // more than one request to S3

func TestTransfer(t *testing.T) {
	h := start(t)
	for _, n := range []int{0, 1, 1000, 8 << 20, multipart} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			data := random(byte(n), n)
			require.NotNil(t, h.batch("ann", lfs.Download, data).Error)
			h.push(data)
			again := h.batch("ann", lfs.Upload, data)
			require.Nil(t, again.Actions, "it is there already")
			require.Nil(t, again.Error)
			d := h.batch("rita", lfs.Download, data)
			require.True(t, d.Authenticated)
			status, header, got := h.act("GET", d.Actions["download"], nil, "Accept-Encoding", "gzip")
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, data, got)
			require.Equal(t, fmt.Sprint(n), header.Get("Content-Length"))
			require.Empty(t, header.Get("Content-Encoding"))
			require.Equal(t, `"`+oidOf(data)+`"`, header.Get("Etag"))
			status, header, _ = h.act("HEAD", d.Actions["download"], nil)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, fmt.Sprint(n), header.Get("Content-Length"))
		})
	}
}

func requireProblem(t *testing.T, h http.Header, body []byte) {
	t.Helper()
	require.Equal(t, lfs.MediaType, h.Get("Content-Type"))
	var p lfs.Problem
	require.NoError(t, json.Unmarshal(body, &p), "%s", body)
	require.NotEmpty(t, p.Message)
	require.Equal(t, h.Get("X-Request-Id"), p.RequestID)
}

// Whatever is wrong with a body, nothing of it is to be seen.
func TestBadBodies(t *testing.T) {
	h := start(t)
	for _, n := range []int{1000, multipart} {
		good := random(2, n)
		wrong := bytes.Clone(good)
		wrong[n-1] ^= 1
		for name, body := range map[string]io.Reader{
			"wrong":         bytes.NewReader(wrong),
			"short":         bytes.NewReader(good[:n-1]),
			"long":          bytes.NewReader(append(bytes.Clone(good), 1)),
			"empty":         bytes.NewReader(nil),
			"chunked wrong": struct{ io.Reader }{bytes.NewReader(wrong)},
			"chunked short": struct{ io.Reader }{bytes.NewReader(good[:n/2])},
			"chunked long":  struct{ io.Reader }{io.MultiReader(bytes.NewReader(good), strings.NewReader("x"))},
		} {
			t.Run(fmt.Sprintf("%s/%d", name, n), func(t *testing.T) {
				a := h.batch("ann", lfs.Upload, good).Actions["upload"]
				status, header, got := h.act("PUT", a, body)
				require.Equal(t, http.StatusUnprocessableEntity, status, "%s", got)
				requireProblem(t, header, got)
				requireNothing(t, h, good)
			})
		}
		t.Run(fmt.Sprintf("chunked right/%d", n), func(t *testing.T) {
			a := h.batch("ann", lfs.Upload, good).Actions["upload"]
			status, _, got := h.act("PUT", a, struct{ io.Reader }{bytes.NewReader(good)})
			require.Equal(t, http.StatusOK, status, "%s", got)
		})
	}
}

func requireNothing(t *testing.T, h *harness, data []byte) {
	t.Helper()
	for _, key := range h.objects() {
		require.NotContains(t, key, oidOf(data))
	}
	require.NotNil(t, h.batch("ann", lfs.Download, data).Error)
	require.Empty(t, h.openUploads())
}

// raw speaks HTTP by hand: it sends head and body, then cuts or half-closes the connection.
func raw(t *testing.T, h *harness, a lfs.Action, head, body string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.url, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	path := strings.TrimPrefix(a.Href, h.url)
	fmt.Fprintf(conn, "PUT %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n%s\r\n\r\n%s", path, a.Header["Authorization"], head, body)
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// A client that goes away in the middle leaves nothing, and no multipart upload either.
func TestCut(t *testing.T) {
	h := start(t)
	data := random(3, multipart)
	for name, tc := range map[string]struct{ head, body string }{
		"length":                {fmt.Sprintf("Content-Length: %d", len(data)), string(data[:12<<20])},
		"chunk":                 {"Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s", len(data), data[:12<<20])},
		"chunks ended too soon": {"Transfer-Encoding: chunked", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", 12<<20, data[:12<<20])},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.batch("ann", lfs.Upload, data).Actions["upload"]
			answer := raw(t, h, a, tc.head, tc.body)
			if answer != "" {
				require.Contains(t, answer, "HTTP/1.1 422 ")
			}
			require.Eventually(t, func() bool { return h.pool.Stats().Leased == 0 && len(h.openUploads()) == 0 }, waitFor, tick)
			requireNothing(t, h, data)
		})
	}
}

// A body is not read before its token has been looked at: the client here sends a header, and
// gets its answer without a byte of the body.
func TestTokenFirst(t *testing.T) {
	h := start(t)
	a := h.batch("ann", lfs.Upload, random(4, 1000)).Actions["upload"]
	for name, value := range map[string]string{"wrong": a.Header["Authorization"] + "x", "missing": ""} {
		t.Run(name, func(t *testing.T) {
			r, w := io.Pipe()
			defer w.Close()
			status, _, _ := h.act("PUT", a, r, "Authorization", value)
			require.Contains(t, []int{http.StatusForbidden, http.StatusUnauthorized}, status)
		})
	}
}

// A token is for one operation, repository, OID and size, and of one of the keys.
func TestTokens(t *testing.T) {
	h := start(t)
	data, other := random(5, 1000), random(6, 1000)
	h.push(data)
	up := h.batch("ann", lfs.Upload, other).Actions["upload"]
	down := h.batch("ann", lfs.Download, data).Actions["download"]
	elsewhere := strings.Replace(up.Href, "/acme/a/", "/acme/b/", 1)
	foreign, err := auth.OpenKeys(foreignKeys(t))
	require.NoError(t, err)
	forged, err := foreign.Sign(auth.Claims{For: auth.ForUpload, Repository: "acme/a", OID: oidOf(other), Size: 1000}, "ann", 1<<40)
	require.NoError(t, err)
	old, err := h.keys.Sign(auth.Claims{For: auth.ForUpload, Repository: "acme/a", OID: oidOf(other), Size: 1000}, "ann", -1)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		method, href, auth string
		want               int
	}{
		"another operation":   {"GET", down.Href, up.Header["Authorization"], 403},
		"another operation 2": {"PUT", up.Href, down.Header["Authorization"], 403},
		"another repository":  {"PUT", elsewhere, up.Header["Authorization"], 403},
		"another object":      {"PUT", down.Href, up.Header["Authorization"], 403},
		"another key":         {"PUT", up.Href, "Bearer " + forged, 403},
		"expired":             {"PUT", up.Href, "Bearer " + old, 403},
		"none algorithm":      {"PUT", up.Href, "Bearer eyJhbGciOiJub25lIn0.e30.", 403},
		"password":            {"PUT", up.Href, "Basic YW5uOmFubg==", 403},
		"nothing":             {"PUT", up.Href, "", 401},
		"of an action":        {"POST", h.url + "/acme/a/info/lfs/objects/batch", up.Header["Authorization"], 403},
		"of nobody":           {"POST", h.url + "/acme/a/info/lfs/objects/batch", "Bearer " + forged, 401},
	} {
		t.Run(name, func(t *testing.T) {
			q := request{method: tc.method, path: tc.href, header: map[string]string{}}
			if tc.method != "GET" {
				q.body = string(other)
			}
			if tc.auth != "" {
				q.header["Authorization"] = tc.auth
			}
			status, header, body := h.do(q)
			require.Equal(t, tc.want, status)
			requireProblem(t, header, body)
			if status == 401 {
				require.NotEmpty(t, header.Get("Lfs-Authenticate"))
			}
		})
	}
}

// Whoever has not shown the bytes gets nothing, however many others have them.
func TestNoFreeReferences(t *testing.T) {
	h := start(t)
	data := random(7, 1000)
	h.push(data)
	require.NotNil(t, h.batchIn("acme/b", "ann", lfs.Download, data).Error)
	a := h.batchIn("acme/b", "ann", lfs.Upload, data).Actions["upload"]
	require.NotEmpty(t, a.Href, "the batch gives away that somebody else has it")
	status, _, _ := h.act("PUT", a, string(random(8, 1000)))
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.NotNil(t, h.batchIn("acme/b", "ann", lfs.Download, data).Error)
	before := h.objects()
	h.pushTo("acme/b", data)
	require.Equal(t, before, h.objects(), "stored twice")
	require.Nil(t, h.batchIn("acme/b", "ann", lfs.Download, data).Error)
}

// One object from 12 clients at once is stored once.
func TestOneObjectFromMany(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		h := startOn(t, dsn)
		data := random(9, 3<<20)
		a := h.batch("ann", lfs.Upload, data).Actions["upload"]
		var g errgroup.Group
		for range 12 {
			g.Go(func() error {
				if status, _, body := h.act("PUT", a, bytes.NewReader(data)); status != http.StatusOK {
					return fmt.Errorf("%d %s", status, body)
				}
				return nil
			})
		}
		require.NoError(t, g.Wait())
		require.Len(t, h.objects(), 1)
	})
}

// 64 uploads at once, of which 16 have a place, on either database.
func TestManyUploads(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		h := startOn(t, dsn)
		var g errgroup.Group
		for i := range 64 {
			g.Go(func() error {
				h.push(random(byte(i), 1000+i))
				return nil
			})
		}
		require.NoError(t, g.Wait())
		require.Len(t, h.objects(), 64)
	})
}
