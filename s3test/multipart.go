package s3test

import (
	"cmp"
	"encoding/xml"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// An upload is a multipart upload that is going on. It is guarded by the mutex of
// its S3.
type upload struct {
	id       string
	initiate time.Time
	object   *Object // its key, headers and SSE-C key
	// algorithm and kind are those of the object. explicit says that the client
	// has chosen the algorithm; then parts cannot have another.
	algorithm types.ChecksumAlgorithm
	kind      types.ChecksumType
	explicit  bool
	parts     map[int32]*uploadedPart
}

type uploadedPart struct {
	Part
	data      []byte
	algorithm types.ChecksumAlgorithm // of what the client sent; may be empty
	modified  time.Time
}

// An Upload is a multipart upload that has been neither completed nor aborted.
type Upload struct {
	// Key is the key of the object to be.
	Key string
	// ID is the upload id.
	ID string
	// Initiated is when the upload began.
	Initiated time.Time
	// Parts are the parts that have been uploaded, by their numbers. Checksum is
	// what the client sent with them.
	Parts []Part
}

// Uploads returns the multipart uploads in a bucket that are going on, by key and
// then by age. A test wants none in the end: they would cost money.
func (s *S3) Uploads(bucket string) []Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.buckets[bucket]
	if b == nil {
		return nil
	}
	var list []Upload
	for _, u := range b.sortedUploads() {
		v := Upload{Key: u.object.Key, ID: u.id, Initiated: u.initiate}
		for _, p := range u.sortedParts() {
			v.Parts = append(v.Parts, p.Part)
		}
		list = append(list, v)
	}
	return list
}

func (b *bucket) sortedUploads() []*upload {
	return slices.SortedFunc(maps.Values(b.uploads), func(x, y *upload) int {
		return cmp.Or(cmp.Compare(x.object.Key, y.object.Key), cmp.Compare(x.id, y.id))
	})
}

func (u *upload) sortedParts() []*uploadedPart {
	return slices.SortedFunc(maps.Values(u.parts), func(x, y *uploadedPart) int {
		return cmp.Compare(x.Number, y.Number)
	})
}

func (s *S3) createMultipartUpload(c *call) error {
	o, err := describeUpload(c)
	if err != nil {
		return err
	}
	u := &upload{object: o, initiate: now(), parts: map[int32]*uploadedPart{}}
	u.algorithm = types.ChecksumAlgorithm(strings.ToUpper(c.Header.Get("X-Amz-Checksum-Algorithm")))
	u.kind = types.ChecksumType(strings.ToUpper(c.Header.Get("X-Amz-Checksum-Type")))
	u.explicit = u.algorithm != ""
	switch {
	case u.explicit && hashes[u.algorithm] == nil:
		return invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
	case u.kind != "" && !u.explicit:
		return invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
	case !u.explicit && !s.opts.NoDefaultChecksum:
		u.algorithm = types.ChecksumAlgorithmCrc64nvme
	}
	if u.algorithm != "" {
		u.kind = cmp.Or(u.kind, defaultType(u.algorithm))
		if !validType(u.algorithm, u.kind) {
			return invalidRequest("The %s checksum type cannot be used with the %s checksum algorithm.",
				u.kind, strings.ToLower(string(u.algorithm)))
		}
	}

	s.mu.Lock()
	b, err := s.find(c)
	if err == nil {
		u.id = "upload" + s.nextID()
		b.uploads[u.id] = u
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	h := c.w.Header()
	setSSE(h, o.SSECustomerKeyMD5)
	if u.explicit {
		h.Set("X-Amz-Checksum-Algorithm", string(u.algorithm))
		h.Set("X-Amz-Checksum-Type", string(u.kind))
	}
	return writeXML(c, struct {
		XMLName  xml.Name `xml:"InitiateMultipartUploadResult"`
		Bucket   string
		Key      string
		UploadID string `xml:"UploadId"`
	}{Bucket: c.bucket, Key: c.key, UploadID: u.id})
}

// upload returns the upload that c is about. The caller holds s.mu.
func (s *S3) upload(c *call) (*bucket, *upload, error) {
	b, err := s.find(c)
	if err != nil {
		return nil, nil, err
	}
	id := c.query.Get("uploadId")
	u := b.uploads[id]
	if u == nil || u.object.Key != c.key {
		return b, nil, noSuchUpload(id)
	}
	return b, u, nil
}

func (s *S3) uploadPart(c *call) error {
	number, err := intParam(c, "partNumber", 0, 1, 10_000)
	if err != nil {
		return err
	}
	key, err := customerKey(c.Header)
	if err != nil {
		return err
	}
	body, err := readPayload(c.Request)
	if err != nil {
		return err
	}
	p := &uploadedPart{data: body.data, algorithm: body.algorithm, modified: now(), Part: Part{
		Number: int32(number), Size: int64(len(body.data)), ETag: etag(body.data), Checksum: body.checksum}}

	s.mu.Lock()
	_, u, err := s.upload(c)
	if err == nil {
		err = u.add(p, key)
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	h := c.w.Header()
	h.Set("Etag", p.ETag)
	setSSE(h, key)
	if p.algorithm != "" {
		h.Set(checksumHeader(p.algorithm), p.Checksum)
	}
	return writeEmpty(c, http.StatusOK)
}

// add takes a part, if it goes with the upload.
func (u *upload) add(p *uploadedPart, key string) error {
	if key != u.object.SSECustomerKeyMD5 {
		return invalidRequest("The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.")
	}
	if u.explicit && p.algorithm != u.algorithm && (p.algorithm != "" || u.kind == types.ChecksumTypeComposite) {
		return invalidRequest("Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
			strings.ToLower(string(u.algorithm)), cmp.Or(strings.ToLower(string(p.algorithm)), "null"))
	}
	u.parts[p.Number] = p
	return nil
}

// completedPart is a part as CompleteMultipartUpload names it.
type completedPart struct {
	Number int32 `xml:"PartNumber"`
	ETag   string
	xmlChecksums
}

func (s *S3) completeMultipartUpload(c *call) error {
	data, err := readDocument(c)
	if err != nil {
		return err
	}
	var in struct {
		XMLName xml.Name        `xml:"CompleteMultipartUpload"`
		Parts   []completedPart `xml:"Part"`
	}
	if xml.Unmarshal(data, &in) != nil || len(in.Parts) == 0 {
		return errMalformedXML
	}

	s.mu.Lock()
	b, u, err := s.upload(c)
	if err != nil {
		var o *Object
		if b != nil {
			o = b.completed[c.query.Get("uploadId")]
		}
		s.mu.Unlock()
		if o != nil && o.Key == c.key {
			return writeCompleted(c, o)
		}
		return err
	}
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
	if err := s.store(c, o, c.Header); err != nil {
		return err
	}
	s.mu.Lock()
	delete(b.uploads, u.id)
	b.completed[u.id] = o
	s.mu.Unlock()
	return writeCompleted(c, o)
}

// readDocument reads the body of a request whose checksum headers, if any, are not
// the body's.
func readDocument(c *call) ([]byte, error) {
	r := c.Clone(c.Context())
	r.Body = c.Body
	for name := range r.Header {
		if strings.HasPrefix(name, checksumPrefix) {
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

func (s *S3) abortMultipartUpload(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, u, err := s.upload(c)
	if err != nil {
		return err
	}
	delete(b.uploads, u.id)
	return writeEmpty(c, http.StatusNoContent)
}

func (s *S3) listParts(c *call) error {
	limit, err := intParam(c, "max-parts", 1000, 0, 1<<31-1)
	if err != nil {
		return err
	}
	limit = min(limit, 1000)
	marker, err := intParam(c, "part-number-marker", 0, 0, 1<<31-1)
	if err != nil {
		return err
	}
	type part struct {
		PartNumber   int32
		LastModified string
		ETag         string
		Size         int64
		xmlChecksums
	}
	var out struct {
		XMLName              xml.Name `xml:"ListPartsResult"`
		Bucket               string
		Key                  string
		UploadID             string `xml:"UploadId"`
		PartNumberMarker     int
		NextPartNumberMarker int32
		MaxParts             int
		IsTruncated          bool
		ChecksumAlgorithm    types.ChecksumAlgorithm `xml:",omitempty"`
		ChecksumType         types.ChecksumType      `xml:",omitempty"`
		Parts                []part                  `xml:"Part"`
	}
	s.mu.Lock()
	_, u, err := s.upload(c)
	if err == nil {
		out.Bucket, out.Key, out.UploadID = c.bucket, c.key, u.id
		out.PartNumberMarker, out.MaxParts = marker, limit
		if u.explicit {
			out.ChecksumAlgorithm, out.ChecksumType = u.algorithm, u.kind
		}
		for _, p := range u.sortedParts() {
			if int(p.Number) <= marker {
				continue
			}
			if len(out.Parts) == limit {
				out.IsTruncated = true
				break
			}
			out.NextPartNumberMarker = p.Number
			out.Parts = append(out.Parts, part{p.Number, timestamp(p.modified), p.ETag, p.Size,
				newXMLChecksums(p.algorithm, p.Checksum)})
		}
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return writeXML(c, out)
}
