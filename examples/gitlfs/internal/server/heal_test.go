package server_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/server"
)

// Content that is lost or rotten heals with the next push.
func TestHeal(t *testing.T) {
	h := start(t)
	for name, spoil := range map[string]func(key string){
		"lost": func(key string) {
			_, err := h.api.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &h.bucket, Key: &key})
			require.NoError(t, err)
		},
		"another size": func(key string) {
			_, err := h.api.PutObject(context.Background(), &s3.PutObjectInput{Bucket: &h.bucket, Key: &key, Body: strings.NewReader("rotten")})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			data := random(10, 5000+len(name))
			h.push(data)
			var key string
			for _, k := range h.objects() {
				if strings.Contains(k, oidOf(data)) {
					key = k
				}
			}
			spoil(key)
			a := h.batch("ann", lfs.Download, data).Actions["download"]
			status, header, body := h.act("GET", a, nil)
			require.Equal(t, http.StatusNotFound, status)
			requireProblem(t, header, body)
			require.NotContains(t, string(body), "NoSuchKey")
			require.NotEmpty(t, h.batch("ann", lfs.Upload, data).Actions, "it is not offered again")
			h.push(data)
			status, _, body = h.act("GET", h.batch("ann", lfs.Download, data).Actions["download"], nil)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, data, body)
		})
	}
	// A bucket that is not there is no reason to take everything for lost.
	data := random(11, 100)
	h.push(data)
	a := h.batch("ann", lfs.Download, data).Actions["download"]
	for _, key := range h.objects() {
		_, err := h.api.DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &h.bucket, Key: &key})
		require.NoError(t, err)
	}
	_, err := h.api.DeleteBucket(context.Background(), &s3.DeleteBucketInput{Bucket: &h.bucket})
	require.NoError(t, err)
	h.act("GET", a, nil)
	_, err = h.api.CreateBucket(context.Background(), &s3.CreateBucketInput{Bucket: &h.bucket})
	require.NoError(t, err)
	require.Empty(t, h.batch("ann", lfs.Upload, data).Actions)
}

func TestQuota(t *testing.T) {
	h := start(t, func(o *server.Options) { o.Quota, o.MaxObject = 1500, 1200 })
	one, two := random(12, 1000), random(13, 1000)
	both := lfs.BatchRequest{Operation: lfs.Upload, Objects: []lfs.Object{
		{OID: oidOf(one), Size: 1000}, {OID: oidOf(two), Size: 1000}, {OID: oidOf([]byte("x")), Size: 1201},
	}}
	var out lfs.BatchResponse
	h.call(200, "ann", "POST", "/objects/batch", both, &out)
	require.Nil(t, out.Objects[0].Error)
	require.Equal(t, http.StatusInsufficientStorage, out.Objects[1].Error.Code)
	require.Equal(t, http.StatusUnprocessableEntity, out.Objects[2].Error.Code)
	a := h.batch("ann", lfs.Upload, two).Actions["upload"] // while there was room
	h.push(one)
	status, header, body := h.act("PUT", a, string(two))
	require.Equal(t, http.StatusInsufficientStorage, status)
	requireProblem(t, header, body)
	require.Len(t, h.objects(), 1)
}
