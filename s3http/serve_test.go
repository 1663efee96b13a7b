package s3http_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

var served = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// putServed puts the object of the tests of Serve.
func putServed(fake *s3test.S3, size int) s3test.Object {
	return fake.Put("bucket", "key", pattern(size), func(o *s3test.Object) {
		o.LastModified = served
		o.Header = http.Header{"Content-Type": {"video/webm"}}
	})
}

// serve answers r with the object, or in, and returns the answer and Serve's error.
func serve(c *transfer.Client, r *http.Request, in *s3.GetObjectInput, own http.Header, optFns ...func(*s3http.ServeOptions)) (*http.Response, error) {
	w := httptest.NewRecorder()
	maps.Copy(w.Header(), own)
	err := s3http.Serve(w, r, c, in, optFns...)
	return w.Result(), err
}

// request returns a request with headers, as name, value pairs. {etag} stands for
// the object's.
func request(method, etag string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, "http://front.test/key", nil)
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Add(pair[0], strings.ReplaceAll(pair[1], "{etag}", etag))
	}
	return r
}

const (
	earlier = "Wed, 04 Mar 2026 05:06:06 GMT"
	same    = "Wed, 04 Mar 2026 05:06:07 GMT"
	later   = "Wed, 04 Mar 2026 05:06:08 GMT"
)

// serveTable is written from RFC 9110; each row begins with its section. The object has
// 1000 bytes.
var serveTable = []struct {
	section string
	method  string
	headers []string
	status  int
	rng     string // Content-Range
	// requests to S3. Zero means 1.
	requests int
	// differs says why http.ServeContent answers otherwise, where it does.
	differs string
}{
	{"9.3.1 GET", "GET", nil, 200, "", 0, ""},
	{"9.3.2 HEAD", "HEAD", nil, 200, "", 0, ""},

	{"13.1.1 If-Match", "GET", []string{"If-Match", `{etag}`}, 200, "", 0, ""},
	{"13.1.1 If-Match another", "GET", []string{"If-Match", `"other"`}, 412, "", 0, ""},
	{"13.1.1 If-Match list", "GET", []string{"If-Match", `"other", {etag}`}, 200, "", 0, ""},
	{"13.1.1 If-Match list of others", "GET", []string{"If-Match", `"other", "another"`}, 412, "", 0, ""},
	{"13.1.1 If-Match any", "GET", []string{"If-Match", `*`}, 200, "", 0, ""},
	{"13.1.1 If-Match compares strongly", "GET", []string{"If-Match", `W/{etag}`}, 412, "", 0, ""},
	{"13.1.1 If-Match weak, then strong", "GET", []string{"If-Match", `W/{etag}, {etag}`}, 200, "", 0, ""},
	{"13.1.1 If-Match unreadable", "GET", []string{"If-Match", `other`}, 412, "", 0, ""},
	{"13.1.1 If-Match, HEAD", "HEAD", []string{"If-Match", `"other"`}, 412, "", 0, ""},
	{"13.1.1 If-Match list, HEAD", "HEAD", []string{"If-Match", `"other", "another"`}, 412, "", 0, ""},

	{"13.1.2 If-None-Match", "GET", []string{"If-None-Match", `{etag}`}, 304, "", 0, ""},
	{"13.1.2 If-None-Match another", "GET", []string{"If-None-Match", `"other"`}, 200, "", 0, ""},
	{"13.1.2 If-None-Match list", "GET", []string{"If-None-Match", `"other", {etag}`}, 304, "", 0, ""},
	{"13.1.2 If-None-Match list, first", "GET", []string{"If-None-Match", `{etag}, "other"`}, 304, "", 0, ""},
	{"13.1.2 If-None-Match list of others", "GET", []string{"If-None-Match", `"other","another"`}, 200, "", 0, ""},
	{"13.1.2 If-None-Match any", "GET", []string{"If-None-Match", `*`}, 304, "", 0, ""},
	{"13.1.2 If-None-Match compares weakly", "GET", []string{"If-None-Match", `W/{etag}`}, 304, "", 0, ""},
	{"13.1.2 If-None-Match weak in a list", "GET", []string{"If-None-Match", `"other" , W/{etag}`}, 304, "", 0, ""},
	{"13.1.2 If-None-Match on two lines (5.3)", "GET", []string{"If-None-Match", `"other"`, "If-None-Match", `{etag}`}, 304, "", 0, "it reads the first line"},
	{"13.1.2 If-None-Match, empty elements (5.6.1.2)", "GET", []string{"If-None-Match", `, ,{etag},`}, 304, "", 0, ""},
	{"13.1.2 If-None-Match unreadable", "GET", []string{"If-None-Match", `other`}, 200, "", 0, ""},
	{"13.1.2 If-None-Match, HEAD", "HEAD", []string{"If-None-Match", `{etag}`}, 304, "", 0, ""},
	{"13.1.2 If-None-Match list, HEAD", "HEAD", []string{"If-None-Match", `"other", {etag}`}, 304, "", 0, ""},
	{"13.1.2 If-None-Match any, HEAD", "HEAD", []string{"If-None-Match", `*`}, 304, "", 0, ""},

	{"13.1.3 If-Modified-Since before", "GET", []string{"If-Modified-Since", earlier}, 200, "", 0, ""},
	{"13.1.3 If-Modified-Since then", "GET", []string{"If-Modified-Since", same}, 304, "", 0, ""},
	{"13.1.3 If-Modified-Since after", "GET", []string{"If-Modified-Since", later}, 304, "", 0, ""},
	{"13.1.3 If-Modified-Since, no date", "GET", []string{"If-Modified-Since", "yesterday"}, 200, "", 0, ""},
	{"13.1.3 If-Modified-Since, old form (5.6.7)", "GET", []string{"If-Modified-Since", "Wednesday, 04-Mar-26 05:06:07 GMT"}, 304, "", 0, ""},
	{"13.1.3 If-Modified-Since, HEAD", "HEAD", []string{"If-Modified-Since", same}, 304, "", 0, ""},

	{"13.1.4 If-Unmodified-Since before", "GET", []string{"If-Unmodified-Since", earlier}, 412, "", 0, ""},
	{"13.1.4 If-Unmodified-Since then", "GET", []string{"If-Unmodified-Since", same}, 200, "", 0, ""},
	{"13.1.4 If-Unmodified-Since after", "GET", []string{"If-Unmodified-Since", later}, 200, "", 0, ""},
	{"13.1.4 If-Unmodified-Since long before", "GET", []string{"If-Unmodified-Since", "Tue, 03 Mar 2026 05:06:06 GMT"}, 412, "", 0, ""},
	{"13.1.4 If-Unmodified-Since, no date", "GET", []string{"If-Unmodified-Since", "today"}, 200, "", 0, ""},

	{"13.1.5 If-Range", "GET", []string{"Range", "bytes=0-9", "If-Range", `{etag}`}, 206, "bytes 0-9/1000", 0, ""},
	{"13.1.5 If-Range another", "GET", []string{"Range", "bytes=0-9", "If-Range", `"other"`}, 200, "", 2, ""},
	{"13.1.5 If-Range weak", "GET", []string{"Range", "bytes=0-9", "If-Range", `W/{etag}`}, 200, "", 0, ""},
	{"13.1.5 If-Range date", "GET", []string{"Range", "bytes=0-9", "If-Range", same}, 206, "bytes 0-9/1000", 0, ""},
	{"13.1.5 If-Range date before", "GET", []string{"Range", "bytes=0-9", "If-Range", earlier}, 200, "", 2, ""},
	{"13.1.5 If-Range date after: an exact match", "GET", []string{"Range", "bytes=0-9", "If-Range", later}, 200, "", 2, ""},
	{"13.1.5 If-Range unreadable", "GET", []string{"Range", "bytes=0-9", "If-Range", "other"}, 200, "", 0, ""},
	{"13.1.5 If-Range without Range", "GET", []string{"If-Range", `"other"`}, 200, "", 0, ""},
	{"13.1.5 If-Range another, range outside", "GET", []string{"Range", "bytes=2000-", "If-Range", `"other"`}, 200, "", 2, ""},
	{"13.1.5 If-Range, range outside", "GET", []string{"Range", "bytes=2000-", "If-Range", `{etag}`}, 416, "bytes */1000", 0, ""},
	{"13.1.5 If-Range date before, range outside", "GET", []string{"Range", "bytes=2000-", "If-Range", earlier}, 200, "", 3, ""},

	{"13.2.2 If-Match beats If-Unmodified-Since", "GET", []string{"If-Match", `{etag}`, "If-Unmodified-Since", earlier}, 200, "", 0, ""},
	{"13.2.2 If-Match list beats If-Unmodified-Since", "GET", []string{"If-Match", `"other",{etag}`, "If-Unmodified-Since", earlier}, 200, "", 0, ""},
	{"13.2.2 If-None-Match beats If-Modified-Since", "GET", []string{"If-None-Match", `"other"`, "If-Modified-Since", later}, 200, "", 0, ""},
	{"13.2.2 If-None-Match and If-Modified-Since", "GET", []string{"If-None-Match", `{etag}`, "If-Modified-Since", earlier}, 304, "", 0, ""},
	{"13.2.2 412 before 304", "GET", []string{"If-Match", `"other"`, "If-None-Match", `{etag}`}, 412, "", 0, ""},
	{"13.2.2 304 after If-Match", "GET", []string{"If-Match", `{etag}`, "If-None-Match", `{etag}`}, 304, "", 0, ""},
	{"13.2.2 If-Unmodified-Since before If-None-Match", "GET", []string{"If-Unmodified-Since", earlier, "If-None-Match", `{etag}`}, 412, "", 0, ""},
	{"13.2.2 304 after If-Unmodified-Since", "GET", []string{"If-Unmodified-Since", later, "If-None-Match", `{etag}`}, 304, "", 0, ""},
	{"13.2.2 304 before 206", "GET", []string{"If-None-Match", `{etag}`, "Range", "bytes=0-9"}, 304, "", 0, ""},
	{"13.2.2 412 before 416", "GET", []string{"If-Match", `"other"`, "Range", "bytes=2000-"}, 412, "", 0, ""},
	{"13.2.2 412 before 416, list", "GET", []string{"If-Match", `"other", "another"`, "Range", "bytes=2000-"}, 412, "", 2, ""},
	{"13.2.2 304 before 416, list", "GET", []string{"If-None-Match", `"other", {etag}`, "Range", "bytes=2000-"}, 304, "", 2, ""},
	{"13.2.2 If-Match, then If-Range", "GET", []string{"If-Match", `{etag}`, "Range", "bytes=0-9", "If-Range", `{etag}`}, 206, "bytes 0-9/1000", 0, ""},
	{"13.2.2 If-Match, then If-Range another", "GET", []string{"If-Match", `{etag}`, "Range", "bytes=0-9", "If-Range", `"other"`}, 200, "", 2, ""},
	{"13.2.2 If-None-Match, then If-Range", "GET", []string{"If-None-Match", `{etag}`, "Range", "bytes=0-9", "If-Range", `{etag}`}, 304, "", 0, ""},
	{"13.2.2 If-Unmodified-Since, then If-Range", "GET", []string{"If-Unmodified-Since", same, "Range", "bytes=0-9", "If-Range", same}, 206, "bytes 0-9/1000", 0, ""},

	{"14.1.1 first byte", "GET", []string{"Range", "bytes=0-0"}, 206, "bytes 0-0/1000", 0, ""},
	{"14.1.1 last byte", "GET", []string{"Range", "bytes=999-999"}, 206, "bytes 999-999/1000", 0, ""},
	{"14.1.1 last before first is invalid", "GET", []string{"Range", "bytes=9-5"}, 200, "", 0, "it answers 416"},
	{"14.1.1 no number", "GET", []string{"Range", "bytes=a-b"}, 200, "", 0, "it answers 416"},
	{"14.1.1 sign", "GET", []string{"Range", "bytes=+1-2"}, 200, "", 0, "it answers 416"},
	{"14.1.1 nothing", "GET", []string{"Range", "bytes="}, 200, "", 0, ""},
	{"14.1.1 white space and empty elements (5.6.1.2)", "GET", []string{"Range", "bytes=, 0-9 ,"}, 206, "bytes 0-9/1000", 0, ""},
	{"14.1.2 open", "GET", []string{"Range", "bytes=500-"}, 206, "bytes 500-999/1000", 0, ""},
	{"14.1.2 all", "GET", []string{"Range", "bytes=0-"}, 206, "bytes 0-999/1000", 0, ""},
	{"14.1.2 beyond the end", "GET", []string{"Range", "bytes=900-5000"}, 206, "bytes 900-999/1000", 0, ""},
	{"14.1.2 suffix", "GET", []string{"Range", "bytes=-10"}, 206, "bytes 990-999/1000", 0, ""},
	{"14.1.2 suffix longer than the object", "GET", []string{"Range", "bytes=-5000"}, 206, "bytes 0-999/1000", 0, ""},
	{"14.1.2 suffix of nothing", "GET", []string{"Range", "bytes=-0"}, 416, "bytes */1000", 0, "it answers 206 with no byte"},
	{"14.1.2 range outside", "GET", []string{"Range", "bytes=1000-"}, 416, "bytes */1000", 0, ""},
	{"14.1.2 range far outside", "GET", []string{"Range", "bytes=5000-6000"}, 416, "bytes */1000", 0, ""},
	{"14.2 a unit of any case (14.1)", "GET", []string{"Range", "Bytes=0-9"}, 206, "bytes 0-9/1000", 0, "it answers 416"},
	{"14.2 unknown unit", "GET", []string{"Range", "lines=0-9"}, 200, "", 0, "it answers 416"},
	{"14.2 not a range", "GET", []string{"Range", "everything"}, 200, "", 0, "it answers 416"},
	{"14.2 HEAD has no ranges", "HEAD", []string{"Range", "bytes=0-9"}, 200, "", 0, "it answers 206"},
	{"14.2 MAY ignore several ranges", "GET", []string{"Range", "bytes=0-9,20-29"}, 200, "", 0, "it answers 206, multipart"},
	{"14.2 MAY ignore numbers beyond all objects", "GET", []string{"Range", "bytes=0-99999999999999999999"}, 200, "", 0, "it answers 416"},
}

// TestServeTable compares with net/http, headers and all.
func TestServeTable(t *testing.T) {
	fake := s3test.New()
	object := putServed(fake, 1000)
	for _, row := range serveTable {
		t.Run(row.section, func(t *testing.T) {
			fake.ResetRequests()
			r := request(row.method, object.ETag, row.headers...)
			got, err := serve(newClient(newPool(t), fake.Client()), r, get(""), nil)
			require.Equal(t, row.status, got.StatusCode, "%v", err)
			require.Equal(t, row.status >= 400, err != nil, "%v", err)
			require.Equal(t, row.rng, got.Header.Get("Content-Range"))
			require.Len(t, fake.Requests(), max(1, row.requests), "requests to S3")
			body, err := io.ReadAll(got.Body)
			require.NoError(t, err)
			switch {
			case row.status >= 400:
				if row.method == "GET" {
					require.Equal(t, http.StatusText(row.status)+"\n", string(body))
				}
			case row.method == "HEAD", row.status == 304:
				require.Empty(t, body)
			case row.status == 200:
				require.True(t, bytes.Equal(object.Data, body))
			case row.status == 206:
				var from, to int
				_, err := fmt.Sscanf(row.rng, "bytes %d-%d", &from, &to)
				require.NoError(t, err)
				require.True(t, bytes.Equal(object.Data[from:to+1], body))
			}

			w := httptest.NewRecorder()
			w.Header().Set("Etag", object.ETag)
			w.Header().Set("Content-Type", "video/webm")
			http.ServeContent(w, r, "", served, bytes.NewReader(object.Data))
			std := w.Result()
			if row.differs != "" {
				require.False(t, std.StatusCode == row.status && std.Header.Get("Content-Range") == row.rng, "net/http answers the same")
				return
			}
			require.Equal(t, std.StatusCode, got.StatusCode, "net/http")
			if row.status >= 400 {
				require.Equal(t, std.Header.Get("Content-Range"), got.Header.Get("Content-Range"))
				return
			}
			if got.StatusCode != http.StatusNotModified {
				require.Equal(t, "nosniff", got.Header.Get("X-Content-Type-Options"))
				got.Header.Del("X-Content-Type-Options") // net/http serves its own files
				got.Header.Del("Content-Security-Policy")
			}
			require.Equal(t, std.Header, got.Header, "net/http")
			want, err := io.ReadAll(std.Body)
			require.NoError(t, err)
			if row.method == "GET" {
				require.True(t, bytes.Equal(want, body), "net/http")
			}
		})
	}
}

// TestServeUnquoted: some stores leave out the quotes of an ETag.
func TestServeUnquoted(t *testing.T) {
	api := newCannedS3(10)
	api.out.ETag = aws.String("abc")
	c := newClient(newPool(t), api)
	got, err := serve(c, request("GET", ""), get(""), nil)
	require.NoError(t, err)
	require.Equal(t, `"abc"`, got.Header.Get("Etag"))
	got, err = serve(c, request("GET", "", "If-None-Match", `W/"abc"`), get(""), nil)
	require.NoError(t, err)
	require.Equal(t, 304, got.StatusCode)
}

// TestServeEmpty: an object without a byte has no range. Clients that put one on
// everything get it nonetheless, as from net/http.
func TestServeEmpty(t *testing.T) {
	fake := s3test.New()
	putServed(fake, 0)
	for _, rng := range []string{"", "bytes=0-", "bytes=0-0", "bytes=-1", "bytes=5-"} {
		r := request("GET", "")
		if rng != "" {
			r.Header.Set("Range", rng)
		}
		got, err := serve(newClient(newPool(t), fake.Client()), r, get(""), nil)
		require.NoError(t, err)
		require.Equal(t, 200, got.StatusCode, rng)
		require.Equal(t, "0", got.Header.Get("Content-Length"))
		require.Empty(t, got.Header.Get("Content-Range"))
	}
}

// TestServeSizes: one request or many, the bytes are the same.
func TestServeSizes(t *testing.T) {
	fake := s3test.New()
	for _, size := range boundarySizes {
		object := putServed(fake, size)
		c := newClient(newPool(t), fake.Client())
		got, err := serve(c, request("GET", ""), get(""), nil)
		require.NoError(t, err)
		body, err := io.ReadAll(got.Body)
		require.NoError(t, err)
		require.True(t, bytes.Equal(object.Data, body), size)
		require.EqualValues(t, size, got.ContentLength)
		if size < 2 {
			continue
		}
		for _, rng := range [][2]int{{0, size - 1}, {1, size - 1}, {size / 3, size / 2}} {
			got, err := serve(c, request("GET", "", "Range", fmt.Sprintf("bytes=%d-%d", rng[0], rng[1])), get(""), nil)
			require.NoError(t, err)
			require.Equal(t, 206, got.StatusCode)
			body, err := io.ReadAll(got.Body)
			require.NoError(t, err)
			require.True(t, bytes.Equal(object.Data[rng[0]:rng[1]+1], body), "%d of %d", rng, size)
		}
	}
}

// TestServeOneRequest: a condition that fails costs one request, for a large object in
// parts, too.
func TestServeOneRequest(t *testing.T) {
	fake := s3test.New()
	object := putServed(fake, 9*testPart)
	for _, headers := range [][]string{
		{"If-None-Match", `{etag}`}, {"If-None-Match", `W/{etag}`}, {"If-None-Match", `"a", {etag}`},
		{"If-None-Match", `*`}, {"If-Modified-Since", same},
		{"If-Match", `"a"`}, {"If-Match", `"a", "b"`}, {"If-Unmodified-Since", earlier},
	} {
		for _, method := range []string{"GET", "HEAD"} {
			fake.ResetRequests()
			got, _ := serve(newClient(newPool(t), fake.Client()), request(method, object.ETag, headers...), get(""), nil)
			require.Contains(t, []int{304, 412}, got.StatusCode)
			require.Len(t, fake.Requests(), 1, "%s %v", method, headers)
			if got.StatusCode == 304 {
				require.Equal(t, object.ETag, got.Header.Get("Etag"), "%v", headers)
				require.Empty(t, got.Header.Get("Content-Length"))
			}
		}
	}
}

// describedHeaders are those of a response that come from the object.
var describedHeaders = http.Header{
	"Content-Type": {"text/html"}, "Content-Encoding": {"gzip"}, "Content-Language": {"eo"},
	"Content-Disposition": {`attachment; filename="a b"`}, "Cache-Control": {"max-age=60"},
	"Expires": {"Thu, 01 Jan 2026 00:00:00 GMT"},
}

func TestServeHeaders(t *testing.T) {
	fake := s3test.New()
	object := fake.Put("bucket", "key", pattern(1000), func(o *s3test.Object) {
		o.LastModified = served
		o.Header = describedHeaders
		o.Metadata = map[string]string{"secret": "of the owner"}
	})
	c := newClient(newPool(t), fake.Client())
	for _, method := range []string{"GET", "HEAD"} {
		want := describedHeaders.Clone()
		want.Set("X-Content-Type-Options", "nosniff")
		want.Set("Content-Security-Policy", "default-src 'none'; sandbox")
		want.Set("Accept-Ranges", "bytes")
		want.Set("Content-Length", "1000")
		want.Set("Etag", object.ETag)
		want.Set("Last-Modified", same)
		got, err := serve(c, request(method, ""), get(""), nil)
		require.NoError(t, err)
		require.Equal(t, want, got.Header, "%s: all of these and nothing else", method)

		// What in says about the response stands in for what is stored.
		in := get("")
		in.ResponseContentType = aws.String("text/plain")
		in.ResponseContentEncoding = aws.String("identity")
		in.ResponseContentLanguage = aws.String("la")
		in.ResponseContentDisposition = aws.String("inline")
		in.ResponseCacheControl = aws.String("no-store")
		in.ResponseExpires = &served
		got, err = serve(c, request(method, ""), in, nil)
		require.NoError(t, err)
		for name, value := range map[string]string{
			"Content-Type": "text/plain", "Content-Encoding": "identity", "Content-Language": "la",
			"Content-Disposition": "inline", "Cache-Control": "no-store", "Expires": same,
		} {
			require.Equal(t, value, got.Header.Get(name))
		}
		got, err = serve(c, request(method, object.ETag, "If-None-Match", "{etag}"), in, nil)
		require.NoError(t, err)
		require.Equal(t, http.Header{"Etag": {object.ETag}, "Cache-Control": {"no-store"}, "Expires": {same}}, got.Header)
		for _, r := range fake.Requests() {
			require.Empty(t, r.Query.Get("response-content-type"))
		}
		fake.ResetRequests()

		// And the caller's headers for both.
		own := http.Header{
			"Content-Type": {"image/png"}, "Cache-Control": {"private"}, "Content-Disposition": nil,
			"Etag": {`"own"`}, "Last-Modified": {earlier}, "X-Own": {"1"}, "Content-Length": {"7"}, "Content-Range": {"x"},
		}
		got, err = serve(c, request(method, ""), in, own)
		require.NoError(t, err)
		require.Equal(t, "image/png", got.Header.Get("Content-Type"))
		require.Equal(t, "private", got.Header.Get("Cache-Control"))
		require.Empty(t, got.Header.Get("Content-Disposition"))
		require.Equal(t, `"own"`, got.Header.Get("Etag"))
		require.Equal(t, earlier, got.Header.Get("Last-Modified"))
		require.Equal(t, "1", got.Header.Get("X-Own"))
		require.Equal(t, "1000", got.Header.Get("Content-Length"))
		require.Empty(t, got.Header.Get("Content-Range"))
	}
}

// TestServeChunked: some stores keep the encoding of the upload, which the object has not.
func TestServeChunked(t *testing.T) {
	for stored, want := range map[string]string{"aws-chunked": "", "gzip,aws-chunked": "gzip", "aws-chunked, gzip, br": "gzip, br", "gzip": "gzip"} {
		api := newCannedS3(10)
		api.out.ContentEncoding = &stored
		got, err := serve(newClient(newPool(t), api), request("GET", ""), get(""), nil)
		require.NoError(t, err)
		require.Equal(t, want, got.Header.Get("Content-Encoding"), stored)
	}
}

// TestServeOwnETag: a caller's ETag, such as the digest that names the object, is what
// the conditions are about.
func TestServeOwnETag(t *testing.T) {
	fake := s3test.New()
	object := putServed(fake, 1000)
	for _, tt := range []struct {
		headers []string
		status  int
	}{
		{[]string{"If-None-Match", `"own"`}, 304},
		{[]string{"If-None-Match", `W/"own"`}, 304},
		{[]string{"If-None-Match", `"x", "own"`}, 304},
		{[]string{"If-None-Match", `{etag}`}, 200},
		{[]string{"If-Match", `"own"`}, 200},
		{[]string{"If-Match", `{etag}`}, 412},
		{[]string{"Range", "bytes=0-9", "If-Range", `"own"`}, 206},
		{[]string{"Range", "bytes=0-9", "If-Range", `{etag}`}, 200},
		{[]string{"If-Modified-Since", earlier}, 304},
		{[]string{"If-Unmodified-Since", earlier}, 200},
		{[]string{"Range", "bytes=0-9", "If-Range", earlier}, 206},
		{[]string{"Range", "bytes=0-9", "If-Range", same}, 200},
	} {
		fake.ResetRequests()
		got, _ := serve(newClient(newPool(t), fake.Client()), request("GET", object.ETag, tt.headers...), get(""),
			http.Header{"Etag": {`"own"`}, "Last-Modified": {earlier}})
		require.Equal(t, tt.status, got.StatusCode, "%v", tt.headers)
		if tt.headers[1] != "bytes=0-9" || tt.status == 206 {
			require.Len(t, fake.Requests(), 1, "%v", tt.headers)
		}
	}
}

// TestServeInput: every field of the input goes where it belongs. A new one in the SDK
// fails here.
func TestServeInput(t *testing.T) {
	refused := []string{"Range", "PartNumber", "IfMatch", "IfNoneMatch", "IfModifiedSince", "IfUnmodifiedSince"}
	ours := []string{
		"ResponseCacheControl", "ResponseContentDisposition", "ResponseContentEncoding",
		"ResponseContentLanguage", "ResponseContentType", "ResponseExpires",
		"ChecksumMode", // what is asked for follows from Options.Verify
	}
	in := &s3.GetObjectInput{}
	var want []string
	for field, v := range reflect.ValueOf(in).Elem().Fields() {
		if slices.Contains(refused, field.Name) || slices.Contains(ours, field.Name) || !field.IsExported() {
			continue
		}
		want = append(want, field.Name)
		switch v.Interface().(type) {
		case *string:
			v.Set(reflect.ValueOf(aws.String("a " + field.Name)))
		default:
			require.Equal(t, reflect.String, v.Kind(), field.Name)
			v.SetString("a " + field.Name)
		}
	}
	api := &inputs{cannedS3: newCannedS3(10)}
	c := newClient(newPool(t), api)
	for _, method := range []string{"GET", "HEAD"} {
		_, err := serve(c, request(method, ""), in, nil)
		require.NoError(t, err)
	}
	for _, sent := range []any{api.get, api.head} {
		for _, name := range want {
			require.EqualValues(t, "a "+name, reflect.Indirect(reflect.ValueOf(sent).Elem().FieldByName(name)).String(), "%T.%s", sent, name)
		}
	}
}

// inputs keeps what it is asked.
type inputs struct {
	*cannedS3
	get  *s3.GetObjectInput
	head *s3.HeadObjectInput
}

func (i *inputs) GetObject(ctx context.Context, in *s3.GetObjectInput, optFns ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	i.get = in
	return i.cannedS3.GetObject(ctx, in, optFns...)
}

func (i *inputs) HeadObject(_ context.Context, in *s3.HeadObjectInput, _ ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	i.head = in
	return &s3.HeadObjectOutput{}, nil
}

func TestServeMethods(t *testing.T) {
	fake := s3test.New()
	putServed(fake, 1000)
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "PATCH"} {
		got, err := serve(newClient(newPool(t), fake.Client()), request(method, ""), get(""), nil)
		require.Equal(t, 405, got.StatusCode)
		require.Equal(t, "GET, HEAD", got.Header.Get("Allow"))
		require.EqualError(t, err, "s3pool: Serve \"bucket/key\": the method is "+method)
	}
	require.Empty(t, fake.Requests())
}

func TestServeCallersMistakes(t *testing.T) {
	fake := s3test.New()
	putServed(fake, 1000)
	c := newClient(newPool(t), fake.Client())
	for field, set := range map[string]func(*s3.GetObjectInput){
		"Range":             func(in *s3.GetObjectInput) { in.Range = aws.String("bytes=0-1") },
		"PartNumber":        func(in *s3.GetObjectInput) { in.PartNumber = aws.Int32(1) },
		"IfMatch":           func(in *s3.GetObjectInput) { in.IfMatch = aws.String("*") },
		"IfNoneMatch":       func(in *s3.GetObjectInput) { in.IfNoneMatch = aws.String("*") },
		"IfModifiedSince":   func(in *s3.GetObjectInput) { in.IfModifiedSince = &served },
		"IfUnmodifiedSince": func(in *s3.GetObjectInput) { in.IfUnmodifiedSince = &served },
	} {
		in := get("")
		set(in)
		got, err := serve(c, request("GET", ""), in, nil)
		require.Equal(t, 500, got.StatusCode)
		require.EqualError(t, err, "s3pool: Serve \"bucket/key\": GetObjectInput."+field+" is set; Serve takes it from the request")
	}
	got, err := serve(c, request("GET", ""), nil, nil)
	require.Equal(t, 500, got.StatusCode)
	require.EqualError(t, err, "s3pool: Serve \"/\": nil GetObjectInput")
	got, err = serve(c, request("GET", ""), get(""), nil, func(o *s3http.ServeOptions) {
		o.Download = append(o.Download, func(o *transfer.DownloadOptions) { o.PartSize = -1 })
	})
	require.Equal(t, 500, got.StatusCode)
	require.ErrorContains(t, err, "Options.PartSize is -1")
	require.Empty(t, fake.Requests())
}
