package s3test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// The faults of this file are of stores that do not understand all of a request. S3
// gets it without what they take out or change, so that one that verifies signatures
// refuses it.

// IgnoreHeader makes a store that does not know these headers of requests.
func IgnoreHeader(names ...string) Fault {
	return altered("ignore "+strings.Join(names, ", "), func(req *http.Request) {
		for _, name := range names {
			req.Header.Del(name)
		}
	})
}

// IgnoreRange makes a store without ranges: it answers 200 with the whole object.
func IgnoreRange() Fault {
	f := IgnoreHeader("Range", "If-Range")
	f.Name = "no ranges"
	return f
}

// IgnoreConditions makes a store without conditions: it reads and writes as if there
// were none.
func IgnoreConditions() Fault {
	f := IgnoreHeader("If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since")
	f.Name = "no conditions"
	return f
}

// IgnorePartNumber makes a store that cannot tell of an object's parts: GET and HEAD
// of a part are answered with the object.
func IgnorePartNumber() Fault {
	return altered("no part numbers", func(req *http.Request) {
		if !isRead(req) {
			return
		}
		u := *req.URL
		q := u.Query()
		q.Del("partNumber")
		u.RawQuery = q.Encode()
		req.URL = &u
	})
}

// AnswerRange answers GET and HEAD of an object as if they asked for this range,
// such as "bytes=0-9", and says so in Content-Range. A whole object becomes a piece
// of one; a range becomes another.
func AnswerRange(rng string) Fault {
	return altered("answer to "+rng, func(req *http.Request) {
		if isRead(req) {
			req.Header.Set("Range", rng)
		}
	})
}

// ShiftRange answers a range with the one that begins and ends by bytes later, and
// says so in Content-Range. It does nothing to ranges that have no beginning, nor to
// those that would begin before the object.
func ShiftRange(by int64) Fault {
	return altered(fmt.Sprintf("range shifted by %d", by), func(req *http.Request) {
		spec, ok := strings.CutPrefix(req.Header.Get("Range"), "bytes=")
		first, last, _ := strings.Cut(spec, "-")
		from, err := strconv.ParseInt(first, 10, 64)
		if !ok || err != nil || from+by < 0 || !isRead(req) {
			return
		}
		if to, err := strconv.ParseInt(last, 10, 64); err == nil {
			last = strconv.FormatInt(to+by, 10)
		}
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-%s", from+by, last))
	})
}

// altered sends on a copy of the request that f has changed.
func altered(name string, f func(*http.Request)) Fault {
	return Fault{name, func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		req = req.Clone(req.Context())
		f(req)
		return next.RoundTrip(req)
	}}
}

// isRead reports whether r asks for an object, or for what a GET of it would answer.
func isRead(r *http.Request) bool {
	op := Operation(r)
	return op == "GetObject" || op == "HeadObject"
}
