package s3test_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

// A reply is what a client sees of a request.
type reply struct {
	status int
	header http.Header
	length int64
	body   string
	err    error // of the body
}

// askQuirk sends a request about a small object, b/k, "hello, world" in two parts, to a
// store with a quirk, and returns what it sees in each way to reach it.
func askQuirk(t *testing.T, f s3test.Fault, method, query string, header http.Header, body string, check func(t *testing.T, r reply, s *s3test.S3)) {
	t.Helper()
	for name, way := range faultWays {
		t.Run(name, func(t *testing.T) {
			s := s3test.New()
			s.Put("b", "k", []byte("hello, world"), func(o *s3test.Object) {
				o.Parts, o.ChecksumAlgorithm = s3test.EqualParts(12, 7), types.ChecksumAlgorithmCrc32
			})
			_, faults := way(t, s, s3test.Always(f))
			var rt http.RoundTripper = faults
			base := "http://s3.test"
			if name != "in process" {
				p := s3test.NewProxy("http://s3.test", s3test.Always(f), func(o *s3test.ProxyOptions) {
					o.TLS, o.Transport = name == "https", s.HTTPClient().Transport
				})
				defer p.Close()
				rt, base = p.HTTPClient().Transport, p.URL
			}
			req, err := http.NewRequestWithContext(t.Context(), method, base+"/b/k"+query, strings.NewReader(body))
			require.NoError(t, err)
			maps.Copy(req.Header, header)
			req.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, ...")
			req.Header.Set("X-Amz-Checksum-Mode", "ENABLED")
			resp, err := rt.RoundTrip(req)
			require.NoError(t, err)
			data, err := io.ReadAll(resp.Body)
			require.NoError(t, resp.Body.Close())
			check(t, reply{resp.StatusCode, resp.Header, resp.ContentLength, string(data), err}, s)
		})
	}
}

// TestReadQuirks: what each quirk does to a GET, on a connection and without.
func TestReadQuirks(t *testing.T) {
	const checksum, tag = "X-Amz-Checksum-Crc32", "Etag"
	type headers map[string]string
	range23 := http.Header{"Range": {"bytes=2-3"}}
	whole := http.Header{"Range": {"bytes=0-11"}}
	match := http.Header{"If-Match": {`"0"`}}
	tests := map[string]struct {
		fault  s3test.Fault
		query  string
		asked  http.Header
		status int
		length int64
		body   string
		header headers // empty: none
	}{
		"nothing":                   {s3test.Fault{}, "", range23, 206, 2, "ll", headers{"Content-Range": "bytes 2-3/12"}},
		"no ranges":                 {s3test.IgnoreRange(), "", range23, 200, 12, "hello, world", headers{"Content-Range": ""}},
		"no conditions":             {s3test.IgnoreConditions(), "", match, 200, 12, "hello, world", nil},
		"no If-Match":               {s3test.IgnoreHeader("If-Match"), "", match, 200, 12, "hello, world", nil},
		"another range":             {s3test.ShiftRange(3), "", range23, 206, 2, ", ", headers{"Content-Range": "bytes 5-6/12"}},
		"another range, open":       {s3test.ShiftRange(3), "", http.Header{"Range": {"bytes=7-"}}, 206, 2, "ld", headers{"Content-Range": "bytes 10-11/12"}},
		"before the object":         {s3test.ShiftRange(-3), "", range23, 206, 2, "ll", nil},
		"suffix":                    {s3test.ShiftRange(3), "", http.Header{"Range": {"bytes=-3"}}, 206, 3, "rld", nil},
		"206 to a plain GET":        {s3test.AnswerRange("bytes=0-4"), "", nil, 206, 5, "hello", headers{"Content-Range": "bytes 0-4/12"}},
		"Content-Range with 200":    {s3test.AlwaysContentRange(), "", nil, 200, 12, "hello, world", headers{"Content-Range": "bytes 0-11/12"}},
		"and not with 206":          {s3test.AlwaysContentRange(), "", range23, 206, 2, "ll", headers{"Content-Range": "bytes 2-3/12"}},
		"Content-Range with a star": {s3test.StarContentRange(), "", nil, 200, 12, "hello, world", headers{"Content-Range": "bytes */12"}},
		"200 to everything":         {s3test.WholeRangeAs200(), "", whole, 200, 12, "hello, world", headers{"Content-Range": ""}},
		"206 to a part":             {s3test.WholeRangeAs200(), "", range23, 206, 2, "ll", headers{"Content-Range": "bytes 2-3/12"}},
		"no ETag":                   {s3test.NoETag(), "", nil, 200, 12, "hello, world", headers{tag: ""}},
		"weak ETag":                 {s3test.WeakETag(), "", nil, 200, 12, "hello, world", headers{tag: `W/"` + etagOfHello + `"`}},
		"ETag without quotes":       {s3test.UnquotedETag(), "", nil, 200, 12, "hello, world", headers{tag: etagOfHello}},
		"the part's ETag":           {s3test.PartETag(), "?partNumber=2", nil, 206, 5, "world", headers{tag: `"f674f5d784d463b7490f1f69bd4e2205"`, "X-Amz-Mp-Parts-Count": "2"}},
		"the object's ETag":         {s3test.PartETag(), "", nil, 200, 12, "hello, world", headers{tag: `"` + etagOfHello + `"`}},
		"no part numbers":           {s3test.IgnorePartNumber(), "?partNumber=2", nil, 200, 12, "hello, world", headers{"X-Amz-Mp-Parts-Count": ""}},
		"no date":                   {s3test.SetHeader("Last-Modified", ""), "", nil, 200, 12, "hello, world", headers{"Last-Modified": ""}},
		"another header":            {s3test.SetHeader("Content-Encoding", "gzip"), "", range23, 206, 2, "ll", headers{"Content-Encoding": "gzip"}},
		"changed":                   {s3test.After(func(r *http.Response) { r.Header.Set("X", "y") }), "", nil, 200, 12, "hello, world", headers{"X": "y"}},
		"checksum":                  {s3test.Fault{}, "", nil, 200, 12, "hello, world", headers{checksum: "BgbsJA==-2", "X-Amz-Checksum-Type": "COMPOSITE"}},
		"no checksum":               {s3test.NoChecksum(), "", nil, 200, 12, "hello, world", headers{checksum: "", "X-Amz-Checksum-Type": ""}},
		"wrong checksum":            {s3test.WrongChecksum(), "", nil, 200, 12, "hello, world", headers{checksum: "AgbsJA==-2", "X-Amz-Checksum-Type": "COMPOSITE"}},
		"bare checksum":             {s3test.BareChecksum(), "", nil, 200, 12, "hello, world", headers{checksum: "BgbsJA==", "X-Amz-Checksum-Type": ""}},
		"length unknown":            {s3test.NoContentLength(), "", nil, 200, -1, "hello, world", headers{"Content-Length": ""}},
		"length too small":          {s3test.ContentLength(5), "", nil, 200, 5, "hello", headers{"Content-Length": "5"}},
		"length too large":          {s3test.ContentLength(1 << 40), "", nil, 200, 1 << 40, "hello, world", headers{"Content-Length": "1099511627776"}},
		"short":                     {s3test.Truncate(5), "", nil, 200, 5, "hello", headers{"Content-Length": "5"}},
		"short range":               {s3test.Truncate(1), "", range23, 206, 1, "l", headers{"Content-Range": "bytes 2-3/12"}},
		"short, unannounced":        {s3test.Join(s3test.Truncate(5), s3test.NoContentLength()), "", nil, 200, -1, "hello", nil},
		"not so short":              {s3test.Truncate(12), "", nil, 200, 12, "hello, world", nil},
		"long":                      {s3test.Lengthen(2), "", nil, 200, 14, "hello, world\x00\x00", headers{"Content-Length": "14"}},
		"long range":                {s3test.Lengthen(1), "", range23, 206, 3, "ll\x00", headers{"Content-Range": "bytes 2-3/12"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			askQuirk(t, tt.fault, http.MethodGet, tt.query, tt.asked, "", func(t *testing.T, r reply, _ *s3test.S3) {
				require.Equal(t, tt.status, r.status)
				require.Equal(t, tt.length, r.length)
				require.Equal(t, tt.body, r.body)
				if tt.length > int64(len(tt.body)) {
					require.ErrorIs(t, r.err, io.ErrUnexpectedEOF)
				} else {
					require.NoError(t, r.err)
				}
				for name, v := range tt.header {
					require.Equal(t, v, r.header.Get(name), name)
					require.Equal(t, v != "", len(r.header[name]) > 0, name)
				}
			})
			// A HEAD has the headers and no body.
			askQuirk(t, tt.fault, http.MethodHead, tt.query, tt.asked, "", func(t *testing.T, r reply, _ *s3test.S3) {
				require.NoError(t, r.err)
				require.Empty(t, r.body)
				for name, v := range tt.header {
					if name != "Content-Length" {
						require.Equal(t, v, r.header.Get(name), name)
					}
				}
			})
		})
	}
	t.Run("spin", func(t *testing.T) {
		s := s3test.New()
		s.Put("b", "k", []byte("hello, world"))
		f := s3test.NewFaults(s.HTTPClient().Transport, s3test.Always(s3test.Spin(5)))
		out, err := s3test.NewClient("http://s3.test", f.HTTPClient()).GetObject(t.Context(), get("k"), plain)
		require.NoError(t, err)
		p := make([]byte, 12)
		n, err := io.ReadFull(out.Body, p[:5])
		require.NoError(t, err)
		require.Equal(t, "hello", string(p[:n]))
		for range 1000 {
			n, err = out.Body.Read(p)
			require.NoError(t, err)
			require.Zero(t, n)
		}
		require.NoError(t, out.Body.Close())

		proxy := s3test.NewProxy("http://s3.test", s3test.Always(s3test.Spin(5)), func(o *s3test.ProxyOptions) { o.Transport = s.HTTPClient().Transport })
		defer proxy.Close()
		out, err = proxy.Client().GetObject(t.Context(), get("k"), plain)
		require.NoError(t, err)
		data, err := io.ReadAll(out.Body)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Equal(t, "hello", string(data))
		require.NoError(t, out.Body.Close())
	})
}

const etagOfHello = "b6633538fad7ce9d4f91da4ad8fd45c3-2"

// TestWriteQuirks: what each quirk does to a PUT, and whether S3 has done it.
func TestWriteQuirks(t *testing.T) {
	tests := map[string]struct {
		fault  s3test.Fault
		status int
		body   string
		done   bool
		header map[string]string
	}{
		"empty":                {s3test.Answer(200, "", ""), 200, "", false, map[string]string{"Etag": ""}},
		"empty, done":          {s3test.AnswerAfter(200, "", ""), 200, "", true, map[string]string{"Etag": ""}},
		"blanks":               {s3test.Answer(200, "application/xml", "  \n"), 200, "  \n", false, nil},
		"html":                 {s3test.Answer(200, "text/html", "<html>"), 200, "<html>", false, map[string]string{"Content-Type": "text/html"}},
		"html with 520":        {s3test.Answer(520, "text/html", "<html>"), 520, "<html>", false, nil},
		"499":                  {s3test.Answer(499, "text/html", ""), 499, "", false, nil},
		"no ETag":              {s3test.NoETag(), 200, "", true, map[string]string{"Etag": ""}},
		"a condition, ignored": {s3test.IgnoreConditions(), 200, "", true, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var h http.Header
			if strings.Contains(name, "condition") {
				h = http.Header{"If-None-Match": {"*"}}
			}
			askQuirk(t, tt.fault, http.MethodPut, "", h, "new", func(t *testing.T, r reply, s *s3test.S3) {
				require.Equal(t, tt.status, r.status)
				require.Equal(t, tt.body, r.body)
				require.NoError(t, r.err)
				o, _ := s.Object("b", "k")
				require.Equal(t, tt.done, string(o.Data) == "new")
				for name, v := range tt.header {
					require.Equal(t, v, r.header.Get(name), name)
				}
			})
		})
	}
	t.Run("200 with an error", func(t *testing.T) {
		askQuirk(t, s3test.ErrorIn200("InternalError"), http.MethodPut, "", nil, "new", func(t *testing.T, r reply, s *s3test.S3) {
			require.Equal(t, 200, r.status)
			require.True(t, strings.HasPrefix(r.body, "<?xml"), r.body)
			require.Contains(t, r.body, "<Code>InternalError</Code>")
			require.Contains(t, r.body, "  ")
			require.Empty(t, s.Requests())
		})
	})
	t.Run("the SDK sees it", func(t *testing.T) {
		faulty(t, s3test.Rules(s3test.Rule{Operation: "CopyObject", Fault: s3test.ErrorIn200("SlowDown")}), func(t *testing.T, _ *s3test.S3, c *s3.Client, _ *s3test.Faults) {
			_, err := c.CopyObject(t.Context(), &s3.CopyObjectInput{Bucket: aws.String("b"), Key: aws.String("k2"), CopySource: aws.String("b/k")})
			require.ErrorContains(t, err, "SlowDown")
		})
	})
	t.Run("complete without an ETag", func(t *testing.T) {
		faulty(t, s3test.Rules(s3test.Rule{Operation: "CompleteMultipartUpload", Fault: s3test.NoETag()}), func(t *testing.T, s *s3test.S3, c *s3.Client, _ *s3test.Faults) {
			id := create(t, c)
			out, err := complete(t, c, id, uploadPart(t, c, id, 1, []byte("x"), ""))
			require.NoError(t, err)
			require.Nil(t, out.ETag)
			require.Equal(t, "k", *out.Key, "the rest is there")
			o, _ := s.Object("b", "k")
			require.Equal(t, "x", string(o.Data))
		})
	})
}

// TestSilence: what has been read and done when there is no answer.
func TestSilence(t *testing.T) {
	for name, tt := range map[string]struct {
		fault      s3test.Fault
		read, done bool
	}{
		"before the body": {s3test.Hang(), false, false},
		"after the body":  {s3test.HangAfterBody(), true, false},
		"when it is done": {s3test.WithholdAnswer(), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := s3test.New()
				s.CreateBucket("b", false)
				f := s3test.NewFaults(s.HTTPClient().Transport, s3test.Always(tt.fault))
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				start := time.Now()
				_, err := s3test.NewClient("http://s3.test", f.HTTPClient(), noRetry).PutObject(ctx, put([]byte("new")))
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Equal(t, time.Hour, time.Since(start))
				require.Equal(t, tt.read, f.Stats().BytesReceived > 0)
				_, done := s.Object("b", "k")
				require.Equal(t, tt.done, done)
			})
		})
	}
}

// TestRepeatToken: every list says that it goes on where it was.
func TestRepeatToken(t *testing.T) {
	faulty(t, s3test.Always(s3test.RepeatToken()), func(t *testing.T, s *s3test.S3, c *s3.Client, _ *s3test.Faults) {
		for _, key := range []string{"a", "b", "c<&>", "d"} {
			s.Put("list", key, nil)
		}
		in := &s3.ListObjectsV2Input{Bucket: aws.String("list"), MaxKeys: aws.Int32(1)}
		out, err := c.ListObjectsV2(t.Context(), in)
		require.NoError(t, err)
		for range 3 {
			in.ContinuationToken = out.NextContinuationToken
			out, err = c.ListObjectsV2(t.Context(), in)
			require.NoError(t, err)
			require.Equal(t, in.ContinuationToken, out.NextContinuationToken)
			require.True(t, *out.IsTruncated)
			require.Equal(t, "b", *out.Contents[0].Key)
		}
		v1, err := c.ListObjects(t.Context(), &s3.ListObjectsInput{Bucket: aws.String("list"), Marker: aws.String("c<&>")})
		require.NoError(t, err)
		require.Equal(t, "c<&>", *v1.NextMarker)
		require.True(t, *v1.IsTruncated)
	})
}

// TestTogether: a store has its quirk in all requests, and a fault of the network in
// some.
func TestTogether(t *testing.T) {
	script := s3test.Together(s3test.Always(s3test.NoETag()), s3test.Rules(s3test.Rule{Times: 1, Fault: s3test.Cut(1)}))
	faulty(t, script, func(t *testing.T, _ *s3test.S3, c *s3.Client, f *s3test.Faults) {
		f.SetScript(s3test.Together(s3test.Always(s3test.NoETag()), s3test.Rules(s3test.Rule{Times: 1, Fault: s3test.Cut(1)})))
		for n := range 2 {
			out, err := c.GetObject(t.Context(), get("k"), plain)
			require.NoError(t, err)
			require.Nil(t, out.ETag)
			data, err := io.ReadAll(out.Body)
			require.Equal(t, n == 0, errors.Is(err, io.ErrUnexpectedEOF))
			require.Equal(t, n == 0, len(data) == 1)
			require.NoError(t, out.Body.Close())
		}
	})
}

// TestQuirks: each quirk meets a program that does a little of everything.
func TestQuirks(t *testing.T) {
	seen := map[string]bool{}
	for _, rule := range s3test.Quirks() {
		require.False(t, seen[rule.String()], "%v is there twice", rule)
		seen[rule.String()] = true
		t.Run(rule.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := s3test.New()
				s.Put("b", "k", []byte("hello, world"))
				f := s3test.NewFaults(s.HTTPClient().Transport, s3test.Rules(rule))
				c := s3test.NewClient("https://s3.test", f.HTTPClient(), noRetry, plain)
				everything(t, c)
				require.NotZero(t, f.Stats().Faults, "it has happened")
			})
		})
	}
	require.Greater(t, len(seen), 100)
}

// everything calls each operation once, and takes every answer.
func everything(t *testing.T, c *s3.Client) {
	b, k := aws.String("b"), aws.String("k")
	try := func(f func(ctx context.Context) error) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = f(ctx) // what comes of it is the quirk's
	}
	try(func(ctx context.Context) error {
		out, err := c.GetObject(ctx, get("k"))
		if err == nil {
			for tries := 0; err == nil && tries < 100; tries++ { // (0, nil) is for ever
				_, err = out.Body.Read(make([]byte, 13))
			}
			out.Body.Close()
		}
		return err
	})
	try(func(ctx context.Context) error {
		_, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: b, Key: k, PartNumber: aws.Int32(1)})
		return err
	})
	try(func(ctx context.Context) error { _, err := c.PutObject(ctx, put([]byte("new"))); return err })
	try(func(ctx context.Context) error {
		_, err := c.CopyObject(ctx, &s3.CopyObjectInput{Bucket: b, Key: aws.String("k2"), CopySource: aws.String("b/k")})
		return err
	})
	var id *string
	try(func(ctx context.Context) error {
		out, err := c.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: b, Key: k})
		if err == nil {
			id = out.UploadId
		}
		return err
	})
	if id == nil {
		id = aws.String("none")
	}
	try(func(ctx context.Context) error {
		_, err := c.UploadPart(ctx, &s3.UploadPartInput{Bucket: b, Key: k, UploadId: id, PartNumber: aws.Int32(1), Body: bytes.NewReader([]byte("x"))})
		return err
	})
	try(func(ctx context.Context) error {
		_, err := c.ListParts(ctx, &s3.ListPartsInput{Bucket: b, Key: k, UploadId: id, PartNumberMarker: aws.String("1")})
		return err
	})
	try(func(ctx context.Context) error {
		_, err := c.ListMultipartUploads(ctx, &s3.ListMultipartUploadsInput{Bucket: b, KeyMarker: aws.String("a")})
		return err
	})
	try(func(ctx context.Context) error {
		_, err := c.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: b, Key: k, UploadId: id,
			MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1)}}}})
		return err
	})
	try(func(ctx context.Context) error {
		_, err := c.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: b, Key: k, UploadId: id})
		return err
	})
	try(func(ctx context.Context) error {
		_, err := c.ListObjects(ctx, &s3.ListObjectsInput{Bucket: b, Marker: aws.String("a")})
		return err
	})
	try(func(ctx context.Context) error {
		_, err := c.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: b, ContinuationToken: aws.String("YQ==")})
		return err
	})
}
