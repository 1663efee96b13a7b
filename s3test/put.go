package s3test

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func (s *S3) putObject(c *call) error {
	if err := checkWriteHeaders(c.Header); err != nil {
		return err
	}
	o, err := describeUpload(c)
	if err != nil {
		return err
	}
	// Without its bucket an upload is not worth reading.
	s.mu.Lock()
	_, err = s.find(c)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	body, err := readPayload(c.Request)
	if err != nil {
		return err
	}
	o.Data, o.ChecksumAlgorithm, o.Checksum = body.data, body.algorithm, body.checksum
	if err := s.store(c, o, nil); err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Etag", o.ETag)
	setVersion(h, o)
	setSSE(h, o.SSECustomerKeyMD5)
	if o.ChecksumAlgorithm != "" {
		h.Set(checksumHeader(o.ChecksumAlgorithm), o.Checksum)
		h.Set("X-Amz-Checksum-Type", string(o.ChecksumType))
	}
	return writeEmpty(c, http.StatusOK)
}

// store completes o and makes it the current version, if the conditions of c hold.
// It calls also, which may be nil, while it holds s.mu.
func (s *S3) store(c *call, o *Object, also func(*bucket)) error {
	if o.ChecksumAlgorithm == "" && !s.opts.NoDefaultChecksum {
		o.ChecksumAlgorithm = types.ChecksumAlgorithmCrc64nvme
	}
	o.LastModified = now()
	o.seal()
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(c)
	if err != nil {
		return err
	}
	if err := checkWrite(c.Header, o.Key, b.current(o.Key)); err != nil {
		return err
	}
	b.put(o, s.nextID())
	if also != nil {
		also(b)
	}
	return nil
}

func (s *S3) copyObject(c *call) error {
	if err := checkWriteHeaders(c.Header); err != nil {
		return err
	}
	source, query, _ := strings.Cut(c.Header.Get("X-Amz-Copy-Source"), "?")
	source, err := url.PathUnescape(source)
	bucket, key, ok := strings.Cut(strings.TrimPrefix(source, "/"), "/")
	if err != nil || !ok {
		return invalidArgument("x-amz-copy-source", source, "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
	}
	if err := checkKey(key); err != nil {
		return err
	}
	from, err := s.lookup(c, bucket, key, strings.TrimPrefix(query, "versionId="))
	if err != nil {
		return err
	}
	if sum, err := customerKey(sourceKey(c.Header)); err != nil || sum != from.SSECustomerKeyMD5 {
		return invalidRequest("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.")
	}
	if err := checkRead(c.Header, "X-Amz-Copy-Source-", from); err != nil {
		return preconditionFailed("x-amz-copy-source-If-*") // a copy has no 304
	}
	o, err := describeUpload(c)
	if err != nil {
		return err
	}
	switch v := c.Header.Get("X-Amz-Metadata-Directive"); v {
	case "REPLACE":
	case "", "COPY":
		if bucket == c.bucket && key == c.key && query == "" {
			return invalidRequest("This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.")
		}
		o.Header, o.Metadata = from.Header, from.Metadata
	default:
		return invalidArgument("x-amz-metadata-directive", v, "Unknown metadata directive.")
	}
	o.Data, o.ChecksumAlgorithm = from.Data, from.ChecksumAlgorithm
	if a := types.ChecksumAlgorithm(c.Header.Get("X-Amz-Checksum-Algorithm")); a != "" {
		if hashes[a] == nil {
			return invalidRequest("Checksum algorithm provided is unsupported.")
		}
		o.ChecksumAlgorithm = a
	}
	if err := s.store(c, o, nil); err != nil {
		return err
	}
	h := c.w.Header()
	setVersion(h, o)
	setSSE(h, o.SSECustomerKeyMD5)
	if from.VersionID != "" {
		h.Set("X-Amz-Copy-Source-Version-Id", from.VersionID)
	}
	return writeXML(c, struct {
		XMLName      xml.Name `xml:"CopyObjectResult"`
		ETag         string
		LastModified string
		ChecksumType types.ChecksumType `xml:",omitempty"`
		xmlChecksums
	}{ETag: o.ETag, LastModified: timestamp(o.LastModified), ChecksumType: o.ChecksumType,
		xmlChecksums: newXMLChecksums(o.ChecksumAlgorithm, o.Checksum)})
}

// sourceKey returns the headers that hold the SSE-C key of a copy's source, under
// the names that they have elsewhere.
func sourceKey(h http.Header) http.Header {
	const prefix = "X-Amz-Copy-Source-Server-Side-Encryption-Customer-"
	k := http.Header{}
	for _, name := range []string{"Algorithm", "Key", "Key-Md5"} {
		k.Set(ssec+name, h.Get(prefix+name))
	}
	return k
}
