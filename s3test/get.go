package s3test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// stored are the headers of an upload that come back with the object.
var stored = []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires"}

// getObject answers GetObject and HeadObject.
func (s *S3) getObject(c *call) error {
	o, err := s.lookup(c, c.bucket, c.key, c.query.Get("versionId"))
	if err != nil {
		return err
	}
	if err := checkSSEC(c.Header, o); err != nil {
		return err
	}
	if err := checkRead(c.Header, "", o); err != nil {
		return err
	}

	h := c.w.Header()
	size := int64(len(o.Data))
	r := byteRange{0, size, false}
	sum := o.Checksum
	switch part, ranged := c.query.Get("partNumber"), c.Header.Get("Range"); {
	case part != "" && ranged != "":
		return invalidRequest("Cannot specify both Range header and partNumber query parameter")
	case part != "":
		n, err := strconv.Atoi(part)
		if err != nil || n < 1 || n > 10_000 {
			return invalidArgument("partNumber", part, "Part number must be an integer between 1 and 10000, inclusive")
		}
		offset, length, ok := o.part(n)
		if !ok {
			return &apiError{status: 416, code: "InvalidPartNumber", message: "The requested partnumber is not satisfiable",
				fields: fields("PartNumberRequested", part, "ActualPartCount", strconv.Itoa(max(1, len(o.Parts))))}
		}
		// An empty object has no range to name.
		r = byteRange{offset, length, length > 0}
		if o.Parts != nil {
			h.Set("X-Amz-Mp-Parts-Count", strconv.Itoa(len(o.Parts)))
			sum = o.Parts[n-1].Checksum
		}
	case ranged != "":
		var ok bool
		if r, ok = parseRange(ranged, size); !ok {
			return &apiError{status: 416, code: "InvalidRange", message: "The requested range is not satisfiable",
				fields: fields("RangeRequested", ranged, "ActualObjectSize", strconv.FormatInt(size, 10)),
				header: http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", size)}, "Accept-Ranges": {"bytes"}}}
		}
		if r.partial {
			sum = ""
		}
	}

	describe(c, o)
	if sum != "" && strings.EqualFold(c.Header.Get("X-Amz-Checksum-Mode"), string(types.ChecksumModeEnabled)) {
		h.Set(checksumHeader(o.ChecksumAlgorithm), sum)
		h.Set("X-Amz-Checksum-Type", string(o.ChecksumType))
	}
	status := http.StatusOK
	if r.partial {
		status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", r.offset, r.offset+r.length-1, size))
	}
	h.Set("Content-Length", strconv.FormatInt(r.length, 10))
	c.w.WriteHeader(status)
	if c.Method == http.MethodHead {
		return nil
	}
	_, err = c.w.Write(o.Data[r.offset : r.offset+r.length])
	return err
}

// describe sets the headers that tell of o.
func describe(c *call, o *Object) {
	h := c.w.Header()
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", "binary/octet-stream")
	h.Set("Etag", o.ETag)
	h.Set("Last-Modified", o.LastModified.Format(http.TimeFormat))
	for _, name := range stored {
		if v := o.Header.Get(name); v != "" {
			h.Set(name, v)
		}
		if v := c.query.Get("response-" + strings.ToLower(name)); v != "" {
			h.Set(name, v)
		}
	}
	for name, v := range o.Metadata {
		h.Set("X-Amz-Meta-"+name, v)
	}
	setVersion(h, o)
	setSSE(h, o.SSECustomerKeyMD5)
	if c.Header.Get("X-Amz-Request-Payer") == "requester" {
		h.Set("X-Amz-Request-Charged", "requester")
	}
}

func setVersion(h http.Header, o *Object) {
	if o.VersionID != "" {
		h.Set("X-Amz-Version-Id", o.VersionID)
	}
}

// lookup returns an object that can be read. An empty version means the current.
func (s *S3) lookup(c *call, bucket, key, version string) (*Object, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return nil, noSuchBucket(bucket)
	}
	if version != "" {
		o := b.version(key, version)
		if o == nil {
			return nil, &apiError{status: 404, code: "NoSuchVersion", message: "The specified version does not exist.",
				fields: fields("Key", key, "VersionId", version)}
		}
		if o.DeleteMarker {
			setVersion(c.w.Header(), o)
			return nil, errMethodForMarker
		}
		return o, nil
	}
	o := b.current(key)
	if o == nil {
		return nil, noSuchKey(key)
	}
	if o.DeleteMarker {
		setVersion(c.w.Header(), o)
		c.w.Header().Set("X-Amz-Delete-Marker", "true")
		return nil, noSuchKey(key)
	}
	return o, nil
}
