package s3http

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/s3pool/s3pool/transfer"
)

// ServeOptions configures one [Serve].
type ServeOptions struct {
	// Download holds options of the download, on top of the client's.
	Download []func(*transfer.DownloadOptions)

	// Trusted serves the object as it is. Otherwise the response has headers that keep a
	// browser from running what somebody has uploaded: X-Content-Type-Options: nosniff,
	// and, unless the type is one that no browser runs (images but SVG, audio, video, plain
	// text), a Content-Security-Policy that allows nothing and puts a page into a sandbox.
	// Headers that the caller has set win.
	Trusted bool

	// OnError, if not nil, is called with the error that Serve returns, before it returns
	// and also where it has to panic to break the response.
	OnError func(error)
}

func serveOptions(optFns []func(*ServeOptions)) ServeOptions {
	var o ServeOptions
	for _, fn := range optFns {
		fn(&o)
	}
	return o
}

// ReceiveOptions configures one [Receive].
type ReceiveOptions struct {
	// Put holds options of the upload, on top of the client's.
	Put []func(*transfer.PutOptions)

	// MaxBytes is the number of bytes that a body may have. Zero means 5 GiB, negative
	// means no limit but S3's.
	MaxBytes int64
}

// defaultMaxBytes is what S3 takes in one PutObject (S3 User Guide, "Uploading objects").
const defaultMaxBytes = 5 << 30

// guard sets the headers that keep a browser from running the object.
func guard(h http.Header) {
	if _, theirs := h["X-Content-Type-Options"]; !theirs {
		h["X-Content-Type-Options"] = nosniff
	}
	if _, theirs := h["Content-Security-Policy"]; !theirs && !passive(h.Get("Content-Type")) {
		h["Content-Security-Policy"] = sandbox
	}
}

// passive reports whether a browser that may not sniff has nothing to run in a body of this
// type. Most objects are, and their responses have a header less.
func passive(kind string) bool {
	switch {
	case strings.HasPrefix(kind, "image/"):
		return !strings.HasPrefix(kind, "image/svg")
	case strings.HasPrefix(kind, "video/"), strings.HasPrefix(kind, "audio/"), strings.HasPrefix(kind, "text/plain"):
		return true
	}
	return kind == "application/octet-stream" || kind == "binary/octet-stream"
}

// The values are shared by all responses: nobody changes them, and Add makes a new slice.
var (
	nosniff = []string{"nosniff"}[:1:1]
	sandbox = []string{"default-src 'none'; sandbox"}[:1:1]
)

// tooLong is the error of a body that announces more than it may have.
func tooLong(n, most int64) error {
	return fmt.Errorf("the body has %d bytes, the limit is %d", n, most)
}
