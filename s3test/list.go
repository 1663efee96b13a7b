package s3test

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

type listedObject struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm types.ChecksumAlgorithm `xml:",omitempty"`
	ChecksumType      types.ChecksumType      `xml:",omitempty"`
	Size              int
	StorageClass      string
	Owner             *listedOwner `xml:",omitempty"`
}

type listedOwner struct{ ID string }

type listedPrefix struct{ Prefix string }

func (s *S3) listObjectsV2(c *call) error {
	limit, err := intParam(c, "max-keys", 1000, 0, 1<<31-1)
	if err != nil {
		return err
	}
	limit = min(limit, 1000)
	encode, err := keyEncoder(c)
	if err != nil {
		return err
	}
	q := c.query
	prefix, delimiter, token := q.Get("prefix"), q.Get("delimiter"), q.Get("continuation-token")
	after := q.Get("start-after")
	var seen string // the token: the last key or common prefix that has been listed
	if token != "" {
		b, err := base64.URLEncoding.DecodeString(token)
		if err != nil {
			return invalidArgument("continuation-token", token, "The continuation token provided is incorrect")
		}
		seen = string(b)
		after = max(after, seen)
	}
	var owner *listedOwner
	if q.Get("fetch-owner") == "true" {
		owner = &listedOwner{s.opts.Owner}
	}

	var out struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name                  string
		Prefix                string
		Delimiter             string `xml:",omitempty"`
		StartAfter            string `xml:",omitempty"`
		ContinuationToken     string `xml:",omitempty"`
		NextContinuationToken string `xml:",omitempty"`
		EncodingType          string `xml:",omitempty"`
		KeyCount              int
		MaxKeys               int
		IsTruncated           bool
		Contents              []listedObject
		CommonPrefixes        []listedPrefix
	}
	out.Name, out.Prefix, out.Delimiter = c.bucket, encode(prefix), encode(delimiter)
	out.StartAfter, out.ContinuationToken = encode(q.Get("start-after")), token
	out.EncodingType, out.MaxKeys = q.Get("encoding-type"), limit

	s.mu.Lock()
	b, err := s.find(c)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	last := ""
	for _, key := range b.keys() {
		rest, ok := strings.CutPrefix(key, prefix)
		if !ok || key <= after {
			continue
		}
		common := ""
		if delimiter != "" {
			if head, _, ok := strings.Cut(rest, delimiter); ok {
				common = prefix + head + delimiter
				if common == seen || common == last {
					continue
				}
			}
		}
		if out.KeyCount == limit {
			if limit > 0 {
				out.IsTruncated = true
				out.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(last))
			}
			break
		}
		out.KeyCount++
		if common != "" {
			last = common
			out.CommonPrefixes = append(out.CommonPrefixes, listedPrefix{encode(common)})
			continue
		}
		last = key
		o := b.current(key)
		out.Contents = append(out.Contents, listedObject{encode(key), timestamp(o.LastModified), o.ETag,
			o.ChecksumAlgorithm, o.ChecksumType, len(o.Data), "STANDARD", owner})
	}
	s.mu.Unlock()
	return writeXML(c, out)
}

func (s *S3) listMultipartUploads(c *call) error {
	limit, err := intParam(c, "max-uploads", 1000, 0, 1<<31-1)
	if err != nil {
		return err
	}
	limit = min(limit, 1000)
	encode, err := keyEncoder(c)
	if err != nil {
		return err
	}
	type entry struct {
		Key       string
		UploadID  string `xml:"UploadId"`
		Initiated string
	}
	var out struct {
		XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
		Bucket             string
		Prefix             string
		KeyMarker          string
		UploadIDMarker     string `xml:"UploadIdMarker"`
		NextKeyMarker      string `xml:",omitempty"`
		NextUploadIDMarker string `xml:"NextUploadIdMarker,omitempty"`
		EncodingType       string `xml:",omitempty"`
		MaxUploads         int
		IsTruncated        bool
		Uploads            []entry `xml:"Upload"`
	}
	q := c.query
	prefix, key, id := q.Get("prefix"), q.Get("key-marker"), q.Get("upload-id-marker")
	out.Bucket, out.Prefix, out.EncodingType, out.MaxUploads = c.bucket, encode(prefix), q.Get("encoding-type"), limit
	out.KeyMarker, out.UploadIDMarker = encode(key), id

	s.mu.Lock()
	b, err := s.find(c)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	for _, u := range b.sortedUploads() {
		k := u.object.Key
		if !strings.HasPrefix(k, prefix) || k < key || k == key && key != "" && (id == "" || u.id <= id) {
			continue
		}
		if len(out.Uploads) == limit {
			out.IsTruncated = true
			break
		}
		out.NextKeyMarker, out.NextUploadIDMarker = encode(k), u.id
		out.Uploads = append(out.Uploads, entry{encode(k), u.id, timestamp(u.initiate)})
	}
	s.mu.Unlock()
	if !out.IsTruncated {
		out.NextKeyMarker, out.NextUploadIDMarker = "", ""
	}
	return writeXML(c, out)
}

// keyEncoder returns how keys are written, which is as they are unless c asks for
// something else: XML 1.0 has no way to write some of them.
func keyEncoder(c *call) (func(string) string, error) {
	switch v := c.query.Get("encoding-type"); v {
	case "":
		return func(s string) string { return s }, nil
	case "url":
		return func(s string) string {
			return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/")
		}, nil
	default:
		return nil, invalidArgument("encoding-type", v, "Invalid Encoding Method specified in Request")
	}
}
