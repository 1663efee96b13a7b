package direct_test

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
)

// differentErrors compares two errors: what they say, and the chain of their types.
func differentErrors(sdk, ours error) string {
	if a, b := describe(sdk), describe(ours); a != b {
		return fmt.Sprintf("the SDK's error is\n%s\nours\n%s", a, b)
	}
	return ""
}

var addresses = regexp.MustCompile(`0x[0-9a-f]+|127\.0\.0\.1:\d+`)

func describe(err error) string {
	var b strings.Builder
	var walk func(error, int)
	walk = func(err error, depth int) {
		if err == nil {
			return
		}
		fmt.Fprintf(&b, "%s%s: %s\n", strings.Repeat("  ", depth), typeOf(err), addresses.ReplaceAllString(err.Error(), "x"))
		switch u := err.(type) {
		case interface{ Unwrap() error }:
			walk(u.Unwrap(), depth+1)
		case interface{ Unwrap() []error }:
			for _, e := range u.Unwrap() {
				walk(e, depth+1)
			}
		}
	}
	walk(err, 0)
	return b.String()
}

func typeOf(err error) string { return reflect.TypeOf(err).String() }

const xmlError = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>%s</Code><Message>for a reason</Message><RequestId>4442587FB7D0A2F9</RequestId><HostId>host</HostId></Error>`

// Every answer that is no success is the SDK's error: types, codes, ids and words.
func TestErrors(t *testing.T) {
	ids := http.Header{"X-Amz-Request-Id": {"4442587FB7D0A2F9"}, "X-Amz-Id-2": {"host"}, "Content-Type": {"application/xml"}}
	coded := func(status int, code string) answer {
		return answer{status: status, header: ids, body: fmt.Sprintf(xmlError, code)}
	}
	answers := map[string]answer{
		"redirect":          {status: 301, header: http.Header{"X-Amz-Bucket-Region": {"us-west-2"}, "Location": {"https://elsewhere.example"}}, body: fmt.Sprintf(xmlError, "PermanentRedirect")},
		"temporary":         {status: 307, header: http.Header{"Location": {"https://elsewhere.example"}}},
		"not modified":      {status: 304, header: ids},
		"no such key":       coded(404, "NoSuchKey"),
		"no body":           {status: 404, header: ids},
		"no such bucket":    coded(404, "NoSuchBucket"),
		"denied":            coded(403, "AccessDenied"),
		"precondition":      coded(412, "PreconditionFailed"),
		"range":             coded(416, "InvalidRange"),
		"archived":          {status: 403, header: ids, body: `<Error><Code>InvalidObjectState</Code><StorageClass>GLACIER</StorageClass><AccessTier>ARCHIVE_ACCESS</AccessTier></Error>`},
		"html":              {status: 502, header: http.Header{"Content-Type": {"text/html"}}, body: "<html>Bad Gateway"},
		"slow down":         coded(503, "SlowDown"),
		"internal":          coded(500, "InternalError"),
		"expired":           coded(400, "ExpiredToken"),
		"skew without date": coded(403, "RequestTimeTooSkewed"),
		"informational":     {status: 199, header: ids},
		"cut":               {status: 400, header: ids, body: "<Error><Code>Inv"},
		"broken":            {err: errors.New("connection reset by peer")},
		"bad length":        {status: 200, header: http.Header{"Content-Length": {"many"}}},
		"bad date":          {status: 200, header: http.Header{"Last-Modified": {"yesterday"}}},
	}
	for name, a := range answers {
		s := newScene(name, nil)
		s.net.answers = []answer{a}
		var sdk, ours result
		get := &s3.GetObjectInput{Bucket: aws.String("images"), Key: aws.String("k")}
		head := &s3.HeadObjectInput{Bucket: aws.String("images"), Key: aws.String("k")}
		for _, f := range []func(calls) result{
			func(api calls) (r result) {
				r.out, r.err = api.PutObject(t.Context(), putOf("k"), plainly, once)
				return r
			},
			func(api calls) (r result) {
				r.out, r.err = api.UploadPart(t.Context(), partOf("k"), plainly, once)
				return r
			},
			func(api calls) (r result) { r.out, r.err = api.GetObject(t.Context(), get, plainly, once); return r },
			func(api calls) (r result) {
				r.out, r.err = api.HeadObject(t.Context(), head, plainly, once)
				return r
			},
		} {
			sdk = f(s.sdk)
			asked := s.net.take()
			ours = f(s.direct)
			require.Equal(t, "", differ(asked, s.net.take()), name)
			if sdk.err != nil || ours.err != nil {
				require.Equal(t, describe(sdk.err), describe(ours.err), name)
			}
		}
		require.Zero(t, s.direct.Stats().SDK, s.direct.Stats().Why)
	}
}

// A value that would end its line is an error, and nothing is sent, whatever the HTTP client
// thinks of it.
func TestLineBreaks(t *testing.T) {
	for _, value := range []string{"a\nX-Evil: 1", "a\rb", "a\x00b", "a\x7fb", "\n"} {
		s := newScene(value, nil)
		in := &s3.GetObjectInput{Bucket: aws.String("images"), Key: aws.String("k"), IfMatch: &value}
		_, err := s.direct.GetObject(t.Context(), in, plainly)
		require.ErrorContains(t, err, "invalid value of the header If-Match")
		require.False(t, strings.Contains(err.Error(), "Evil"), err)
		require.Empty(t, s.net.take())
	}
}
