package direct_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/direct"
	"github.com/s3pool/s3pool/internal/require"
)

// What happens after a failure is what happens with the SDK: as many requests, with the same
// attempt headers, signed at the same time, and the same end.
func TestRetries(t *testing.T) {
	coded := func(status int, code string, away time.Duration) func() answer {
		return func() answer {
			return answer{
				status: status, body: fmt.Sprintf(xmlError, code),
				header: http.Header{"Date": {time.Now().Add(away).UTC().Format(http.TimeFormat)}, "X-Amz-Request-Id": {"id"}},
			}
		}
	}
	ok := func() answer { return answer{status: 200} }
	broken := func() answer { return answer{err: errors.New("connection reset by peer")} }
	for name, c := range map[string]struct {
		answers []func() answer
		option  func(*s3.Options)
		repeat  int
	}{
		"slow down, then well":     {answers: []func() answer{coded(503, "SlowDown", 0), ok}},
		"broken twice, then well":  {answers: []func() answer{broken, broken, ok}},
		"for ever":                 {answers: []func() answer{coded(500, "InternalError", 0)}},
		"broken for ever":          {answers: []func() answer{broken}},
		"final":                    {answers: []func() answer{coded(403, "AccessDenied", 0), ok}},
		"final after a retry":      {answers: []func() answer{broken, coded(404, "NoSuchKey", 0)}},
		"clock an hour off":        {answers: []func() answer{coded(403, "RequestTimeTooSkewed", time.Hour), ok}, repeat: 2},
		"clock off, five attempts": {answers: []func() answer{coded(403, "RequestTimeTooSkewed", -time.Hour), coded(503, "SlowDown", -time.Hour), ok}, repeat: 2},
		"clock off, and told": {answers: []func() answer{coded(403, "RequestTimeTooSkewed", time.Hour), func() answer {
			return answer{status: 200, header: http.Header{"Date": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}}
		}}, repeat: 3},
		"expired credentials": {answers: []func() answer{coded(400, "ExpiredToken", 0), ok}, repeat: 2},
		"one attempt":         {answers: []func() answer{broken, ok}, option: func(o *s3.Options) { o.RetryMaxAttempts = 1 }},
		"five attempts":       {answers: []func() answer{broken}, option: func(o *s3.Options) { o.RetryMaxAttempts = 5 }},
		"none":                {answers: []func() answer{broken, ok}, option: func(o *s3.Options) { o.Retryer = aws.NopRetryer{} }},
		"an older Retryer":    {answers: []func() answer{broken, ok}, option: func(o *s3.Options) { o.Retryer = older{retry.NewStandard()} }},
		"quota":               {answers: []func() answer{broken}, repeat: 30, option: func(o *s3.Options) {}},
	} {
		for _, op := range []string{"GetObject", "HeadObject", "PutObject", "UploadPart"} {
			t.Run(name+"/"+op, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var logs [2]string
					for way := range logs {
						s := newScene(name, nil)
						api := calls(s.sdk)
						if way == 1 {
							api = s.direct
							s.net.answers = []answer{ok()}
							_, err := api.HeadObject(t.Context(), headOf("warm"), plainly) // the rehearsal
							require.NoError(t, err)
							s.net.take()
						}
						s.net.answers = nil
						for _, a := range c.answers {
							s.net.answers = append(s.net.answers, a())
						}
						for range max(c.repeat, 1) {
							options := []func(*s3.Options){plainly}
							if c.option != nil {
								options = append(options, c.option)
							}
							ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
							var err error
							switch op {
							case "GetObject":
								_, err = api.GetObject(ctx, getOf("k"), options...)
							case "HeadObject":
								_, err = api.HeadObject(ctx, headOf("k"), options...)
							case "PutObject":
								_, err = api.PutObject(ctx, putOf("k"), options...)
							case "UploadPart":
								_, err = api.UploadPart(ctx, partOf("k"), options...)
							}
							cancel()
							logs[way] += s.diary(t) + describe(err)
						}
						if way == 1 {
							require.Zero(t, s.direct.Stats().SDK, s.direct.Stats().Why)
						}
					}
					require.Equal(t, logs[0], logs[1])
				})
			})
		}
	}
}

func getOf(key string) *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: aws.String("images"), Key: &key}
}

func headOf(key string) *s3.HeadObjectInput {
	return &s3.HeadObjectInput{Bucket: aws.String("images"), Key: &key}
}

func putOf(key string) *s3.PutObjectInput {
	return &s3.PutObjectInput{
		Bucket: aws.String("images"), Key: &key, Body: strings.NewReader("the body"), ContentLength: aws.Int64(8),
		ChecksumCRC64NVME: aws.String("AAAAAAAAAAA="), Metadata: map[string]string{"color": "red"},
	}
}

func partOf(key string) *s3.UploadPartInput {
	return &s3.UploadPartInput{
		Bucket: aws.String("images"), Key: &key, Body: strings.NewReader("the body"), ContentLength: aws.Int64(8),
		ChecksumCRC64NVME: aws.String("AAAAAAAAAAA="), UploadId: aws.String("id"), PartNumber: aws.Int32(7),
	}
}

// older is a Retryer of the first generation.
type older struct{ aws.Retryer }

// deadlines are told to the second, and backoff is random.
var deadlines = regexp.MustCompile(`ttl=\d{8}T\d{6}Z`)

// followsClock says that the SDK follows S3's clock with every answer, as the direct path does.
// Older ones do so some of the time.
var followsClock = func() bool {
	_, ok := reflect.TypeFor[s3.Options]().FieldByName("DisableClockSkewCorrection")
	return ok
}()

// diary returns what the attempts since the last time said of themselves. They are all of one
// call.
func (s *scene) diary(t *testing.T) (log string) {
	id := ""
	for _, req := range s.net.take() {
		if id == "" {
			id = req.Header.Get("Amz-Sdk-Invocation-Id")
		}
		require.Equal(t, id, req.Header.Get("Amz-Sdk-Invocation-Id"))
		at, err := time.Parse("20060102T150405Z", req.Header.Get("X-Amz-Date"))
		require.NoError(t, err)
		attempt := deadlines.ReplaceAllString(req.Header.Get("Amz-Sdk-Request"), "ttl=later")
		away := time.Until(at).Round(10 * time.Minute)
		if !followsClock {
			away, attempt = 0, strings.TrimSuffix(attempt, "; ttl=later")
		}
		log += fmt.Sprintf("%s, %q, %v away\n", attempt, bodyOf(req), away)
	}
	return log
}

// A call that is cancelled ends as the SDK's does, whenever that happens.
func TestCancelled(t *testing.T) {
	for name, when := range map[string]func(s *scene, cancel func()){
		"before": func(_ *scene, cancel func()) { cancel() },
		"in the request": func(s *scene, cancel func()) {
			s.net.answers = []answer{{err: context.Canceled}}
			s.net.before = cancel
		},
		"in the backoff": func(s *scene, cancel func()) {
			s.net.answers = []answer{{status: 503}}
			time.AfterFunc(time.Nanosecond, cancel)
		},
		"with the answer":  func(s *scene, cancel func()) { s.net.answers = []answer{{status: 200}}; s.net.before = cancel },
		"with the refusal": func(s *scene, cancel func()) { s.net.answers = []answer{{status: 403}}; s.net.before = cancel },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var errs [2]string
				var asked [2]int
				for way := range errs {
					s := newScene(name, nil)
					api := calls(s.sdk)
					if way == 1 {
						api = s.direct
						_, err := api.GetObject(t.Context(), getOf("k"), plainly)
						require.NoError(t, err)
						s.net.take()
					}
					ctx, cancel := context.WithCancel(t.Context())
					when(s, cancel)
					_, err := api.GetObject(ctx, getOf("k"), plainly)
					errs[way], asked[way] = describe(err), len(s.net.take())
					cancel()
				}
				require.Equal(t, errs[0], errs[1])
				require.Equal(t, asked[0], asked[1])
			})
		})
	}
}

// Credentials that cannot be had are the SDK's error.
func TestNoCredentials(t *testing.T) {
	fail := false
	asked := 0
	provider := aws.CredentialsProviderFunc(func(ctx context.Context) (aws.Credentials, error) {
		asked++
		if fail {
			return aws.Credentials{}, errors.New("no role")
		}
		return static("").Retrieve(ctx)
	})
	s := newScene("credentials", nil, func(o *s3.Options) { o.Credentials = provider })
	_, err := s.direct.GetObject(t.Context(), getOf("k"), plainly, once)
	require.NoError(t, err)
	fail = true
	_, want := s.sdk.GetObject(t.Context(), getOf("k"), plainly, once)
	_, err = s.direct.GetObject(t.Context(), getOf("k"), plainly, once)
	require.Equal(t, describe(want), describe(err))
	require.Len(t, s.net.take(), 1)
	fail = false
	_, err = s.direct.GetObject(t.Context(), getOf("k"), plainly, once)
	require.NoError(t, err)
	require.Equal(t, direct.Stats{Direct: 3}, s.direct.Stats())
}
