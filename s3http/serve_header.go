package s3http

import (
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A description sets the headers that tell of an object, where the caller has not set
// them himself. The values share an array, since each would be an allocation.
type description struct {
	h      http.Header
	values []string
}

const maxDescription = 10 // headers at most

// of sets those of out, with what in wants instead. For a 304 that is only what a cache
// must know.
func (d *description) of(out *s3.GetObjectOutput, in *s3.GetObjectInput, notModified bool) {
	d.values = make([]string, 0, maxDescription)
	d.set("Etag", quoted(aws.ToString(out.ETag)))
	if out.LastModified != nil {
		d.set("Last-Modified", httpDate(*out.LastModified))
	}
	d.set("Cache-Control", firstOf(in.ResponseCacheControl, out.CacheControl))
	expires := aws.ToString(out.ExpiresString)
	if in.ResponseExpires != nil {
		expires = httpDate(*in.ResponseExpires)
	}
	d.set("Expires", expires)
	if notModified {
		return
	}
	d.set("Content-Disposition", firstOf(in.ResponseContentDisposition, out.ContentDisposition))
	d.set("Content-Encoding", withoutChunked(firstOf(in.ResponseContentEncoding, out.ContentEncoding)))
	d.set("Content-Language", firstOf(in.ResponseContentLanguage, out.ContentLanguage))
	kind := firstOf(in.ResponseContentType, out.ContentType)
	if kind == "" {
		kind = "application/octet-stream"
	}
	d.set("Content-Type", kind)
	d.set("Accept-Ranges", "bytes")
}

// set sets a header, by its canonical name, unless the caller has it or there is no
// value.
func (d *description) set(name, value string) {
	if _, theirs := d.h[name]; !theirs && value != "" {
		d.add(name, value)
	}
}

func (d *description) add(name, value string) {
	d.values = append(d.values, value)
	i := len(d.values)
	d.h[name] = d.values[i-1 : i : i]
}

// withoutChunked returns a Content-Encoding without aws-chunked. That is the encoding of
// an upload, and no body has it any more; some stores keep the word nonetheless.
func withoutChunked(encoding string) string {
	if !strings.Contains(encoding, "aws-chunked") {
		return encoding
	}
	var rest []string
	for one := range strings.SplitSeq(encoding, ",") {
		if one = strings.TrimSpace(one); one != "aws-chunked" {
			rest = append(rest, one)
		}
	}
	return strings.Join(rest, ", ")
}

func firstOf(a, b *string) string {
	if a != nil {
		return *a
	}
	return aws.ToString(b)
}

func httpDate(t time.Time) string { return t.UTC().Format(http.TimeFormat) }
