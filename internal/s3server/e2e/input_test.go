package e2e_test

import (
	"crypto/md5"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
)

// testSSEC: the key is in every request, or the server would refuse it.
func testSSEC(t *testing.T, s *store) {
	if !s.tls {
		return // the key would be in the clear
	}
	key := random(8, 32)
	sum := md5.Sum(key)
	b64, b64sum := aws.String(base64.StdEncoding.EncodeToString(key)), aws.String(base64.StdEncoding.EncodeToString(sum[:]))
	data := random(9, 4*partSize+1)
	s.put(t, "ssec", data, func(in *s3.PutObjectInput) {
		in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = aws.String("AES256"), b64, b64sum
	})
	eachCall(t, func(t *testing.T, c call) {
		in := s.get("ssec")
		_, err := c.do(t.Context(), t, s.client(t), in)
		if s.ssec {
			requireStatus(t, err, in.Key, 400)
		} else {
			require.NoError(t, err)
		}

		in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = aws.String("AES256"), b64, b64sum
		d, err := c.do(t.Context(), t, s.client(t), in)
		require.NoError(t, err)
		requireSame(t, data, d.data)
		require.Equal(t, crc64, d.verification)
	})
}

// testVersions: all requests are for the version that was asked for.
func testVersions(t *testing.T, s *store) {
	s = &store{s.Server, s.traits, s3servertest.Bucket(t, s.Server), s.tls}
	_, err := s.Client().PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket:                  aws.String(s.bucket),
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if !s.versions {
		require.Error(t, err)
		return
	}
	require.NoError(t, err)
	old, now := random(10, 4*partSize+1), random(11, 4*partSize+1)
	version := s.put(t, "version", old).VersionId
	s.put(t, "version", now)
	eachCall(t, func(t *testing.T, c call) {
		in := s.get("version")
		d, err := c.do(t.Context(), t, s.client(t), in)
		require.NoError(t, err)
		requireSame(t, now, d.data)
		in.VersionId = version
		d, err = c.do(t.Context(), t, s.client(t), in)
		require.NoError(t, err)
		requireSame(t, old, d.data)
		require.Equal(t, crc64, d.verification)
	})
}

// testKeys: whatever is in a key is in the URL of every request. What the object is
// encoded in is not for us to decode.
func testKeys(t *testing.T, s *store) {
	data := random(14, 2*partSize+1)
	for _, key := range []string{"a b", "a+b", "a%41", "ä/ö", "a/?&=#;:@", "(a)*'!~", strings.Repeat("k", 200)} {
		s.put(t, key, data, func(in *s3.PutObjectInput) { in.ContentEncoding = aws.String("gzip") })
		t.Run(key, func(t *testing.T) {
			eachCall(t, func(t *testing.T, c call) {
				d, err := c.do(t.Context(), t, s.client(t), s.get(key))
				require.NoError(t, err)
				requireSame(t, data, d.data)
				require.Equal(t, crc64, d.verification)
				require.Equal(t, "gzip", aws.ToString(d.output.ContentEncoding))
			})
		})
	}
}
