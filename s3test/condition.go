package s3test

import (
	"net/http"
	"strings"
	"time"
)

// checkRead returns the error that the conditional headers of a GET or HEAD for o
// ask for, in the order of precedence of RFC 9110, section 13.2.2. prefix stands
// before the names of the headers.
func checkRead(h http.Header, prefix string, o *Object) error {
	if v := h.Get(prefix + "If-Match"); v != "" {
		if !matches(v, o.ETag) {
			return preconditionFailed("If-Match")
		}
	} else if t, ok := date(h, prefix+"If-Unmodified-Since"); ok && o.LastModified.After(t) {
		return preconditionFailed("If-Unmodified-Since")
	}
	if v := h.Get(prefix + "If-None-Match"); v != "" {
		if matches(v, o.ETag) {
			return notModified(o)
		}
	} else if t, ok := date(h, prefix+"If-Modified-Since"); ok && !o.LastModified.After(t) {
		return notModified(o)
	}
	return nil
}

// checkWrite returns the error that the conditional headers of a write ask for,
// where o is what would be overwritten, or nil.
func checkWrite(h http.Header, key string, o *Object) error {
	if o != nil && o.DeleteMarker {
		o = nil
	}
	if v := h.Get("If-None-Match"); v != "" && o != nil && matches(v, o.ETag) {
		return preconditionFailed("If-None-Match")
	}
	if v := h.Get("If-Match"); v != "" {
		if o == nil {
			return noSuchKey(key)
		}
		if !matches(v, o.ETag) {
			return preconditionFailed("If-Match")
		}
	}
	return nil
}

func notModified(o *Object) *apiError {
	return &apiError{status: 304, code: "NotModified", message: "Not Modified", header: http.Header{
		"Etag": {o.ETag}, "Last-Modified": {o.LastModified.Format(http.TimeFormat)}}}
}

// matches reports whether etag is in list. S3 takes tags without quotes as well.
func matches(list, etag string) bool {
	for tag := range strings.SplitSeq(list, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || strings.Trim(tag, `"`) == strings.Trim(etag, `"`) {
			return true
		}
	}
	return false
}

func date(h http.Header, name string) (time.Time, bool) {
	t, err := http.ParseTime(h.Get(name))
	return t, err == nil
}
