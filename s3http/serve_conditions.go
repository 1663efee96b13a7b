package s3http

import (
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/part"
)

// wanted is what a request asks of an object: a range, and the conditions of RFC 9110,
// section 13. What is not there or cannot be read is zero.
type wanted struct {
	rng part.Spec

	ifMatch, ifNoneMatch  string // lists of entity tags, or *
	modified, unmodified  time.Time
	rangeTag              string // of If-Range
	rangeDate             time.Time
	ifRange               bool
	ownETag               string // the caller's, which stands for the store's
	ownModified           time.Time
	hasOwnTag, hasOwnDate bool
}

// readWanted reads the headers of a request. own are those that the response has
// already.
func readWanted(h, own http.Header) wanted {
	w := wanted{
		rng:         oneRange(h.Get("Range")),
		ifMatch:     joined(h["If-Match"]),
		ifNoneMatch: joined(h["If-None-Match"]),
	}
	if _, w.hasOwnTag = own["Etag"]; w.hasOwnTag {
		w.ownETag = own.Get("Etag")
	}
	if _, w.hasOwnDate = own["Last-Modified"]; w.hasOwnDate {
		w.ownModified = date(own.Get("Last-Modified"))
	}
	// The dates count only where there is no tag (section 13.2.2).
	if w.ifMatch == "" {
		w.unmodified = date(h.Get("If-Unmodified-Since"))
	}
	if w.ifNoneMatch == "" {
		w.modified = date(h.Get("If-Modified-Since"))
	}
	if v := h.Get("If-Range"); v != "" && !w.rng.Whole() {
		w.ifRange = true
		if tag, rest := nextTag(v); tag != "" {
			if rest == "" {
				w.rangeTag = tag
			}
		} else {
			w.rangeDate = date(v)
		}
		switch {
		case w.rangeTag == "" && w.rangeDate.IsZero(), strings.HasPrefix(w.rangeTag, "W/"):
			w.rng = part.Spec{} // it can never be true
		case w.rangeTag != "" && w.hasOwnTag && !sameTag(w.rangeTag, w.ownETag, true):
			w.rng = part.Spec{}
		}
	}
	return w
}

// oneRange reads a Range header. More than one range is as good as none, and so is what
// cannot be read (section 14.2 leaves us to ignore the header).
func oneRange(h string) part.Spec {
	unit, set, _ := strings.Cut(h, "=")
	spec := ""
	for one := range strings.SplitSeq(set, ",") {
		one = strings.Trim(one, " \t")
		if one == "" {
			continue // section 5.6.1.2
		}
		if spec != "" {
			return part.Spec{}
		}
		spec = one
	}
	if spec == "" {
		return part.Spec{}
	}
	if len(h) != len(unit)+1+len(spec) {
		h = unit + "=" + spec
	}
	rng, err := part.ParseRange(h)
	if err != nil {
		return part.Spec{}
	}
	return rng
}

// joined joins the lines of a header that is a list.
func joined(lines []string) string {
	if len(lines) == 1 {
		return strings.Trim(lines[0], " \t")
	}
	return strings.Trim(strings.Join(lines, ","), " \t")
}

func date(v string) time.Time {
	if v == "" {
		return time.Time{}
	}
	t, err := http.ParseTime(v)
	if err != nil {
		return time.Time{}
	}
	return t
}

// nextTag returns the first entity tag of a list, and what follows. It returns nothing
// at the end of the list, or of what can be read of it.
func nextTag(s string) (tag, rest string) {
	s = strings.TrimLeft(s, " \t,")
	start := 0
	if strings.HasPrefix(s, "W/") {
		start = 2
	}
	if len(s) <= start || s[start] != '"' {
		return "", ""
	}
	for i := start + 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return s[:i+1], strings.TrimLeft(s[i+1:], " \t")
		case c <= ' ' || c == 0x7f:
			return "", ""
		}
	}
	return "", ""
}

// onlyTag returns the tag of a list of one.
func onlyTag(s string) string {
	tag, rest := nextTag(s)
	if strings.Trim(rest, " \t,") != "" {
		return ""
	}
	return tag
}

// sameTag compares tags, strongly or weakly (section 8.8.3.2).
func sameTag(a, b string, strong bool) bool {
	if strong && (strings.HasPrefix(a, "W/") || strings.HasPrefix(b, "W/")) {
		return false
	}
	return a != "" && strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/")
}

// inList reports whether an object with the given tag is meant by a list, or by *.
func inList(s, etag string, strong bool) bool {
	if s == "*" {
		return true
	}
	for {
		var tag string
		if tag, s = nextTag(s); tag == "" {
			return false
		}
		if sameTag(tag, etag, strong) {
			return true
		}
	}
}

// hopeless reports whether a list has no tag that any object could have strongly.
func hopeless(s string) bool {
	if s == "" || s == "*" {
		return false
	}
	for {
		var tag string
		if tag, s = nextTag(s); tag == "" {
			return true
		}
		if !strings.HasPrefix(tag, "W/") {
			return false
		}
	}
}

// decided reports whether the conditions are false of any object that exists, so that
// its body is not needed.
func (w *wanted) decided() bool {
	return w.ifNoneMatch == "*" || hopeless(w.ifMatch) ||
		w.hasOwnTag && (w.ifMatch != "" && !inList(w.ifMatch, w.ownETag, true) || inList(w.ifNoneMatch, w.ownETag, false))
}

// A question is what of a request S3 is asked.
type question struct {
	rng part.Spec

	ifMatch, ifNoneMatch               *string
	ifModifiedSince, ifUnmodifiedSince *time.Time

	ifRange  bool // the condition is If-Range's
	complete bool // there is nothing that S3 is not asked
}

// question returns what to ask S3, for a range or all of the object. Only one condition
// is asked at a time, and only such as every store understands: a refusal must be right,
// and stores differ in which condition comes first. The rest is for judge.
func (w *wanted) question(rng part.Spec) question {
	q := question{rng: rng, complete: true}
	ifRange := !rng.Whole() && w.ifRange && !(w.rangeTag != "" && w.hasOwnTag)
	first := w.ifMatch != "" && w.ifMatch != "*" || !w.unmodified.IsZero()
	second := w.ifNoneMatch != "" || !w.modified.IsZero()
	switch {
	case first:
		q.complete = !ifRange && !second
		if w.ifMatch == "" {
			q.complete = false // see slack
			if !w.hasOwnDate {
				q.ifUnmodifiedSince = slack(w.unmodified)
			}
		} else if tag := onlyTag(w.ifMatch); tag != "" && !w.hasOwnTag && !strings.HasPrefix(tag, "W/") {
			q.ifMatch = &tag
		} else {
			q.complete = false
		}
	case ifRange:
		q.complete = !second
		if w.rangeTag != "" {
			tag := w.rangeTag
			q.ifRange, q.ifMatch = true, &tag
		} else {
			q.complete = false
			if !w.hasOwnDate {
				q.ifRange, q.ifUnmodifiedSince = true, slack(w.rangeDate)
			}
		}
	case w.ifNoneMatch != "":
		tag, rest := nextTag(w.ifNoneMatch)
		q.complete = rest == "" && !w.hasOwnTag
		if tag != "" && !w.hasOwnTag {
			// An object of S3's never has a weak tag, and weakly W/"x" is "x".
			tag = strings.TrimPrefix(tag, "W/")
			q.ifNoneMatch = &tag
		}
	case !w.modified.IsZero():
		q.complete = false // a store may take fractions of a second for a modification
		if !w.hasOwnDate {
			t := w.modified
			q.ifModifiedSince = &t
		}
	}
	return q
}

// slack returns a second more. A store that keeps fractions of a second takes an object
// to be younger than its own Last-Modified.
func slack(t time.Time) *time.Time {
	t = t.Add(time.Second)
	return &t
}

func (q *question) put(in *s3.GetObjectInput) {
	if !q.rng.Whole() {
		in.Range = aws.String(q.rng.String())
	}
	in.IfMatch, in.IfNoneMatch = q.ifMatch, q.ifNoneMatch
	in.IfModifiedSince, in.IfUnmodifiedSince = q.ifModifiedSince, q.ifUnmodifiedSince
}

// told returns what is known of an object that S3 answered 304 for.
func (q *question) told(h http.Header) *s3.GetObjectOutput {
	out := &s3.GetObjectOutput{ETag: q.ifNoneMatch} // it is the object's, or it would not be a 304
	for _, f := range [...]struct {
		name string
		to   **string
	}{{"Etag", &out.ETag}, {"Cache-Control", &out.CacheControl}, {"Expires", &out.ExpiresString}} {
		if v := h.Get(f.name); v != "" {
			*f.to = &v
		}
	}
	if t := date(h.Get("Last-Modified")); !t.IsZero() {
		out.LastModified = &t
	}
	return out
}

// quoted returns a store's ETag as HTTP wants it: some leave out the quotes. Of one that
// cannot be read it returns nothing.
func quoted(etag string) string {
	tag, err := part.ParseETag(etag)
	if err != nil {
		return ""
	}
	if strings.HasSuffix(etag, `"`) {
		return etag
	}
	return tag.String()
}

// version returns the validators of the representation that is served.
func (w *wanted) version(out *s3.GetObjectOutput) (etag string, modified time.Time) {
	etag, modified = w.ownETag, w.ownModified
	if !w.hasOwnTag {
		etag = quoted(aws.ToString(out.ETag))
	}
	if !w.hasOwnDate && out.LastModified != nil {
		modified = out.LastModified.Truncate(time.Second)
	}
	return etag, modified
}

// judge returns 304 or 412 if the conditions say so of the object, else 0. The order is
// that of section 13.2.2.
func (w *wanted) judge(out *s3.GetObjectOutput) int {
	etag, modified := w.version(out)
	switch {
	case w.ifMatch != "":
		if !inList(w.ifMatch, etag, true) {
			return http.StatusPreconditionFailed
		}
	case !w.unmodified.IsZero() && !modified.IsZero() && modified.After(w.unmodified):
		return http.StatusPreconditionFailed
	}
	switch {
	case w.ifNoneMatch != "":
		if inList(w.ifNoneMatch, etag, false) {
			return http.StatusNotModified
		}
	case !w.modified.IsZero() && !modified.IsZero() && !modified.After(w.modified):
		return http.StatusNotModified
	}
	return 0
}

// rangeHolds reports whether If-Range lets a range of the object be sent. A date must be
// the very one (section 13.1.5).
func (w *wanted) rangeHolds(out *s3.GetObjectOutput) bool {
	if !w.ifRange {
		return true
	}
	etag, modified := w.version(out)
	if w.rangeTag != "" {
		return sameTag(w.rangeTag, etag, true)
	}
	return !modified.IsZero() && modified.Equal(w.rangeDate)
}
