package e2e_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/s3pool/s3pool/s3http"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// serving returns a client under test, and the number of requests that it sends.
func (s *store) serving(t *testing.T) (*transfer.Client, *atomic.Int64) {
	var asked atomic.Int64
	transport := s.HTTPClient().Transport
	return newClient(t, s.Client(func(o *s3.Options) {
		o.HTTPClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			asked.Add(1)
			return transport.RoundTrip(r)
		})}
	})), &asked
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// testServe compares with net/http on the bytes and validators of the store, which may
// be of another opinion about lists, weak tags and fractions of a second.
func testServe(t *testing.T, s *store) {
	data := random(20, 5*partSize+100)
	s.put(t, "served", data, func(in *s3.PutObjectInput) {
		in.ContentType = aws.String("video/webm")
		in.CacheControl = aws.String("max-age=60")
	})
	head, err := s.Client().HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &s.bucket, Key: aws.String("served")})
	require.NoError(t, err)
	etag, modified := *head.ETag, *head.LastModified
	date := func(seconds int) string {
		return modified.Add(time.Duration(seconds) * time.Second).UTC().Format(http.TimeFormat)
	}
	for _, row := range []struct {
		headers  []string
		requests int64 // at most; 0 for 1
	}{
		{headers: nil},
		{headers: []string{"If-Match", etag}},
		{headers: []string{"If-Match", `"other"`}},
		{headers: []string{"If-Match", `"other", ` + etag}},
		{headers: []string{"If-Match", `"other", "another"`}},
		{headers: []string{"If-Match", `*`}},
		{headers: []string{"If-Match", "W/" + etag}},
		{headers: []string{"If-None-Match", etag}},
		{headers: []string{"If-None-Match", "W/" + etag}},
		{headers: []string{"If-None-Match", `"other", W/` + etag}},
		{headers: []string{"If-None-Match", `"other"`}},
		{headers: []string{"If-None-Match", `*`}},
		{headers: []string{"If-Modified-Since", date(-1)}},
		{headers: []string{"If-Modified-Since", date(0)}},
		{headers: []string{"If-Modified-Since", date(3600)}},
		{headers: []string{"If-Unmodified-Since", date(-1)}},
		{headers: []string{"If-Unmodified-Since", date(0)}},
		{headers: []string{"If-Unmodified-Since", date(-3600)}},
		{headers: []string{"If-Match", etag, "If-Unmodified-Since", date(-3600)}},
		{headers: []string{"If-None-Match", `"other"`, "If-Modified-Since", date(0)}},
		{headers: []string{"If-None-Match", etag, "If-Modified-Since", date(-3600)}},
		{headers: []string{"If-Match", `"other"`, "If-None-Match", etag}},
		{headers: []string{"If-Match", etag, "If-None-Match", etag}},
		{headers: []string{"If-Unmodified-Since", date(-3600), "If-None-Match", etag}},
		{headers: []string{"Range", "bytes=0-99"}},
		{headers: []string{"Range", "bytes=1000-1999"}},
		{headers: []string{"Range", "bytes=-100"}},
		{headers: []string{"Range", "bytes=5242880-"}},
		{headers: []string{"Range", "bytes=100000000-"}, requests: 2},
		{headers: []string{"Range", "bytes=0-99", "If-Range", etag}},
		{headers: []string{"Range", "bytes=0-99", "If-Range", date(0)}},
		{headers: []string{"Range", "bytes=0-99", "If-Range", date(-1)}, requests: 2},
		{headers: []string{"Range", "bytes=0-99", "If-None-Match", etag}},
		{headers: []string{"Range", "bytes=100000000-", "If-Match", `"other"`}},
		{headers: []string{"Range", "bytes=100000000-", "If-None-Match", `"other", ` + etag}, requests: 2},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			what := method + " " + strings.Join(row.headers, " ")
			r := httptest.NewRequestWithContext(t.Context(), method, "http://front.test/", nil)
			for i := 0; i < len(row.headers); i += 2 {
				r.Header.Set(row.headers[i], row.headers[i+1])
			}
			if method == http.MethodHead {
				r.Header.Del("Range") // net/http heeds it
			}
			std := httptest.NewRecorder()
			std.Header().Set("X-Content-Type-Options", "nosniff")
			std.Header().Set("Etag", etag)
			std.Header().Set("Content-Type", "video/webm")
			std.Header().Set("Cache-Control", "max-age=60")
			http.ServeContent(std, r, "", modified, bytes.NewReader(data))

			c, asked := s.serving(t)
			got := httptest.NewRecorder()
			err := s3http.Serve(got, r, c, s.get("served"))
			require.Equal(t, std.Code, got.Code, "%s: %v", what, err)
			require.Equal(t, std.Code >= 400, err != nil, what)
			if std.Code == 206 || std.Code == 304 || std.Code == 412 || method == http.MethodHead {
				// The whole of the object is fetched in parts.
				require.LessOrEqual(t, asked.Load(), max(1, row.requests), what)
			}
			switch {
			case std.Code >= 400:
				require.Equal(t, std.Header().Get("Content-Range"), got.Header().Get("Content-Range"), what)
			case std.Code == 304:
				// A condition that has been about the date: not every store tells the
				// rest with its 304.
				if r.Header.Get("If-None-Match") != "" {
					require.Equal(t, etag, got.Header().Get("Etag"), what)
				}
			default:
				require.Equal(t, std.Header(), got.Header(), what)
				requireSame(t, std.Body.Bytes(), got.Body.Bytes())
			}
		}
	}
	c, _ := s.serving(t)
	got := httptest.NewRecorder()
	require.Error(t, s3http.Serve(got, httptest.NewRequest(http.MethodGet, "http://front.test/", nil), c, s.get("none")))
	require.Equal(t, 404, got.Code)
}
