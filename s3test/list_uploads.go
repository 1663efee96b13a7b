package s3test

import (
	"encoding/xml"
	"strings"
)

type listedUpload struct {
	Key       string
	UploadID  string `xml:"UploadId"`
	Initiated string
}

func (s *S3) listMultipartUploads(c *call) error {
	limit, err := intParam(c, "max-uploads", maxPage, 0, 1<<31-1)
	if err != nil {
		return err
	}
	limit = min(limit, maxPage)
	encode, err := keyEncoder(c)
	if err != nil {
		return err
	}
	var out struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Bucket             string
		Prefix             string
		Delimiter          string `xml:",omitempty"`
		KeyMarker          string
		UploadIDMarker     string `xml:"UploadIdMarker"`
		NextKeyMarker      string `xml:",omitempty"`
		NextUploadIDMarker string `xml:"NextUploadIdMarker,omitempty"`
		EncodingType       string `xml:",omitempty"`
		MaxUploads         int
		IsTruncated        bool
		Uploads            []listedUpload `xml:"Upload"`
		CommonPrefixes     []listedPrefix
	}
	q := c.query
	prefix, delimiter, key, id := q.Get("prefix"), q.Get("delimiter"), q.Get("key-marker"), q.Get("upload-id-marker")
	out.Bucket, out.Prefix, out.Delimiter = c.bucket, encode(prefix), encode(delimiter)
	out.EncodingType, out.MaxUploads = q.Get("encoding-type"), limit
	out.KeyMarker, out.UploadIDMarker = encode(key), id

	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(c)
	if err != nil {
		return err
	}
	at, ok := firstUpload(prefix, delimiter, key, id)
	var last uploadName
	for n := 0; ok; n++ {
		name, found := b.pending.ceiling(at)
		if !found || !strings.HasPrefix(name.key, prefix) {
			break
		}
		if n == limit {
			out.IsTruncated = n > 0
			out.NextKeyMarker, out.NextUploadIDMarker = encode(last.key), last.id
			break
		}
		if common := rollUp(name.key, prefix, delimiter); common != "" {
			last = uploadName{key: common}
			out.CommonPrefixes = append(out.CommonPrefixes, listedPrefix{encode(common)})
			at = uploadName{}
			at.key, ok = behind(common)
			continue
		}
		last, at = name, uploadName{name.key, name.id + "\x00"}
		out.Uploads = append(out.Uploads, listedUpload{encode(name.key), name.id, timestamp(b.uploads[name.id].initiate)})
	}
	return writeXML(c, out)
}

// firstUpload returns where a page begins: above the key marker and what is rolled
// up in it, or above an upload of that key. ok is false if nothing can be there.
func firstUpload(prefix, delimiter, key, id string) (at uploadName, ok bool) {
	at, ok = uploadName{key: key + "\x00"}, true
	switch {
	case key == "":
		at.key = ""
	case id != "":
		at = uploadName{key, id + "\x00"}
	case rollUp(key, prefix, delimiter) == key:
		at.key, ok = behind(key)
	}
	if at.key < prefix {
		at = uploadName{key: prefix}
	}
	return at, ok
}
