package s3test

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// maxPage is the number of entries in the largest page of a listing.
const maxPage = 1000

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

// A listing is what a page of objects is asked for.
type listing struct {
	prefix, delimiter string
	after             string // the keys that are listed are above it
	seen              string // the last key or common prefix of the page before
	limit             int
	encode            func(string) string
	owner             *listedOwner // nil for none
}

// A page is the answer to a listing.
type page struct {
	Contents       []listedObject
	CommonPrefixes []listedPrefix
	last           string // the last key or common prefix
	more           bool
}

// parseListing reads what the versions of ListObjects have in common.
func parseListing(c *call) (listing, error) {
	limit, err := intParam(c, "max-keys", maxPage, 0, 1<<31-1)
	if err != nil {
		return listing{}, err
	}
	encode, err := keyEncoder(c)
	if err != nil {
		return listing{}, err
	}
	return listing{prefix: c.query.Get("prefix"), delimiter: c.query.Get("delimiter"),
		limit: min(limit, maxPage), encode: encode}, nil
}

// list returns a page of objects. The caller holds the mutex of the S3.
func (b *bucket) list(l listing) page {
	var p page
	at := l.prefix
	if after := max(l.after, l.seen); after != "" {
		at = max(at, after+"\x00")
	}
	ok := true
	if l.seen != "" && rollUp(l.seen, l.prefix, l.delimiter) == l.seen {
		var end string
		end, ok = behind(l.seen)
		at = max(at, end)
	}
	for n := 0; ok; n++ {
		key, found := b.names.ceiling(at)
		for found && b.current(key).DeleteMarker {
			key, found = b.names.ceiling(key + "\x00")
		}
		if !found || !strings.HasPrefix(key, l.prefix) {
			break
		}
		if n == l.limit {
			p.more = n > 0
			break
		}
		if common := rollUp(key, l.prefix, l.delimiter); common != "" {
			p.last = common
			p.CommonPrefixes = append(p.CommonPrefixes, listedPrefix{l.encode(common)})
			at, ok = behind(common)
			continue
		}
		o := b.current(key)
		p.last, at = key, key+"\x00"
		p.Contents = append(p.Contents, listedObject{l.encode(key), timestamp(o.LastModified), o.ETag,
			o.ChecksumAlgorithm, o.ChecksumType, len(o.Data), "STANDARD", l.owner})
	}
	return p
}

// listPage returns a page of objects in c's bucket.
func (s *S3) listPage(c *call, l listing) (page, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(c)
	if err != nil {
		return page{}, err
	}
	return b.list(l), nil
}

// listObjects answers the first version of ListObjects.
func (s *S3) listObjects(c *call) error {
	l, err := parseListing(c)
	if err != nil {
		return err
	}
	l.seen = c.query.Get("marker")
	l.owner = &listedOwner{s.opts.Owner}
	p, err := s.listPage(c, l)
	if err != nil {
		return err
	}
	out := struct {
		XMLName      xml.Name `xml:"ListBucketResult"`
		Name         string
		Prefix       string
		Marker       string
		NextMarker   string `xml:",omitempty"`
		Delimiter    string `xml:",omitempty"`
		EncodingType string `xml:",omitempty"`
		MaxKeys      int
		IsTruncated  bool
		page
	}{Name: c.bucket, Prefix: l.encode(l.prefix), Marker: l.encode(l.seen), Delimiter: l.encode(l.delimiter),
		EncodingType: c.query.Get("encoding-type"), MaxKeys: l.limit, IsTruncated: p.more, page: p}
	if p.more && l.delimiter != "" { // else clients go on from the last key
		out.NextMarker = l.encode(p.last)
	}
	return writeXML(c, out)
}

func (s *S3) listObjectsV2(c *call) error {
	if v := c.query.Get("list-type"); v != "2" {
		return invalidArgument("list-type", v, "Invalid List Type specified in Request")
	}
	l, err := parseListing(c)
	if err != nil {
		return err
	}
	q := c.query
	l.after = q.Get("start-after")
	token := q.Get("continuation-token")
	if token != "" {
		b, err := base64.URLEncoding.DecodeString(token)
		if err != nil {
			return invalidArgument("continuation-token", token, "The continuation token provided is incorrect")
		}
		l.seen = string(b)
	}
	if q.Get("fetch-owner") == "true" {
		l.owner = &listedOwner{s.opts.Owner}
	}
	p, err := s.listPage(c, l)
	if err != nil {
		return err
	}
	out := struct {
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
		page
	}{Name: c.bucket, Prefix: l.encode(l.prefix), Delimiter: l.encode(l.delimiter), StartAfter: l.encode(l.after),
		ContinuationToken: token, EncodingType: q.Get("encoding-type"),
		KeyCount: len(p.Contents) + len(p.CommonPrefixes), MaxKeys: l.limit, IsTruncated: p.more, page: p}
	if p.more {
		out.NextContinuationToken = base64.URLEncoding.EncodeToString([]byte(p.last))
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
