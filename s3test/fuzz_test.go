package s3test_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

const authorization = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, ..."

// sendRaw sends a request as it is. Whatever it is, the answer is one of S3's: a status that is
// no 500, and if it has a body, XML.
func sendRaw(t *testing.T, s *s3test.S3, method, path, query string, header http.Header, body []byte) (int, []byte) {
	u := url.URL{Scheme: "http", Host: s3test.Domain, Path: path, RawQuery: query}
	req, err := http.NewRequestWithContext(t.Context(), method, u.String(), bytes.NewReader(body))
	if err != nil {
		return 0, nil // no URL
	}
	req.Header.Set("Authorization", authorization)
	req.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
	maps.Copy(req.Header, header)
	resp, err := s.HTTPClient().Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NotEqual(t, 500, resp.StatusCode, "%s", got)
	if resp.Header.Get("Content-Type") == "application/xml" && len(got) > 0 {
		require.NoError(t, xml.Unmarshal(got, new(struct{ XMLName xml.Name })), "%s", got)
	}
	return resp.StatusCode, got
}

// FuzzComplete ends a multipart upload with any document.
func FuzzComplete(f *testing.F) {
	f.Add([]byte(`<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"5d41402abc4b2a76b9719d911017c592"</ETag></Part></CompleteMultipartUpload>`))
	f.Add([]byte(`<CompleteMultipartUpload></CompleteMultipartUpload>`))
	f.Add([]byte(`<CompleteMultipartUpload><Part><PartNumber>2</PartNumber></Part><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>`))
	f.Add([]byte(`<`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		s := s3test.New()
		s.CreateBucket("b", false)
		c := s.Client()
		u, err := c.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("b"), Key: aws.String("k")})
		require.NoError(t, err)
		_, err = c.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: aws.String("b"), Key: aws.String("k"), UploadId: u.UploadId, PartNumber: aws.Int32(1), Body: bytes.NewReader([]byte("hello"))})
		require.NoError(t, err)
		status, _ := sendRaw(t, s, http.MethodPost, "/b/k", "uploadId="+url.QueryEscape(*u.UploadId), nil, doc)
		o, ok := s.Object("b", "k")
		require.Equal(t, status == 200, ok)
		require.Equal(t, !ok, len(s.Uploads("b")) == 1, "the upload ends with the object")
		if ok {
			require.Equal(t, "hello", string(o.Data))
		}
	})
}

// FuzzDelete deletes what any document names.
func FuzzDelete(f *testing.F) {
	f.Add([]byte(`<Delete><Object><Key>k</Key></Object></Delete>`))
	f.Add([]byte(`<Delete><Quiet>true</Quiet><Object><Key>k</Key><VersionId>x</VersionId></Object></Delete>`))
	f.Add([]byte(`<Delete><Object><Key></Key><ETag>*</ETag></Object></Delete>`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		s := s3test.New()
		s.Put("b", "k", []byte("hello"))
		s.Put("b", "other", []byte("hello"))
		sum := md5.Sum(doc)
		status, _ := sendRaw(t, s, http.MethodPost, "/b", "delete=", http.Header{"Content-Md5": {base64.StdEncoding.EncodeToString(sum[:])}}, doc)
		if status != 200 {
			require.Len(t, s.Keys("b"), 2, "a request that is refused deletes nothing")
		}
	})
}

// FuzzListQuery lists with any query: a page has no more keys than were asked for, and its
// keys ascend.
func FuzzListQuery(f *testing.F) {
	for _, q := range []string{"list-type=2", "list-type=2&max-keys=1", "list-type=2&delimiter=/&prefix=a", "list-type=2&continuation-token=x", "max-keys=-1", "list-type=2&max-keys=99999999999999999999", "list-type=2&start-after=a/1&encoding-type=url", "versions", "uploads&key-marker=a"} {
		f.Add(q)
	}
	s := s3test.New(func(o *s3test.Options) { o.LogSize = -1 })
	for _, k := range []string{"a/1", "a/2", "b", "ü &<", "z//"} {
		s.Put("b", k, nil)
	}
	f.Fuzz(func(t *testing.T, query string) {
		status, body := sendRaw(t, s, http.MethodGet, "/b", query, nil, nil)
		if status != 200 {
			return
		}
		var page struct {
			MaxKeys  *int
			Contents []struct{ Key string }
		}
		require.NoError(t, xml.Unmarshal(body, &page))
		if page.MaxKeys != nil {
			require.LessOrEqual(t, len(page.Contents), *page.MaxKeys)
		}
		for i := 1; i < len(page.Contents); i++ {
			a, errA := url.QueryUnescape(page.Contents[i-1].Key)
			b, errB := url.QueryUnescape(page.Contents[i].Key)
			require.True(t, errA != nil || errB != nil || a < b, "%s", body)
		}
	})
}

// FuzzWriteConditions puts with any conditions: what is refused changes nothing.
func FuzzWriteConditions(f *testing.F) {
	for _, v := range []string{"*", `"x"`, `W/"5d41402abc4b2a76b9719d911017c592"`, `"5d41402abc4b2a76b9719d911017c592"`, "", `"a","b"`} {
		f.Add(v, "")
		f.Add("", v)
	}
	f.Fuzz(func(t *testing.T, match, none string) {
		s := s3test.New()
		s.Put("b", "k", []byte("hello"))
		header := http.Header{}
		for name, v := range map[string]string{"If-Match": match, "If-None-Match": none} {
			for _, c := range v {
				if c < ' ' || c > '~' {
					return // no header
				}
			}
			if v != "" {
				header[name] = []string{v}
			}
		}
		status, _ := sendRaw(t, s, http.MethodPut, "/b/k", "", header, []byte("world"))
		o, _ := s.Object("b", "k")
		require.Equal(t, status == 200, string(o.Data) == "world")
	})
}
