package s3test

import (
	"cmp"
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// An upload is a multipart upload that is going on. It is guarded by the mutex of
// its S3.
type upload struct {
	// ending is held by who completes or aborts the upload, over what takes time:
	// only one of them succeeds. It is taken before the mutex of the S3.
	ending   sync.Mutex
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

// An uploadName is what uploads are listed by.
type uploadName struct{ key, id string }

func (n uploadName) compare(other uploadName) int {
	return cmp.Or(strings.Compare(n.key, other.key), strings.Compare(n.id, other.id))
}

// begin adds an upload. The caller holds the mutex of the S3.
func (b *bucket) begin(u *upload) {
	b.uploads[u.id] = u
	b.pending.add(uploadName{u.object.Key, u.id})
}

// end removes an upload. The caller holds the mutex of the S3.
func (b *bucket) end(u *upload) {
	delete(b.uploads, u.id)
	b.pending.remove(uploadName{u.object.Key, u.id})
}

// maxParts is the number of parts that an upload can have, and the largest number
// of one.
const maxParts = 10_000

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
	for name := range b.pending.all() {
		u := b.uploads[name.id]
		v := Upload{Key: u.object.Key, ID: u.id, Initiated: u.initiate}
		for _, p := range u.sortedParts() {
			v.Parts = append(v.Parts, p.Part)
		}
		list = append(list, v)
	}
	return list
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
		b.begin(u)
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

// claim returns the upload that c is about, to be completed or aborted. The caller
// unlocks its mutex ending, which nobody else has until then.
func (s *S3) claim(c *call) (*bucket, *upload, error) {
	s.mu.Lock()
	_, u, err := s.upload(c)
	s.mu.Unlock()
	if err != nil {
		return nil, nil, err
	}
	u.ending.Lock()
	s.mu.Lock()
	defer s.mu.Unlock()
	b, _, err := s.upload(c) // it may have ended while we waited
	if err != nil {
		u.ending.Unlock()
		return nil, nil, err
	}
	return b, u, nil
}

func (s *S3) uploadPart(c *call) error {
	if !c.query.Has("partNumber") {
		return invalidArgument("partNumber", "", "This operation needs a part number")
	}
	number, err := intParam(c, "partNumber", 0, 1, maxParts)
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

func (s *S3) abortMultipartUpload(c *call) error {
	b, u, err := s.claim(c)
	if err != nil {
		return err
	}
	defer u.ending.Unlock()
	s.mu.Lock()
	b.end(u)
	s.mu.Unlock()
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
		for n := marker + 1; n <= maxParts; n++ {
			p := u.parts[int32(n)]
			if p == nil {
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
