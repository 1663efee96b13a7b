package s3http_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/transfer"
)

// FuzzReceive sends a body with digests in its header: a success has put it, anything else
// has left nothing, and a right digest alone is never refused.
func FuzzReceive(f *testing.F) {
	sum := sha256.Sum256([]byte("hello"))
	right := "sha-256=:" + base64.StdEncoding.EncodeToString(sum[:]) + ":"
	for _, field := range []string{right, "sha-256=:AAAA:", `md5=:x:, ` + right, `a="b,c", ` + right, "sha-256", ",,=", "sha-512=::", right + ", " + right, `"`, `\`} {
		f.Add(field, "", "")
	}
	f.Add("", "XUFAKrxLKna5cZ2REBfFkg==", "")
	f.Add("", "", "NhCmhg==")
	f.Fuzz(func(t *testing.T, digest, md5, crc string) {
		fake := newUploadFake()
		c := transfer.New(fake.Client(impatient))
		r := httptest.NewRequest("PUT", "/", bytes.NewReader([]byte("hello")))
		for name, value := range map[string]string{"Repr-Digest": digest, "Content-MD5": md5, "X-Amz-Checksum-Crc32": crc} {
			if value != "" {
				r.Header.Set(name, strings.TrimSpace(value))
			}
		}
		w := httptest.NewRecorder()
		out, err := s3http.Receive(w, r, c, put(nil))
		o, stored := fake.Object("bucket", "key")
		require.Equal(t, err == nil, stored, "%v", err)
		require.Empty(t, fake.Uploads("bucket"))
		if err != nil {
			require.Equal(t, 400, w.Code, "%v", err)
			require.False(t, digest == right && md5+crc == "", "%v", err)
			return
		}
		require.Equal(t, "hello", string(o.Data))
		require.EqualValues(t, 5, out.Written)
	})
}
