package direct

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// The metadata of an output is a map whose keys are types that the SDK keeps to itself. One
// call of the SDK's, which is answered here, shows them; a key is the zero value of its type.
type metadataKeys struct {
	why string // they could not be learnt, or nothing

	rawResponse, responseAt, serverTime, skew, requestID, hostID, attempts any

	checksums any // of the request's body; nil if the SDK does not tell what it was given
}

var keys = sync.OnceValue(learnKeys)

func learnKeys() (k metadataKeys) {
	found := map[string]any{}
	sdk := s3.New(s3.Options{
		Region: "us-east-1", HTTPClient: canned{}, Retryer: aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "a", SecretAccessKey: "s"}, nil
		}),
	})
	name := "x"
	out, err := sdk.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &name, Key: &name, ChecksumCRC32: &name})
	if err != nil {
		k.why = "the SDK's metadata could not be looked at: " + err.Error()
		return k
	}
	values := reflect.ValueOf(out.ResultMetadata).FieldByName("values")
	if values.Kind() != reflect.Map {
		k.why = "the SDK's metadata is no map"
		return k
	}
	for _, key := range values.MapKeys() {
		if key.Kind() == reflect.Interface {
			key = key.Elem()
		}
		if key.Type().Size() != 0 {
			k.why = "the SDK's metadata has a key of the type " + key.Type().String()
			return k
		}
		found[key.Type().Name()] = reflect.Zero(key.Type()).Interface()
	}
	take := func(names ...string) any {
		for _, name := range names {
			if key, ok := found[name]; ok {
				delete(found, name)
				return key
			}
		}
		k.why = "the SDK's metadata has no " + names[0]
		return nil
	}
	k.rawResponse = take("rawResponseKey")
	k.responseAt = take("responseAtKey")
	k.serverTime = take("serverTimeKey")
	k.skew = take("attemptSkewKey")
	k.requestID = take("requestIDKey")
	k.hostID = take("hostIDKey", "hostID")
	k.attempts = take("attemptResultsKey")
	if key, ok := found["computedInputChecksumsKey"]; ok {
		k.checksums = key
		delete(found, "computedInputChecksumsKey")
	}
	for name := range found {
		k.why = "the SDK's metadata has a " + name
	}
	return k
}

type canned struct{}

// Do implements s3.HTTPClient.
func (canned) Do(req *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Request: req,
		Header: http.Header{
			"Date": {time.Now().UTC().Format(http.TimeFormat)}, "X-Amz-Request-Id": {"id"}, "X-Amz-Id-2": {"host"},
		},
		Body: io.NopCloser(strings.NewReader("")),
	}, nil
}

// metadata returns that of a call whose first attempt has been answered by resp. It reports
// false if it is not the same as the SDK's would be.
func (e *exchange) metadata(resp *http.Response, at time.Time) (md middleware.Metadata, ok bool) {
	k := keys()
	raw := &smithyhttp.Response{Response: resp}
	var of middleware.Metadata // the attempt's
	of.Set(k.rawResponse, raw)
	of.Set(k.responseAt, at)
	if date := resp.Header.Get("Date"); date != "" {
		server, err := parseDate(date)
		if err != nil {
			return md, false
		}
		of.Set(k.serverTime, server)
		if skew, ok := e.skewOf(resp, at); ok {
			of.Set(k.skew, skew)
			e.c.skew.Store(int64(skew))
		}
	}
	if k.checksums != nil && e.q.checksum != "" {
		of.Set(k.checksums, map[string]string{strings.ToUpper(e.q.checksum[len(checksumHeader):]): e.q.sum})
	}
	if id := resp.Header.Get("X-Amz-Request-Id"); id != "" {
		of.Set(k.requestID, id)
	}
	if host := resp.Header.Get("X-Amz-Id-2"); host != "" {
		of.Set(k.hostID, host)
	}
	md = of.Clone()
	md.Set(k.attempts, retry.AttemptResults{Results: []retry.AttemptResult{{ResponseMetadata: of}}})
	return md, true
}

// slowest is the longest that an answer may take for its Date to be believed.
const slowest = 15 * time.Minute

// skewOf returns how S3's clock differs from ours, by an answer that came at that time. It
// reports false if the answer does not tell, or if nobody wants to know.
func (e *exchange) skewOf(resp *http.Response, at time.Time) (time.Duration, bool) {
	if resp == nil || !e.clock || resp.Header.Get("Age") != "" || at.Sub(e.sent) > slowest {
		return 0, false
	}
	server, err := parseDate(resp.Header.Get("Date"))
	return server.Sub(at), err == nil
}
