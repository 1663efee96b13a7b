package direct_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/direct"
	"github.com/s3pool/s3pool/internal/require"
)

// rounds returns how many random inputs a test takes: S3POOL_ROUNDS, or a number that is
// quick. The race detector, which has nothing to find here, sees a fiftieth.
func rounds(few int) int {
	n, err := strconv.Atoi(os.Getenv("S3POOL_ROUNDS"))
	switch {
	case err != nil:
		return few
	case check.Enabled:
		return n / 50
	}
	return n
}

// Whatever is asked, the request is the SDK's: method, URL, every header, and the signature.
func TestEqualOnTheWire(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	scenes := scenes()
	made, directly := 0, 0
	for i := range rounds(3000) {
		s := scenes[rnd.IntN(len(scenes))]
		in := &s3.GetObjectInput{}
		fill(rnd, in)
		in.Bucket = aws.String(s.buckets[rnd.IntN(len(s.buckets))])
		in.Key = aws.String(randomKey(rnd))
		in.ChecksumMode = ""
		var sdk, ours []*http.Request
		var asked any = in
		switch rnd.IntN(5) {
		case 0, 1:
			sdk, ours = s.both(func(api calls) error { _, err := api.GetObject(t.Context(), in, plainly); return err })
		case 2:
			head := &s3.HeadObjectInput{}
			fill(rnd, head)
			head.Bucket, head.Key = in.Bucket, in.Key
			asked = head
			sdk, ours = s.both(func(api calls) error { _, err := api.HeadObject(t.Context(), head, plainly); return err })
		case 3:
			put, body := &s3.PutObjectInput{}, randomBody(rnd)
			fill(rnd, put)
			put.Bucket, put.Key, put.Body, put.ContentLength = in.Bucket, in.Key, body, aws.Int64(body.Size())
			oneChecksum(rnd, put)
			asked = put
			sdk, ours = s.both(func(api calls) error {
				body.Seek(0, io.SeekStart)
				_, err := api.PutObject(t.Context(), put, plainly)
				return err
			})
		case 4:
			part, body := &s3.UploadPartInput{}, randomBody(rnd)
			fill(rnd, part)
			part.Bucket, part.Key, part.Body, part.ContentLength = in.Bucket, in.Key, body, aws.Int64(body.Size())
			part.PartNumber, part.UploadId = aws.Int32(rnd.Int32N(10000)), aws.String("upload+id/=")
			oneChecksum(rnd, part)
			asked = part
			sdk, ours = s.both(func(api calls) error {
				body.Seek(0, io.SeekStart)
				_, err := api.UploadPart(t.Context(), part, plainly)
				return err
			})
		}
		if d := differ(sdk, ours); d != "" {
			t.Fatalf("seed %d, round %d, %s: %s\n%+v", seed, i, s.name, d, asked)
		}
		why := s.direct.Stats().Why
		require.False(t, strings.Contains(why, "another way") || strings.Contains(why, "adds"), "%s: %s", s.name, why)
		made += len(ours)
	}
	for _, s := range scenes {
		st := s.direct.Stats()
		t.Logf("%-28s %5d direct, %5d through the SDK %s", s.name, st.Direct, st.SDK, st.Why)
		directly += int(st.Direct)
	}
	require.True(t, directly*10 > made*5, "%d of %d calls were direct", directly, made)
}

type calls interface {
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
	UploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.Options)) (*s3.UploadPartOutput, error)
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
}

// A scene is a client, and buckets to ask it about.
type scene struct {
	name    string
	buckets []string
	net     *recorder
	sdk     *s3.Client
	direct  *direct.Client
}

func (s *scene) both(call func(calls) error) (sdk, ours []*http.Request) {
	call(s.sdk)
	sdk = s.net.take()
	call(s.direct)
	return sdk, s.net.take()
}

func newScene(name string, buckets []string, optFns ...func(*s3.Options)) *scene {
	s := &scene{name: name, buckets: buckets, net: &recorder{}}
	s.sdk = s3.New(s3.Options{
		Region: "eu-central-1", Credentials: static(""), HTTPClient: s.net, Retryer: unnamed{retry.NewStandard()},
	}, optFns...)
	s.direct = direct.New(s.sdk, direct.Known{})
	return s
}

func scenes() []*scene {
	names := []string{"images", "with.dots", "another-bucket-0"}
	base := func(url string) func(*s3.Options) { return func(o *s3.Options) { o.BaseEndpoint = &url } }
	path := func(o *s3.Options) { o.UsePathStyle = true }
	return []*scene{
		newScene("virtual hosts", names),
		newScene("paths", names, path),
		newScene("token", names, func(o *s3.Options) { o.Credentials = static("token/with+signs==") }),
		newScene("endpoint", names, base("http://localhost:9000"), path),
		newScene("endpoint by host", names, base("https://s3.example.com")),
		newScene("endpoint with a path", names, base("https://example.com:8443/s3/v1"), path),
		newScene("endpoint with a slash", names, base("https://example.com/s3/"), path),
		newScene("endpoint, default port", names, base("http://127.0.0.1:80"), path),
		newScene("endpoint of IPv6", names, base("http://[::1]:9000"), path),
		newScene("dual stack", names, func(o *s3.Options) { o.EndpointOptions.UseDualStackEndpoint = aws.DualStackEndpointStateEnabled }),
		newScene("FIPS", names, func(o *s3.Options) {
			o.Region = "us-east-1"
			o.EndpointOptions.UseFIPSEndpoint = aws.FIPSEndpointStateEnabled
		}),
		newScene("accelerate", []string{"images"}, func(o *s3.Options) { o.UseAccelerate = true }),
		newScene("checksums if required", names, func(o *s3.Options) {
			o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			o.ContinueHeaderThresholdBytes = 50
		}),
		newScene("no continue", names, base("http://localhost:9000"), path, func(o *s3.Options) { o.ContinueHeaderThresholdBytes = -1 }),
		newScene("app id", names, func(o *s3.Options) { o.AppID = "my/app" }),
		newScene("access points", []string{
			"arn:aws:s3:eu-central-1:123456789012:accesspoint/photos",
			"arn:aws:s3:us-west-2:123456789012:accesspoint:photos",
			"arn:aws:s3-outposts:us-west-2:123456789012:outpost/op-01234567890123456/accesspoint/reports",
			"arn:aws:s3-object-lambda:us-west-2:123456789012:accesspoint/banner",
			"arn:aws:s3::123456789012:accesspoint:mfzwi23gnjvgw.mrap",
		}, func(o *s3.Options) { o.UseARNRegion = true }),
		newScene("express", []string{"images--use1-az4--x-s3"}),
	}
}

// differ returns how the requests of the SDK and ours differ, but for their time and their
// call, or nothing. Ours has to bear the signature that the SDK's signer makes of it.
func differ(sdk, ours []*http.Request) string {
	if len(sdk) != len(ours) {
		return fmt.Sprintf("%d requests of the SDK, %d of ours", len(sdk), len(ours))
	}
	for i := range sdk {
		a, b := sdk[i], ours[i]
		if a.Method != b.Method || a.URL.String() != b.URL.String() || *a.URL != *b.URL || a.Host != b.Host || a.ContentLength != b.ContentLength {
			return fmt.Sprintf("the SDK sends %s %s %+v %q,\nours is %s %s %+v %q", a.Method, a.URL, *a.URL, a.Host, b.Method, b.URL, *b.URL, b.Host)
		}
		if a, b := bodyOf(a), bodyOf(b); a != b {
			return fmt.Sprintf("the SDK sends the body %q, ours is %q", a, b)
		}
		an, bn := namesOf(a.Header), namesOf(b.Header)
		if !slices.Equal(an, bn) {
			return fmt.Sprintf("the SDK sends the headers %q,\nours are %q", an, bn)
		}
		for _, name := range an {
			switch name {
			case "Amz-Sdk-Invocation-Id":
				if len(b.Header.Get(name)) != len(a.Header.Get(name)) {
					return name
				}
				continue
			case "X-Amz-Date", "Authorization":
				continue // below
			}
			if !slices.Equal(a.Header[name], b.Header[name]) {
				return fmt.Sprintf("the SDK sends %s %q,\nours is %q", name, a.Header[name], b.Header[name])
			}
		}
		if d := wrongSignature(b); d != "" {
			return d
		}
	}
	return ""
}

func bodyOf(req *http.Request) string {
	if req.Body == nil {
		return ""
	}
	b, err := io.ReadAll(req.Body)
	req.Body = io.NopCloser(strings.NewReader(string(b)))
	return fmt.Sprintf("%s%v", b, err)
}

func namesOf(h http.Header) (names []string) {
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// wrongSignature returns the signature of a request and that of the SDK's signer at the same
// time, if they differ.
func wrongSignature(req *http.Request) string {
	have := req.Header.Get("Authorization")
	credential, ok := strings.CutPrefix(have, "AWS4-HMAC-SHA256 Credential=")
	if !ok {
		return "" // the SDK's, which signs in another way
	}
	scope := strings.Split(credential, "/")
	at, err := time.Parse("20060102T150405Z", req.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > time.Hour {
		return "X-Amz-Date " + req.Header.Get("X-Amz-Date")
	}
	again := req.Clone(context.Background())
	again.Header.Del("Authorization")
	c, _ := static(req.Header.Get("X-Amz-Security-Token")).Retrieve(context.Background())
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err := signer.SignHTTP(context.Background(), c, again, req.Header.Get("X-Amz-Content-Sha256"), scope[3], scope[2], at); err != nil {
		return err.Error()
	}
	if want := again.Header.Get("Authorization"); have != want {
		return fmt.Sprintf("the SDK signs %s,\nours is %s", want, have)
	}
	return ""
}

// fill sets some fields of the struct that in points to.
func fill(rnd *rand.Rand, in any) {
	v := reflect.ValueOf(in).Elem()
	few := rnd.IntN(4) > 0
	for i := range v.NumField() {
		f := v.Field(i)
		if !v.Type().Field(i).IsExported() || few && rnd.IntN(10) > 0 || rnd.IntN(2) > 0 {
			continue
		}
		switch f.Interface().(type) {
		case *string:
			f.Set(reflect.ValueOf(aws.String(randomText(rnd))))
		case *int32:
			f.Set(reflect.ValueOf(aws.Int32(rnd.Int32N(10000) - 5)))
		case *int64:
			f.Set(reflect.ValueOf(aws.Int64(rnd.Int64N(10000))))
		case *bool:
			f.Set(reflect.ValueOf(aws.Bool(rnd.IntN(2) > 0)))
		case map[string]string:
			f.Set(reflect.ValueOf([]map[string]string{
				{}, {"color": "red"}, {"Two-Words": "a  b", "x_y": "", "UPPER": "ü"}, {"a b": "c"}, {"same": "1", "SAME": "2"},
			}[rnd.IntN(4)])) // not the last: the SDK sends either
		case *time.Time:
			f.Set(reflect.ValueOf(aws.Time(time.Unix(rnd.Int64N(1<<33), 0).In(time.FixedZone("there", 3600*rnd.IntN(10))))))
		default:
			if f.Kind() == reflect.String {
				f.SetString(randomText(rnd))
			}
		}
	}
}

// oneChecksum leaves the input one checksum at the most, as a program has it, and mostly one.
func oneChecksum(rnd *rand.Rand, in any) {
	v := reflect.ValueOf(in).Elem()
	var sums []reflect.Value
	for i := range v.NumField() {
		f := v.Field(i)
		if f.Type() == reflect.TypeFor[*string]() && strings.HasPrefix(v.Type().Field(i).Name, "Checksum") {
			f.SetZero()
			sums = append(sums, f)
		}
	}
	v.FieldByName("ChecksumAlgorithm").SetZero()
	if rnd.IntN(6) > 0 {
		sums[rnd.IntN(len(sums))].Set(reflect.ValueOf(aws.String("AAAAAA==")))
	}
	if rnd.IntN(4) == 0 {
		v.FieldByName("ChecksumAlgorithm").SetString([]string{"CRC32", "CRC64NVME", "SHA256"}[rnd.IntN(3)])
	}
}

func randomBody(rnd *rand.Rand) *strings.Reader {
	return strings.NewReader(strings.Repeat("body ", []int{0, 1, 10, 100}[rnd.IntN(4)]))
}

func randomText(rnd *rand.Rand) string {
	return []string{
		"", "a", "bytes=0-99", `"etag"`, "  two  words  ", "ü", "a&b=c", "a+b %20", "tab\there", "\t lead", "*", "/", "~",
		`attachment; filename="x y.pdf"`, strings.Repeat("long ", 50),
	}[rnd.IntN(15)]
}

// randomKey returns a key of any bytes that S3 takes.
func randomKey(rnd *rand.Rand) string {
	if rnd.IntN(3) == 0 {
		return []string{
			"a", "/", "//", "/a", "a//b", "a/../b", "./a", "..", "a/.", "a+b", "a%2Fb", "a%", "a?b#c", "日本語/ü", "a b", "a\nb",
			"\x00", "\xff\xfe", strings.Repeat("k", 1024), "images", "a/images", "a;b=c&d", "~-._", "a\\b", ":", "@",
		}[rnd.IntN(26)]
	}
	b := make([]byte, 1+rnd.IntN(40))
	for i := range b {
		b[i] = byte(rnd.IntN(256))
		if rnd.IntN(2) > 0 {
			b[i] = "abc/.+-_~ "[rnd.IntN(10)]
		}
	}
	return string(b)
}
