package direct_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool/internal/require"
)

// Outputs are filled as the SDK fills them, from every header that its source names.
func TestOutputs(t *testing.T) {
	headers := headersOfSDK(t)
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 2))
	s := newScene("outputs", nil)
	for i := range rounds(3000) {
		a := answer{status: []int{200, 206}[rnd.IntN(2)], header: http.Header{}, body: "body"}
		for _, name := range headers {
			if rnd.IntN(8) == 0 {
				a.header.Set(name, randomValue(rnd, name))
			}
		}
		if rnd.IntN(20) == 0 {
			a.header["x-amz-meta-odd"] = []string{"not canonical"}
		}
		s.net.answers = []answer{a}
		var sdk, ours result
		switch rnd.IntN(4) {
		case 0:
			a.body = ""
			s.net.answers = []answer{a}
			sdk.out, sdk.err = s.sdk.PutObject(t.Context(), putOf("k"), plainly, once)
			ours.out, ours.err = s.direct.PutObject(t.Context(), putOf("k"), plainly, once)
		case 1:
			a.body = ""
			s.net.answers = []answer{a}
			sdk.out, sdk.err = s.sdk.UploadPart(t.Context(), partOf("k"), plainly, once)
			ours.out, ours.err = s.direct.UploadPart(t.Context(), partOf("k"), plainly, once)
		case 2:
			in := &s3.GetObjectInput{Bucket: aws.String("images"), Key: aws.String("k")}
			sdk.out, sdk.err = s.sdk.GetObject(t.Context(), in, plainly, once)
			ours.out, ours.err = s.direct.GetObject(t.Context(), in, plainly, once)
		case 3:
			in := &s3.HeadObjectInput{Bucket: aws.String("images"), Key: aws.String("k")}
			sdk.out, sdk.err = s.sdk.HeadObject(t.Context(), in, plainly, once)
			ours.out, ours.err = s.direct.HeadObject(t.Context(), in, plainly, once)
		}
		if d := sdk.differ(ours); d != "" {
			t.Fatalf("seed %d, round %d: %s\nthe headers are %q", seed, i, d, a.header)
		}
	}
	st := s.direct.Stats()
	require.Zero(t, st.SDK, st.Why)
}

func once(o *s3.Options) {
	o.Retryer = unnamed{retry.AddWithMaxAttempts(retry.NewStandard(), 1).(aws.RetryerV2)}
}

// headersOfSDK returns the headers that the SDK's source reads, and some that stores send
// besides.
func headersOfSDK(t *testing.T) []string {
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/aws/aws-sdk-go-v2/service/s3").Output()
	require.NoError(t, err)
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "deserializers.go"))
	require.NoError(t, err)
	all := []string{
		"Date", "Server", "Age", "X-Amz-Request-Id", "X-Amz-Id-2", "X-Amz-Bucket-Region", "X-Amz-Meta-Color", "X-Amz-Meta-", "X-Amz-New-In-2030",
		"X-Minio-Deployment-Id", "Strict-Transport-Security",
	}
	for _, op := range []string{"GetObject", "HeadObject", "PutObject", "UploadPart"} {
		_, body, ok := strings.Cut(string(source), "\nfunc awsRestxml_deserializeOpHttpBindings"+op+"Output(")
		require.True(t, ok, op)
		body, _, _ = strings.Cut(body, "\n}\n")
		found := regexp.MustCompile(`Header\.Values\("([^"]+)"\)`).FindAllStringSubmatch(body, -1)
		require.Greater(t, len(found), 10, op)
		for _, m := range found {
			all = append(all, m[1])
		}
	}
	return all
}

func randomValue(rnd *rand.Rand, name string) string {
	if rnd.IntN(30) == 0 {
		return []string{"", "nonsense", " blanks ", "-1", "0x10", "99999999999999999999", "ü"}[rnd.IntN(7)]
	}
	switch {
	case strings.Contains(name, "ate") || name == "Expires" || strings.Contains(name, "Modified"):
		return []string{"Fri, 27 Nov 2026 07:00:00 GMT", "2026-11-27T07:00:00Z", "2026-11-27T07:00:00.123Z", "Fri, 27 Nov 2026 07:00:00.5 GMT"}[rnd.IntN(4)]
	case strings.Contains(strings.ToLower(name), "count") || name == "Content-Length" || strings.Contains(name, "missing") || strings.Contains(name, "duration"):
		return fmt.Sprint(rnd.IntN(100000))
	case strings.Contains(name, "delete-marker") || strings.Contains(name, "enabled"):
		return []string{"true", "false", "TRUE", "1"}[rnd.IntN(4)]
	}
	return []string{"a", `"etag"`, "AES256", "bytes 0-3/4", "a b", "REPLICA"}[rnd.IntN(6)]
}

// A result is what a call has returned.
type result struct {
	out any // a pointer to an output
	err error
}

// differ returns how another result differs, or nothing.
func (r result) differ(other result) string {
	if r.err != nil || other.err != nil {
		return differentErrors(r.err, other.err)
	}
	a, b := reflect.ValueOf(r.out).Elem(), reflect.ValueOf(other.out).Elem()
	for i := range a.NumField() {
		f := a.Type().Field(i)
		switch {
		case !f.IsExported():
		case f.Name == "Body":
			ab, aerr := io.ReadAll(a.Field(i).Interface().(io.Reader))
			bb, berr := io.ReadAll(b.Field(i).Interface().(io.Reader))
			if string(ab) != string(bb) || (aerr == nil) != (berr == nil) {
				return fmt.Sprintf("the SDK's body is %q, %v, ours %q, %v", ab, aerr, bb, berr)
			}
		case f.Name == "ResultMetadata":
			if d := differentMetadata(a.Field(i).Interface().(middleware.Metadata), b.Field(i).Interface().(middleware.Metadata), true); d != "" {
				return d
			}
		case !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()):
			return fmt.Sprintf("the SDK's %s is %v, ours %v", f.Name, reflect.Indirect(a.Field(i)), reflect.Indirect(b.Field(i)))
		}
	}
	return ""
}

func differentMetadata(a, b middleware.Metadata, attempts bool) string {
	see := func(md middleware.Metadata) (s string) {
		id, ok := awsmiddleware.GetRequestIDMetadata(md)
		s += fmt.Sprintln("request", id, ok)
		host, ok := s3.GetHostIDMetadata(md)
		s += fmt.Sprintln("host", host, ok)
		server, ok := awsmiddleware.GetServerTime(md)
		s += fmt.Sprintln("server", server, ok)
		_, ok = awsmiddleware.GetResponseAt(md)
		s += fmt.Sprintln("response at", ok)
		_, ok = awsmiddleware.GetAttemptSkew(md)
		s += fmt.Sprintln("skew", ok && followsClock)
		sums, ok := s3.GetComputedInputChecksumsMetadata(md)
		s += fmt.Sprintln("sums", sums, ok)
		if raw, ok := awsmiddleware.GetRawResponse(md).(*smithyhttp.Response); ok {
			s += fmt.Sprintln("raw", raw.StatusCode, raw.Status, len(raw.Header))
		}
		return s
	}
	if as, bs := see(a), see(b); as != bs {
		return fmt.Sprintf("the SDK's metadata is\n%sours\n%s", as, bs)
	}
	if !attempts {
		return ""
	}
	ar, aok := retry.GetAttemptResults(a)
	br, bok := retry.GetAttemptResults(b)
	if aok != bok || len(ar.Results) != len(br.Results) {
		return fmt.Sprintf("the SDK has %d attempts, ours are %d", len(ar.Results), len(br.Results))
	}
	for i, x := range ar.Results {
		y := br.Results[i]
		if x.Retried != y.Retried || x.Retryable != y.Retryable || (x.Err == nil) != (y.Err == nil) {
			return fmt.Sprintf("attempt %d of the SDK's is %+v, of ours %+v", i+1, x, y)
		}
		if d := differentMetadata(x.ResponseMetadata, y.ResponseMetadata, false); d != "" {
			return d
		}
	}
	return ""
}
