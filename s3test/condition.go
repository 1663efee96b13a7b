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
		if !matches(v, o.ETag, strong) {
			return preconditionFailed("If-Match")
		}
	} else if t, ok := date(h, prefix+"If-Unmodified-Since"); ok && o.LastModified.After(t) {
		return preconditionFailed("If-Unmodified-Since")
	}
	if v := h.Get(prefix + "If-None-Match"); v != "" {
		if matches(v, o.ETag, weak) {
			return notModified(o)
		}
	} else if t, ok := date(h, prefix+"If-Modified-Since"); ok && !o.LastModified.After(t) {
		return notModified(o)
	}
	return nil
}

// checkWriteHeaders refuses conditions that S3 has for reads only: a write knows
// If-Match, or If-None-Match with an asterisk.
func checkWriteHeaders(h http.Header) error {
	if v := h.Get("If-None-Match"); v != "" && (v != "*" || h.Get("If-Match") != "") {
		return notImplemented("If-None-Match")
	}
	return nil
}

// checkDeleteHeaders refuses conditions that S3 has for directory buckets only.
func checkDeleteHeaders(h http.Header) error {
	for _, name := range []string{"X-Amz-If-Match-Last-Modified-Time", "X-Amz-If-Match-Size"} {
		if h.Get(name) != "" {
			return notImplemented(name)
		}
	}
	return nil
}

// checkWrite returns the error that the conditional headers of a write ask for,
// where o is what would be overwritten, or nil.
func checkWrite(h http.Header, key string, o *Object) error {
	if o != nil && o.DeleteMarker {
		o = nil
	}
	if v := h.Get("If-None-Match"); v != "" && o != nil && matches(v, o.ETag, weak) {
		return preconditionFailed("If-None-Match")
	}
	if v := h.Get("If-Match"); v != "" {
		if o == nil {
			return noSuchKey(key)
		}
		if !matches(v, o.ETag, strong) {
			return preconditionFailed("If-Match")
		}
	}
	return nil
}

func notModified(o *Object) *apiError {
	return &apiError{status: 304, code: "NotModified", message: "Not Modified", header: http.Header{
		"Etag": {o.ETag}, "Last-Modified": {o.LastModified.Format(http.TimeFormat)}}}
}

// A comparison of entity tags is strong or weak: RFC 9110, section 8.8.3.2. To the
// strong one, which is that of If-Match, a weak tag is like no other, not even itself.
type comparison bool

const (
	weak   comparison = false
	strong comparison = true
)

// matches reports whether etag is in list. S3 takes tags without quotes as well.
func matches(list, etag string, how comparison) bool {
	opaque, isWeak := opaqueTag(etag)
	for tag := range strings.SplitSeq(list, ",") {
		tag, weakToo := opaqueTag(strings.TrimSpace(tag))
		if tag == "*" || tag == opaque && !(how == strong && (isWeak || weakToo)) {
			return true
		}
	}
	return false
}

// opaqueTag returns what is between the quotes of an entity tag.
func opaqueTag(etag string) (opaque string, isWeak bool) {
	etag, isWeak = strings.CutPrefix(etag, "W/")
	return strings.Trim(etag, `"`), isWeak
}

func date(h http.Header, name string) (time.Time, bool) {
	t, err := http.ParseTime(h.Get(name))
	return t, err == nil
}
