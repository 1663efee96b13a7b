package e2e_test

import (
	"errors"
	"testing"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/stretchr/testify/require"
)

// requireStatus requires that err is ours, about key, with the SDK's error in it.
func requireStatus(t *testing.T, err error, key *string, status int) {
	t.Helper()
	require.Error(t, err)
	e, ok := errors.AsType[*transfer.Error](err)
	require.True(t, ok, "%T: %v", err, err)
	require.Equal(t, aws.ToString(key), e.Key)
	response, ok := errors.AsType[*smithyhttp.ResponseError](err)
	require.True(t, ok, "no answer in %v", err)
	require.Equal(t, status, response.HTTPStatusCode(), "%v", err)
	require.NotErrorIs(t, err, transfer.ErrChanged)
}

func testErrors(t *testing.T, s *store) {
	put := s.put(t, "error", random(7, 2*partSize))
	s.put(t, "empty", nil)
	creds, err := s.Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	stranger := func(o *s3.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider(creds.AccessKeyID, "not its secret", "")
	}
	for _, c := range []struct {
		name   string
		change func(*s3.GetObjectInput)
		client []func(*s3.Options)
		status int
	}{
		{"no such key", func(in *s3.GetObjectInput) { in.Key = aws.String("none") }, nil, 404},
		{"no such bucket", func(in *s3.GetObjectInput) { in.Bucket = aws.String("s3pool-has-no-such-bucket") }, nil, 404},
		{"stranger", func(*s3.GetObjectInput) {}, []func(*s3.Options){stranger}, 403},
		{"range", func(in *s3.GetObjectInput) { in.Range = aws.String("bytes=99000000-") }, nil, 416},
		{"range of nothing", func(in *s3.GetObjectInput) { in.Key, in.Range = aws.String("empty"), aws.String("bytes=0-") }, nil, 416},
		{"no such part", func(in *s3.GetObjectInput) { in.PartNumber = aws.Int32(2) }, nil, 416},
		{"if-match", func(in *s3.GetObjectInput) { in.IfMatch = aws.String(`"0123456789abcdef0123456789abcdef"`) }, nil, 412},
		{"if-none-match", func(in *s3.GetObjectInput) { in.IfNoneMatch = put.ETag }, nil, 304},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachCall(t, func(t *testing.T, call call) {
				in := s.get("error")
				c.change(in)
				_, err := call.do(t.Context(), t, newClient(t, s.Client(c.client...)), in)
				requireStatus(t, err, in.Key, c.status)
				if c.name == "no such key" {
					require.ErrorAs(t, err, new(*types.NoSuchKey))
				}
			})
		})
	}
	t.Run("conditions that hold", func(t *testing.T) {
		eachCall(t, func(t *testing.T, call call) {
			in := s.get("error")
			in.IfMatch = put.ETag
			d, err := call.do(t.Context(), t, s.client(t), in)
			require.NoError(t, err)
			requireSame(t, random(7, 2*partSize), d.data)
		})
	})
}
