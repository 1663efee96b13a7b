package server_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/server"
	"github.com/s3pool/s3pool/transfer"
)

// A presigned upload is bound to digest, length and type, carries no token of ours, and is the
// repository's only after verify.
func TestPresign(t *testing.T) {
	h := start(t, func(o *server.Options) {
		require.NoError(t, o.Content.EnablePresign(context.Background(), ""))
		o.PresignAbove = 1000
	})
	require.Empty(t, h.objects(), "the probe has left something")
	require.NotContains(t, h.batch("ann", lfs.Upload, random(30, 1000)).Actions, "verify", "small objects are proxied")
	data := random(31, 5000)
	r := h.batch("ann", lfs.Upload, data)
	require.True(t, r.Authenticated)
	up, verify := r.Actions["upload"], r.Actions["verify"]
	require.NotContains(t, up.Header, "Authorization")
	require.Equal(t, "application/octet-stream", up.Header["Content-Type"])
	u, err := url.Parse(up.Href)
	require.NoError(t, err)
	require.Contains(t, u.Path, "/x/y/staging/")

	check := func(want int) {
		t.Helper()
		status, _, body := h.act("POST", verify, lfs.Object{OID: oidOf(data), Size: 5000})
		require.Equal(t, want, status, "%s", body)
	}
	check(http.StatusUnprocessableEntity) // nothing has been uploaded
	wrong := bytes.Clone(data)
	wrong[0] ^= 1
	for name, tc := range map[string]struct {
		body   []byte
		header []string
	}{
		"wrong bytes":  {wrong, nil},
		"short":        {data[:4999], nil},
		"other type":   {data, []string{"Content-Type", "text/html"}},
		"other digest": {wrong, []string{"X-Amz-Checksum-Sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}},
	} {
		status, _, _ := h.act("PUT", up, bytes.NewReader(tc.body), tc.header...)
		require.GreaterOrEqual(t, status, 400, name)
		require.Empty(t, h.objects(), name)
	}
	require.NotNil(t, h.batch("ann", lfs.Download, data).Error)
	status, _, body := h.act("PUT", up, bytes.NewReader(data))
	require.Equal(t, http.StatusOK, status, "%s", body)
	require.NotNil(t, h.batch("ann", lfs.Download, data).Error, "before it has been verified")

	// The key under which it is staged is the token's: another upload's bytes do not count.
	other := h.batch("ann", lfs.Upload, data).Actions["verify"]
	status, _, _ = h.act("POST", other, lfs.Object{OID: oidOf(data), Size: 5000})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	status, _, _ = h.act("POST", verify, lfs.Object{OID: oidOf(wrong), Size: 5000})
	require.Equal(t, http.StatusForbidden, status)

	// The token's own bytes become the repository's, once, and the staged copy goes.
	check(http.StatusOK)
	check(http.StatusOK) // git-lfs asks again if the answer is lost
	require.Len(t, h.objects(), 1)
	require.Contains(t, h.objects()[0], "x/y/objects/")
	status, _, body = h.act("GET", h.batch("rita", lfs.Download, data).Actions["download"], nil)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, data, body)
	require.Nil(t, h.batch("ann", lfs.Upload, data).Actions)

	// What nobody verifies goes after a time.
	late := random(33, 5000)
	status, _, body = h.act("PUT", h.batch("ann", lfs.Upload, late).Actions["upload"], bytes.NewReader(late))
	require.Equal(t, http.StatusOK, status, "%s", body)
	require.Len(t, h.objects(), 2)
	swept, err := h.content.Sweep(t.Context(), time.Now().Add(-time.Hour))
	require.NoError(t, err)
	require.Zero(t, swept.Staged)
	swept, err = h.content.Sweep(t.Context(), time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, swept.Staged)
	require.Len(t, h.objects(), 1)
}

// A store that keeps what was not signed turns the option off.
func TestPresignIsTried(t *testing.T) {
	careless := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer careless.Close()
	api := s3.New(s3.Options{
		BaseEndpoint: aws.String(careless.URL), Region: "us-east-1", UsePathStyle: true, HTTPClient: careless.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	c := content.New(api, transfer.New(api), "bucket", "")
	err := c.EnablePresign(t.Context(), "")
	require.ErrorContains(t, err, "the wrong bytes")
	require.False(t, c.CanPresign())
}

// By option, clients ask for proxied uploads, too, whether they have arrived.
func TestVerifyOfProxied(t *testing.T) {
	h := start(t, func(o *server.Options) { o.VerifyProxied = true })
	data := random(32, 100)
	r := h.batch("ann", lfs.Upload, data)
	o := lfs.Object{OID: oidOf(data), Size: 100}
	status, header, body := h.act("POST", r.Actions["verify"], o)
	require.Equal(t, http.StatusNotFound, status)
	requireProblem(t, header, body)
	h.push(data)
	status, _, _ = h.act("POST", r.Actions["verify"], o)
	require.Equal(t, http.StatusOK, status)
	status, _, _ = h.act("POST", r.Actions["verify"], lfs.Object{OID: o.OID, Size: 99})
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.False(t, strings.Contains(r.Actions["verify"].Href, o.OID))
}
