package s3test

import (
	"cmp"
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// completedPart is a part as CompleteMultipartUpload names it.
type completedPart struct {
	Number int32 `xml:"PartNumber"`
	ETag   string
	xmlChecksums
}

func (s *S3) completeMultipartUpload(c *call) error {
	if err := checkWriteHeaders(c.Header); err != nil {
		return err
	}
	data, err := readDocument(c)
	if err != nil {
		return err
	}
	var in struct {
		XMLName xml.Name        `xml:"CompleteMultipartUpload"`
		Parts   []completedPart `xml:"Part"`
	}
	if xml.Unmarshal(data, &in) != nil || len(in.Parts) == 0 || len(in.Parts) > maxParts {
		return errMalformedXML
	}

	_, u, err := s.claim(c)
	if err != nil {
		if o := s.completed(c); o != nil {
			return writeCompleted(c, o)
		}
		return err
	}
	defer u.ending.Unlock()
	s.mu.Lock()
	parts, err := u.choose(in.Parts, s.opts.MinPartSize)
	kind := u.kind
	s.mu.Unlock()
	if err != nil {
		return err
	}

	// Putting the parts together takes time, and no lock: they do not change.
	o := u.assemble(parts)
	if err := checkAssembled(c.Header, o, kind); err != nil {
		return err
	}
	if err := s.store(c, o, func(b *bucket) {
		b.end(u)
		b.remember(u.id, *o)
	}); err != nil {
		return err
	}
	return writeCompleted(c, o)
}

// completed returns the object that c's upload has become, or nil.
func (s *S3) completed(c *call) *Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.buckets[c.bucket]; b != nil {
		if o := b.completed[c.query.Get("uploadId")]; o != nil && o.Key == c.key {
			return o
		}
	}
	return nil
}

// readDocument reads the body of a request whose checksum headers, if any, are not
// the body's.
func readDocument(c *call) ([]byte, error) {
	r := c.Clone(c.Context())
	r.Body = c.Body
	for name := range r.Header {
		if strings.HasPrefix(name, checksumPrefix) || name == "X-Amz-Sdk-Checksum-Algorithm" {
			delete(r.Header, name)
		}
	}
	p, err := readPayload(r)
	if err != nil {
		return nil, err
	}
	return p.data, nil
}

// choose returns the parts that the client names.
func (u *upload) choose(named []completedPart, minSize int64) ([]*uploadedPart, error) {
	// A number that comes twice is out of order too.
	ascends := func(x, y completedPart) int { return cmp.Or(cmp.Compare(x.Number, y.Number), -1) }
	if !slices.IsSortedFunc(named, ascends) {
		return nil, &apiError{status: 400, code: "InvalidPartOrder",
			message: "The list of parts was not in ascending order. Parts must be ordered by part number.",
			fields:  fields("UploadId", u.id)}
	}
	var parts []*uploadedPart
	for i, n := range named {
		p := u.parts[n.Number]
		if p == nil || strings.Trim(n.ETag, `"`) != strings.Trim(p.ETag, `"`) || !n.agrees(u, p) {
			return nil, &apiError{status: 400, code: "InvalidPart",
				message: "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
				fields:  fields("UploadId", u.id, "PartNumber", strconv.Itoa(int(n.Number)), "ETag", n.ETag)}
		}
		if u.explicit && u.kind == types.ChecksumTypeComposite && *n.of(u.algorithm) == "" {
			return nil, invalidRequest("The upload was created using a %s checksum. The complete request must include the checksum for each part. It was missing for part %d in the request.",
				strings.ToLower(string(u.algorithm)), n.Number)
		}
		if p.Size < minSize && i < len(named)-1 {
			return nil, &apiError{status: 400, code: "EntityTooSmall",
				message: "Your proposed upload is smaller than the minimum allowed size",
				fields: fields("PartNumber", strconv.Itoa(int(p.Number)), "ETag", strings.Trim(p.ETag, `"`),
					"ProposedSize", strconv.FormatInt(p.Size, 10), "MinSizeAllowed", strconv.FormatInt(minSize, 10))}
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// agrees reports whether the checksums in n, if any, are those of p.
func (n *completedPart) agrees(u *upload, p *uploadedPart) bool {
	for a := range hashes {
		v := *n.of(a)
		if v == "" {
			continue
		}
		// S3 knows a part's checksum by the upload's algorithm and by the part's.
		if a != u.algorithm && a != p.algorithm || v != checksum(a, p.data) {
			return false
		}
	}
	return true
}

// assemble returns the object that the parts make.
func (u *upload) assemble(parts []*uploadedPart) *Object {
	o := *u.object
	o.ChecksumAlgorithm, o.ChecksumType = u.algorithm, u.kind
	var size int64
	for _, p := range parts {
		size += p.Size
	}
	o.Data = make([]byte, 0, size)
	o.Parts = make([]Part, 0, len(parts))
	for _, p := range parts {
		o.Data = append(o.Data, p.data...)
		part := Part{Size: p.Size, ETag: p.ETag}
		if p.algorithm == u.algorithm {
			part.Checksum = p.Checksum
		}
		o.Parts = append(o.Parts, part)
	}
	o.seal()
	return &o
}

// checkAssembled compares an object with what the headers of the completing
// request say of it.
func checkAssembled(h http.Header, o *Object, kind types.ChecksumType) error {
	if v := h.Get("X-Amz-Checksum-Type"); v != "" && types.ChecksumType(v) != kind {
		return invalidRequest("The upload was created using the %s checksum type. The complete request must use the same checksum type.", kind)
	}
	if v := h.Get("X-Amz-Mp-Object-Size"); v != "" && v != strconv.Itoa(len(o.Data)) {
		return invalidRequest("The provided 'x-amz-mp-object-size' header does not match what was computed.")
	}
	for name, v := range h {
		a, ok := algorithmOf(name)
		if !ok {
			continue
		}
		if a != o.ChecksumAlgorithm {
			return invalidRequest("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
				strings.ToLower(string(o.ChecksumAlgorithm)), strings.ToLower(string(a)))
		}
		// A composite checksum may come without its number of parts.
		if sum, _, _ := strings.Cut(o.Checksum, "-"); v[0] != o.Checksum && v[0] != sum {
			return badDigest(string(a))
		}
	}
	return nil
}

func writeCompleted(c *call, o *Object) error {
	setVersion(c.w.Header(), o)
	setSSE(c.w.Header(), o.SSECustomerKeyMD5)
	location := url.URL{Scheme: "http", Host: c.Host, Path: "/" + c.bucket + "/" + c.key}
	if c.TLS != nil {
		location.Scheme = "https"
	}
	return writeXML(c, struct {
		XMLName      xml.Name `xml:"CompleteMultipartUploadResult"`
		Location     string
		Bucket       string
		Key          string
		ETag         string
		ChecksumType types.ChecksumType `xml:",omitempty"`
		xmlChecksums
	}{Location: location.String(), Bucket: c.bucket, Key: c.key, ETag: o.ETag, ChecksumType: o.ChecksumType,
		xmlChecksums: newXMLChecksums(o.ChecksumAlgorithm, o.Checksum)})
}
