package soak

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/s3http"
)

// handler is the web server: GET /serve/KEY, PUT /receive/KEY, PUT and HEAD /lfs/OID.
func (w *world) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /serve/{key...}", func(rw http.ResponseWriter, r *http.Request) {
		// The error has been answered.
		_ = s3http.Serve(rw, r, w.client, &s3.GetObjectInput{Bucket: new(bucket), Key: new(r.PathValue("key"))})
	})
	mux.HandleFunc("PUT /receive/{key...}", func(rw http.ResponseWriter, r *http.Request) {
		_, _ = s3http.Receive(rw, r, w.client, &s3.PutObjectInput{Bucket: new(bucket), Key: new(r.PathValue("key"))})
	})
	mux.HandleFunc("PUT /lfs/{oid}", func(rw http.ResponseWriter, r *http.Request) {
		oid := r.PathValue("oid")
		body := &hashed{r: r.Body, hash: sha256.New(), want: strings.TrimPrefix(oid, "upload-")}
		_, _ = s3http.Receive(rw, r, w.client, &s3.PutObjectInput{Bucket: new(bucket), Key: &oid, Body: body})
	})
	mux.HandleFunc("HEAD /lfs/{oid}", func(rw http.ResponseWriter, r *http.Request) {
		_ = s3http.Serve(rw, r, w.client, &s3.GetObjectInput{Bucket: new(bucket), Key: new(r.PathValue("oid"))})
	})
	return mux
}

// hashed is an error instead of an end if the bytes are not those that the OID names.
type hashed struct {
	r    io.Reader
	hash hash.Hash
	want string
}

var errWrongOID = errors.New("the content is not that of the OID")

func (h *hashed) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	h.hash.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(h.hash.Sum(nil)) != h.want {
		return n, errWrongOID
	}
	return n, err
}
