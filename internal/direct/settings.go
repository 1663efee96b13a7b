package direct

import (
	"fmt"
	"os"
	"reflect"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/metrics"
	"github.com/aws/smithy-go/tracing"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A verdict says why a value of a setting is not for the direct path, or nothing.
type verdict func(v reflect.Value) string

// settings are the fields of s3.Options that have been decided on. A newer SDK may have more:
// then TestEverySettingIsDecided fails here, and a client that sets one uses the SDK.
var settings = map[string]verdict{
	"APIOptions":       nil, // see plan.inspect
	"Interceptors":     unset,
	"ClientLogMode":    unset,
	"EndpointResolver": unset,

	"HTTPClient":         required,
	"Credentials":        required, // none are anonymous requests
	"EndpointResolverV2": standard,
	"AuthSchemeResolver": standard,
	"AuthSchemes":        standardSchemes,
	"HTTPSignerV4":       typed(reflect.TypeFor[*v4.Signer]()),
	"MeterProvider":      typed(reflect.TypeFor[metrics.NopMeterProvider]()),
	"TracerProvider":     typed(reflect.TypeFor[*tracing.NopTracerProvider]()),

	"AuthSchemePreference": unset,

	// The rehearsal shows what these make of a request.
	"AppID":                          nil,
	"BaseEndpoint":                   nil,
	"ContinueHeaderThresholdBytes":   nil,
	"DisableMultiRegionAccessPoints": nil,
	"EndpointOptions":                nil,
	"Region":                         nil,
	"RequestChecksumCalculation":     nil,
	"UseARNRegion":                   nil,
	"UseAccelerate":                  nil,
	"UseDualstack":                   nil,
	"UsePathStyle":                   nil,

	// A GetObject whose body the SDK is to verify is left to it, see getObject.
	"ResponseChecksumValidation": nil,

	// Obeyed by attempt.
	"DisableClockSkewCorrection": nil,
	"RetryMaxAttempts":           nil,
	"Retryer":                    nil,

	// Of no consequence once the client is made, or for these operations.
	"DefaultsMode": nil,
	"DisableLogOutputChecksumValidationSkipped": nil,
	"DisableS3ExpressSessionAuth":               nil,
	"ExpressCredentials":                        nil,
	"IdempotencyTokenProvider":                  nil,
	"Logger":                                    nil, // without a ClientLogMode nobody calls it
	"RetryMode":                                 nil,
	"RuntimeEnvironment":                        nil,
	"httpSignerV4a":                             nil, // the rehearsal shows who signs
	"resolvedDefaultsMode":                      nil,
}

// judge returns why a client with these options has to use the SDK, or nothing.
func judge(o *s3.Options) string {
	if _, ok := os.LookupEnv("AWS_LAMBDA_FUNCTION_NAME"); ok {
		return "AWS Lambda adds a header of its own to each request"
	}
	v := reflect.ValueOf(o).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		decide, known := settings[name]
		if !known {
			decide = unset
		}
		if decide == nil {
			continue
		}
		if why := decide(v.Field(i)); why != "" {
			return fmt.Sprintf("Options.%s %s", name, why)
		}
	}
	return ""
}

func unset(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Slice:
		if v.Len() == 0 {
			return ""
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			if why := unset(field); why != "" {
				return why
			}
		}
		return ""
	default:
		if v.IsZero() {
			return ""
		}
	}
	return "is set"
}

func required(v reflect.Value) string {
	if v.IsNil() {
		return "is not set"
	}
	return ""
}

func typed(want reflect.Type) verdict {
	return func(v reflect.Value) string {
		if v.IsNil() || v.Elem().Type() != want {
			return "is the caller's own"
		}
		return ""
	}
}

// plain are the options of a client that nobody has configured.
var plain = sync.OnceValue(func() s3.Options { return s3.New(s3.Options{Region: "us-east-1"}).Options() })

func standard(v reflect.Value) string {
	o := plain()
	of := reflect.ValueOf(o)
	for _, f := range of.Fields() {
		if f.Kind() == reflect.Interface && f.Type() == v.Type() && !f.IsNil() {
			return typed(f.Elem().Type())(v)
		}
	}
	return "is unknown"
}

func standardSchemes(v reflect.Value) string {
	have, ok := v.Interface().([]smithyhttp.AuthScheme)
	want := plain().AuthSchemes
	if !ok || len(have) != len(want) {
		return "is the caller's own"
	}
	for i, s := range want {
		if s.SchemeID() != have[i].SchemeID() || reflect.TypeOf(s) != reflect.TypeOf(have[i]) || reflect.TypeOf(s.Signer()) != reflect.TypeOf(have[i].Signer()) {
			return "is the caller's own"
		}
	}
	return ""
}

// correctsClock reports whether signatures follow S3's clock.
func correctsClock(o *s3.Options) bool {
	f := reflect.ValueOf(o).Elem().FieldByName("DisableClockSkewCorrection") // not in every SDK
	return !f.IsValid() || !f.Bool()
}

// equal reports whether requests are the same with a and with b. Left out is what each call
// takes from its own options: HTTPClient, Retryer, RetryMaxAttempts, Credentials, APIOptions.
func equal(a, b *s3.Options) bool {
	return a.Region == b.Region && a.AppID == b.AppID && a.UsePathStyle == b.UsePathStyle &&
		a.EndpointOptions == b.EndpointOptions && samePointed(a.BaseEndpoint, b.BaseEndpoint) &&
		a.ClientLogMode == b.ClientLogMode && a.ContinueHeaderThresholdBytes == b.ContinueHeaderThresholdBytes &&
		a.DisableMultiRegionAccessPoints == b.DisableMultiRegionAccessPoints &&
		samePointed(a.DisableS3ExpressSessionAuth, b.DisableS3ExpressSessionAuth) &&
		a.RequestChecksumCalculation == b.RequestChecksumCalculation &&
		a.ResponseChecksumValidation == b.ResponseChecksumValidation &&
		a.UseARNRegion == b.UseARNRegion && a.UseAccelerate == b.UseAccelerate && a.UseDualstack == b.UseDualstack &&
		same(a.EndpointResolver, b.EndpointResolver) && same(a.EndpointResolverV2, b.EndpointResolverV2) &&
		same(a.AuthSchemeResolver, b.AuthSchemeResolver) && same(a.HTTPSignerV4, b.HTTPSignerV4) &&
		same(a.MeterProvider, b.MeterProvider) && same(a.TracerProvider, b.TracerProvider) &&
		len(a.AuthSchemes) == len(b.AuthSchemes) && (len(a.AuthSchemes) == 0 || &a.AuthSchemes[0] == &b.AuthSchemes[0]) &&
		sameSources(a.Credentials, b.Credentials) && newer(a, b)
}

func samePointed[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }

// same is a == b, and false where that would panic.
func same(a, b any) bool {
	t := reflect.TypeOf(a)
	if t != reflect.TypeOf(b) {
		return false
	}
	return t == nil || t.Kind() == reflect.Pointer && a == b || t.Kind() != reflect.Pointer && reflect.ValueOf(a).Comparable() && a == b
}

// sameSources reports whether the user agent names the same sources for both.
func sameSources(a, b aws.CredentialsProvider) bool {
	if (a == nil) != (b == nil) {
		return false
	}
	if same(a, b) {
		return true
	}
	_, named := a.(aws.CredentialProviderSource)
	_, too := b.(aws.CredentialProviderSource)
	return !named && !too
}

// newerFields are the settings that the oldest SDK we build with does not have.
var newerFields = sync.OnceValue(func() (fields []int) {
	t := reflect.TypeFor[s3.Options]()
	for i := range t.NumField() {
		switch name := t.Field(i).Name; name {
		case "Interceptors", "AuthSchemePreference", "DisableClockSkewCorrection":
			fields = append(fields, i)
		default:
			if _, known := settings[name]; !known {
				fields = append(fields, i)
			}
		}
	}
	return fields
})

// newer reports whether the settings that not every SDK has are zero in both.
func newer(a, b *s3.Options) bool {
	for _, i := range newerFields() {
		av, bv := reflect.ValueOf(a).Elem().Field(i), reflect.ValueOf(b).Elem().Field(i)
		if av.Kind() == reflect.Bool && av.Bool() == bv.Bool() {
			continue
		}
		if unset(av) != "" || unset(bv) != "" {
			return false
		}
	}
	return true
}
