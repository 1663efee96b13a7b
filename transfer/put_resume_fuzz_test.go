package transfer_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/transfer"
)

// FuzzResume continues an upload with a token that somebody has had in his hands: a success
// has the body's bytes, whatever the token says.
func FuzzResume(f *testing.F) {
	const size = 3*4*kib + 5
	f.Add([]byte(`{"bucket":"bucket","key":"key","uploadId":"ID","size":12293,"partSize":4096}`))
	f.Add([]byte(`{"bucket":"bucket","key":"key","uploadId":"ID","size":12293,"partSize":4096,"algorithm":"CRC64NVME","parts":[{"number":1,"etag":"x","checksum":"AAAA"}]}`))
	f.Add([]byte(`{"bucket":"bucket","key":"key","uploadId":"ID","size":12293,"partSize":9223372036854775807,"algorithm":"SHA256","parts":[{"number":-1}]}`))
	f.Add([]byte(`{"bucket":"bucket","key":"key","uploadId":"ID","size":12293,"partSize":1,"algorithm":"none"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		fake := newUploadFake()
		api := fake.Client(impatient)
		begun, err := api.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("bucket"), Key: aws.String("key")})
		require.NoError(t, err)
		var token transfer.ResumeToken
		if json.Unmarshal(bytes.ReplaceAll(text, []byte("ID"), []byte(*begun.UploadId)), &token) != nil {
			return
		}
		if token.PartSize > 0 && token.PartSize < 256 {
			return // no more to see, of a thousand parts
		}
		data := pattern(size)
		c := newClient(newPool(t), api, smallParts, func(o *transfer.Options) { o.PartSize, o.MultipartThreshold = 4*kib, 4*kib })
		_, err = c.Put(t.Context(), put(bytes.NewReader(data)), func(o *transfer.PutOptions) { o.Resume = &token })
		o, stored := fake.Object("bucket", "key")
		require.Equal(t, err == nil, stored, "%v", err)
		if stored {
			require.True(t, bytes.Equal(data, o.Data), "other bytes")
		}
	})
}
