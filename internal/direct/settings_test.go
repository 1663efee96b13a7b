package direct_test

import (
	"context"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool/internal/direct"
	"github.com/s3pool/s3pool/internal/require"
)

// Whoever updates the SDK decides what a new setting means for the direct path.
func TestEverySettingIsDecided(t *testing.T) {
	for f := range reflect.TypeFor[s3.Options]().Fields() {
		_, ok := direct.Settings[f.Name]
		require.True(t, ok, "s3.Options.%s: is it for the direct path? See settings.go", f.Name)
	}
}

// What is not on the list of settings goes through the SDK, and the reason is told.
func TestLeftToTheSDK(t *testing.T) {
	for _, c := range []struct {
		why    string
		option func(*s3.Options)
	}{
		{"Options.ClientLogMode is set", func(o *s3.Options) { o.ClientLogMode = aws.LogRetries }},
		{"Options.Credentials is not set", func(o *s3.Options) { o.Credentials = nil }},
		{"the rehearsal failed", func(o *s3.Options) { o.Credentials = aws.AnonymousCredentials{} }},
		{"Options.EndpointResolverV2 is the caller's own", func(o *s3.Options) { o.EndpointResolverV2 = ownResolver{o.EndpointResolverV2} }},
		{"Options.HTTPSignerV4 is the caller's own", func(o *s3.Options) { o.HTTPSignerV4 = ownSigner{v4.NewSigner()} }},
		{"Options.AuthSchemeResolver is the caller's own", func(o *s3.Options) { o.AuthSchemeResolver = ownAuth{o.AuthSchemeResolver} }},
		{"Options.AuthSchemes is the caller's own", func(o *s3.Options) { o.AuthSchemes = o.AuthSchemes[:1:1] }},
		{"Options.ResponseChecksumValidation wants the SDK to read the body", func(o *s3.Options) {
			o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
		}},
		{"the call's options add to Options.APIOptions", func(o *s3.Options) {
			o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue("X-Own", "1"))
		}},
	} {
		s := newScene(c.why, nil)
		in := &s3.GetObjectInput{Bucket: aws.String("images"), Key: aws.String("k")}
		sdk, ours := s.both(func(api calls) error {
			_, err := api.GetObject(t.Context(), in, plainly, c.option)
			return err
		})
		require.Equal(t, "", differ(sdk, ours), c.why)
		require.Equal(t, direct.Stats{SDK: 1, Why: c.why}, s.direct.Stats())

		// The next call of the same client, without the option, is direct.
		_, err := s.direct.GetObject(t.Context(), getOf("k"), plainly)
		require.NoError(t, err)
		require.Equal(t, uint64(1), s.direct.Stats().Direct, c.why)
	}
}

// A client's own middlewares are run by the SDK, and not once more.
func TestOwnMiddlewares(t *testing.T) {
	built := 0
	counts := middleware.BuildMiddlewareFunc("own", func(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
		built++
		return next.HandleBuild(ctx, in)
	})
	for name, option := range map[string]func(*middleware.Stack) error{
		"add the middleware own":                func(s *middleware.Stack) error { return s.Build.Add(counts, middleware.Before) },
		"remove the middleware ClientRequestID": func(s *middleware.Stack) error { _, err := s.Build.Remove("ClientRequestID"); return err },
		"change the middleware ClientRequestID": func(s *middleware.Stack) error {
			_, err := s.Build.Swap("ClientRequestID", middleware.BuildMiddlewareFunc("ClientRequestID", counts.HandleBuild))
			return err
		},
	} {
		built = 0
		s := newScene(name, nil, func(o *s3.Options) { o.APIOptions = append(o.APIOptions, option) })
		for range 3 {
			_, err := s.direct.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("images"), Key: aws.String("k")}, plainly)
			require.NoError(t, err)
		}
		require.Equal(t, uint64(3), s.direct.Stats().SDK, name)
		require.Contains(t, s.direct.Stats().Why, "APIOptions")
		require.True(t, built == 3 || built == 0, "%s: %d", name, built)
		require.Len(t, s.net.take(), 3)
	}
}

type ownResolver struct{ s3.EndpointResolverV2 }

type ownSigner struct{ s3.HTTPSignerV4 }

type ownAuth struct{ s3.AuthSchemeResolver }
