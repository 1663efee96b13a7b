package s3test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// The faults of this file are of stores whose answers lack something or lie.

// After lets the request pass and calls f with the answer, which f may change. It
// must not read the body.
func After(f func(*http.Response)) Fault { return after("after", f) }

func after(name string, f func(*http.Response)) Fault {
	return Fault{name, func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil {
			f(resp)
		}
		return resp, err
	}}
}

// SetHeader gives every answer this header; an empty value removes it. For
// Content-Length see [ContentLength].
func SetHeader(name, value string) Fault {
	what := name + ": " + value
	if value == "" {
		what = "no " + name
	}
	return after(what, func(resp *http.Response) {
		resp.Header.Set(name, value)
		if value == "" {
			resp.Header.Del(name)
		}
	})
}

var etagElement = regexp.MustCompile(`<ETag>[^<]*</ETag>`)

// NoETag makes a store without entity tags, in headers and in the documents that
// answer CompleteMultipartUpload and CopyObject.
func NoETag() Fault {
	return Fault{"no ETag", func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		resp.Header.Del("Etag")
		if op := Operation(req); op != "CompleteMultipartUpload" && op != "CopyObject" {
			return resp, nil
		}
		return rewrite(resp, func(b []byte) []byte { return etagElement.ReplaceAll(b, nil) })
	}}
}

// WeakETag makes entity tags weak, as compressing proxies do: W/"tag". If-Match with
// a weak tag does not hold, see RFC 9110, section 13.1.1.
func WeakETag() Fault {
	return after("weak ETag", func(resp *http.Response) {
		if v := resp.Header.Get("Etag"); v != "" && !strings.HasPrefix(v, "W/") {
			resp.Header.Set("Etag", "W/"+v)
		}
	})
}

// UnquotedETag takes the quotes off entity tags.
func UnquotedETag() Fault {
	return after("ETag without quotes", func(resp *http.Response) {
		if v := resp.Header.Get("Etag"); v != "" {
			resp.Header.Set("Etag", strings.Trim(v, `"`))
		}
	})
}

// PartETag gives the answer to a GET or HEAD of a part an entity tag of the part's
// own instead of the object's, as Ceph does. The tag is made up, and always the same
// for the same part.
func PartETag() Fault {
	return Fault{"ETag of the part", func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if n := req.URL.Query().Get("partNumber"); err == nil && n != "" && isRead(req) && resp.Header.Get("Etag") != "" {
			resp.Header.Set("Etag", etag([]byte(resp.Header.Get("Etag")+n)))
		}
		return resp, err
	}}
}

// NoChecksum makes a store without checksums.
func NoChecksum() Fault {
	return checksums("no checksum", func(resp *http.Response, header, _ string) {
		resp.Header.Del(header)
		resp.Header.Del("X-Amz-Checksum-Type")
	})
}

// WrongChecksum changes the checksums of objects in headers.
func WrongChecksum() Fault {
	return checksums("wrong checksum", func(resp *http.Response, header, value string) {
		first := byte('A')
		if value[0] == 'A' {
			first = 'B'
		}
		resp.Header.Set(header, string(first)+value[1:])
	})
}

// BareChecksum takes from checksums what says that they are composite: the number of
// parts behind them, and their type.
func BareChecksum() Fault {
	return checksums("bare checksum", func(resp *http.Response, header, value string) {
		value, _, _ = strings.Cut(value, "-")
		resp.Header.Set(header, value)
		resp.Header.Del("X-Amz-Checksum-Type")
	})
}

// checksums calls f for each checksum in an answer's headers. None is empty.
func checksums(name string, f func(resp *http.Response, header, value string)) Fault {
	return after(name, func(resp *http.Response) {
		for a := range hashes {
			if v := resp.Header.Get(checksumHeader(a)); v != "" {
				f(resp, checksumHeader(a), v)
			}
		}
	})
}

// AlwaysContentRange makes a store that sends a Content-Range with whole objects too:
// 200 and "bytes 0-99/100".
func AlwaysContentRange() Fault {
	return wholeRange("Content-Range with 200", func(resp *http.Response, size int64) {
		if size > 0 {
			resp.Header.Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", size-1, size))
		}
	})
}

// StarContentRange makes a store whose whole objects have the Content-Range of a range
// that cannot be: 200 and "bytes */100".
func StarContentRange() Fault {
	return wholeRange("Content-Range without a range", func(resp *http.Response, size int64) {
		resp.Header.Set("Content-Range", fmt.Sprintf("bytes */%d", size))
	})
}

func wholeRange(name string, f func(resp *http.Response, size int64)) Fault {
	return Fault{name, func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && isRead(req) && resp.StatusCode == http.StatusOK && resp.ContentLength >= 0 {
			f(resp, resp.ContentLength)
		}
		return resp, err
	}}
}

// WholeRangeAs200 makes a store that answers a range which is the whole object with
// 200 and no Content-Range.
func WholeRangeAs200() Fault {
	return after("200 to a range that is everything", func(resp *http.Response) {
		n := resp.ContentLength
		if resp.StatusCode == http.StatusPartialContent && resp.Header.Get("Content-Range") == fmt.Sprintf("bytes 0-%d/%d", n-1, n) {
			setStatus(resp, http.StatusOK)
			resp.Header.Del("Content-Range")
		}
	})
}

func setStatus(resp *http.Response, status int) {
	resp.StatusCode, resp.Status = status, strconv.Itoa(status)+" "+http.StatusText(status)
}

// tokens are the parameters that say where a page of a list begins, and the elements
// that say where the next one does.
var tokens = map[string]string{
	"continuation-token": "NextContinuationToken",
	"marker":             "NextMarker",
	"key-marker":         "NextKeyMarker",
	"upload-id-marker":   "NextUploadIdMarker",
	"part-number-marker": "NextPartNumberMarker",
}

// RepeatToken makes lists that never end: each page but the first says that the next
// one begins where it began itself.
func RepeatToken() Fault {
	return Fault{"repeated list token", func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil || resp.StatusCode != http.StatusOK || !strings.HasPrefix(Operation(req), "List") {
			return resp, err
		}
		return rewrite(resp, func(b []byte) []byte {
			for name, element := range tokens {
				if v := req.URL.Query().Get(name); v != "" {
					b = setElement(setElement(b, element, v), "IsTruncated", "true")
				}
			}
			return b
		})
	}}
}

// setElement gives the root of a document this element, once.
func setElement(doc []byte, name, value string) []byte {
	doc = regexp.MustCompile("<"+name+">[^<]*</"+name+">").ReplaceAll(doc, nil)
	end := max(0, bytes.LastIndex(doc, []byte("</")))
	var escaped bytes.Buffer
	_ = xml.EscapeText(&escaped, []byte(value)) // a Buffer takes everything
	return bytes.Join([][]byte{doc[:end], []byte("<" + name + ">"), escaped.Bytes(), []byte("</" + name + ">"), doc[end:]}, nil)
}

// rewrite changes the body of an answer, which is read at once.
func rewrite(resp *http.Response, f func([]byte) []byte) (*http.Response, error) {
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		resp.Body.Close()
		return nil, err
	}
	b = f(b)
	resp.Body = struct {
		io.Reader
		io.Closer
	}{bytes.NewReader(b), resp.Body}
	setLength(resp, int64(len(b)))
	return resp, nil
}

func setLength(resp *http.Response, n int64) {
	resp.ContentLength = n
	resp.Header.Set("Content-Length", strconv.FormatInt(n, 10))
}
