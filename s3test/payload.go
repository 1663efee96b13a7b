package s3test

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// A payload is a request's body, decoded and found to be what the request says.
type payload struct {
	data      []byte
	algorithm types.ChecksumAlgorithm // empty if the request has no checksum
	checksum  string
}

// maxUpload is the size of the largest PUT or part.
const maxUpload = 5 << 30

// readPayload reads the body of r and verifies the checksums that came with it.
func readPayload(r *http.Request) (*payload, error) {
	p, err := declared(r)
	if err != nil {
		return nil, err
	}
	header := r.Header
	var trailer string
	if v := header.Get("X-Amz-Trailer"); v != "" {
		a, ok := algorithmOf(strings.TrimSpace(v))
		if !ok {
			return nil, invalidRequest("The value specified in the x-amz-trailer header is not supported")
		}
		if p.algorithm != "" {
			return nil, invalidRequest("Expecting a single x-amz-checksum- header")
		}
		p.algorithm, trailer = a, checksumHeader(a)
	}

	if err := p.checkPromised(header); err != nil {
		return nil, err
	}

	length, body := r.ContentLength, io.Reader(r.Body)
	sha := header.Get("X-Amz-Content-Sha256")
	var chunks *chunkReader
	if strings.HasPrefix(sha, "STREAMING-") {
		length = -1
		if n, ok := digits(header.Get("X-Amz-Decoded-Content-Length")); ok {
			length = n
		}
		chunks = newChunkReader(r.Body)
		body = chunks
	}
	switch {
	case length < 0:
		return nil, errMissingLength
	case length > maxUpload || length > math.MaxInt:
		return nil, errEntityTooLarge
	}
	p.data = make([]byte, length)
	if _, err := io.ReadFull(body, p.data); err != nil {
		return nil, errIncompleteBody
	}
	// One byte more must not come, and the trailer must.
	if n, err := io.ReadFull(body, make([]byte, 1)); n != 0 || err != io.EOF {
		return nil, errIncompleteBody
	}
	if trailer != "" {
		if chunks == nil || chunks.trailer.Get(trailer) == "" {
			return nil, &apiError{status: 400, code: "MalformedTrailerError",
				message: "The request contained trailing data that was not well-formed or did not conform to our published schema."}
		}
		p.checksum = chunks.trailer.Get(trailer)
	}
	return p, p.verify(header)
}

// declared returns a payload with the checksum in r's headers, if there is one.
func declared(r *http.Request) (*payload, error) {
	p := &payload{}
	for name, v := range r.Header {
		if a, ok := algorithmOf(name); ok {
			if p.algorithm != "" {
				return nil, invalidRequest("Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.")
			}
			p.algorithm, p.checksum = a, v[0]
		}
	}
	return p, nil
}

// checkPromised refuses a request that names an algorithm and has no checksum.
func (p *payload) checkPromised(h http.Header) error {
	if v := h.Get("X-Amz-Sdk-Checksum-Algorithm"); v != "" && p.algorithm == "" {
		return invalidRequest("x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.")
	}
	return nil
}

// verify compares the data with the checksums.
func (p *payload) verify(h http.Header) error {
	if v := h.Get("Content-Md5"); v != "" {
		want, err := base64.StdEncoding.DecodeString(v)
		if err != nil || len(want) != md5.Size {
			return &apiError{status: 400, code: "InvalidDigest", message: "The Content-MD5 you specified was invalid."}
		}
		if [md5.Size]byte(want) != md5.Sum(p.data) {
			return &apiError{status: 400, code: "BadDigest", message: "The Content-MD5 you specified did not match what we received."}
		}
	}
	if v, err := hex.DecodeString(h.Get("X-Amz-Content-Sha256")); err == nil && len(v) == sha256.Size {
		if [sha256.Size]byte(v) != sha256.Sum256(p.data) {
			return &apiError{status: 400, code: "XAmzContentSHA256Mismatch",
				message: "The provided 'x-amz-content-sha256' header does not match what was computed."}
		}
	}
	if p.algorithm == "" {
		return nil
	}
	if !validChecksum(p.algorithm, p.checksum) {
		return invalidRequest("Value for %s header is invalid.", strings.ToLower(checksumHeader(p.algorithm)))
	}
	if checksum(p.algorithm, p.data) != p.checksum {
		return badDigest(string(p.algorithm))
	}
	return nil
}

// describeUpload returns an object with what the headers of an upload say of it.
func describeUpload(c *call) (*Object, error) {
	if err := checkHeaderSize(c.Header); err != nil {
		return nil, err
	}
	key, err := customerKey(c.Header)
	if err != nil {
		return nil, err
	}
	o := &Object{Key: c.key, Header: http.Header{}, Metadata: map[string]string{}, SSECustomerKeyMD5: key}
	for _, name := range stored {
		if v := c.Header.Get(name); v != "" {
			o.Header.Set(name, v)
		}
	}
	// aws-chunked is the transfer's, not the object's.
	var encodings []string
	for e := range strings.SplitSeq(o.Header.Get("Content-Encoding"), ",") {
		if e = strings.TrimSpace(e); e != "" && e != "aws-chunked" {
			encodings = append(encodings, e)
		}
	}
	if len(encodings) == 0 {
		o.Header.Del("Content-Encoding")
	} else {
		o.Header.Set("Content-Encoding", strings.Join(encodings, ","))
	}
	for name, v := range c.Header {
		if m, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok {
			o.Metadata[m] = strings.Join(v, ",")
		}
	}
	return o, nil
}

const (
	maxHeader   = 8 << 10 // bytes of an upload's headers
	maxMetadata = 2 << 10 // bytes of the user's metadata: names and values
)

// checkHeaderSize refuses uploads whose headers are too large.
func checkHeaderSize(h http.Header) error {
	header, metadata := 0, 0
	for name, v := range h {
		for _, v := range v {
			header += len(name) + len(": ") + len(v) + len("\r\n")
			if m, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok {
				metadata += len(m) + len(v)
			}
		}
	}
	switch {
	case metadata > maxMetadata:
		return &apiError{status: 400, code: "MetadataTooLarge", message: "Your metadata headers exceed the maximum allowed metadata size",
			fields: fields("Size", strconv.Itoa(metadata), "MaxSizeAllowed", strconv.Itoa(maxMetadata))}
	case header > maxHeader:
		return &apiError{status: 400, code: "RequestHeaderSectionTooLarge", message: "Your request header section exceeds the maximum allowed request header section size.",
			fields: fields("MaxSizeAllowed", strconv.Itoa(maxHeader))}
	}
	return nil
}

// intParam returns a query parameter that is a number from lo to hi.
func intParam(c *call, name string, preset, lo, hi int) (int, error) {
	v := c.query.Get(name)
	if v == "" {
		return preset, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < lo || n > hi {
		return 0, invalidArgument(name, v, "Argument "+name+" must be an integer between "+strconv.Itoa(lo)+" and "+strconv.Itoa(hi))
	}
	return n, nil
}
