package s3test

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxKey is the number of bytes in the longest key.
const maxKey = 1024

// address returns the bucket and the key that r is about, both of which may be
// empty.
func address(r *http.Request) (bucket, key string) {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	path := strings.TrimPrefix(r.URL.Path, "/")
	if bucket, ok := strings.CutSuffix(host, "."+Domain); ok {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}

// checkAddress refuses requests for what cannot be.
func checkAddress(c *call) error {
	if err := checkKey(c.key); err != nil {
		return err
	}
	if v, ok := c.query["versionId"]; ok && v[0] == "" {
		return invalidArgument("versionId", "", "Version id cannot be the empty string")
	}
	return nil
}

// checkKey refuses a key that an object cannot have: keys are UTF-8, and bounded.
func checkKey(key string) error {
	switch {
	case !utf8.ValidString(key):
		return &apiError{status: 400, code: "InvalidURI", message: "Couldn't parse the specified URI."}
	case len(key) > maxKey:
		return keyTooLong(key)
	}
	return nil
}

// checkExpiry refuses a presigned URL whose time is over, or that would live for
// more than a week.
func checkExpiry(c *call) error {
	v := c.query.Get("X-Amz-Expires")
	if v == "" {
		return nil
	}
	seconds, err := strconv.Atoi(v)
	if err != nil || seconds < 0 || seconds > 604_800 {
		return &apiError{status: 400, code: "AuthorizationQueryParametersError",
			message: "X-Amz-Expires must be a number from 0 to 604800 seconds"}
	}
	signed, err := time.Parse("20060102T150405Z", c.query.Get("X-Amz-Date"))
	if err != nil {
		return &apiError{status: 400, code: "AuthorizationQueryParametersError",
			message: `X-Amz-Date must be in the ISO8601 Long Format "yyyyMMdd'T'HHmmss'Z'"`}
	}
	if end := signed.Add(time.Duration(seconds) * time.Second); time.Now().After(end) {
		e := *errAccessDenied
		e.message = "Request has expired"
		e.fields = fields("X-Amz-Expires", v, "Expires", end.Format(time.RFC3339), "ServerTime", now().Format(time.RFC3339))
		return &e
	}
	return nil
}
