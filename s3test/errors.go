package s3test

import (
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"strconv"
)

// An apiError is an answer that says no, as S3 writes it.
type apiError struct {
	status  int
	code    string
	message string
	fields  []xmlField  // elements beside the usual ones
	header  http.Header // headers beside the usual ones; nil for none
}

func (e *apiError) Error() string {
	return fmt.Sprintf("s3test: %d %s: %s", e.status, e.code, e.message)
}

type xmlField struct {
	XMLName xml.Name
	Value   string `xml:",chardata"`
}

// fields makes elements of names and values that alternate.
func fields(pairs ...string) []xmlField {
	var list []xmlField
	for i := 0; i+1 < len(pairs); i += 2 {
		list = append(list, xmlField{xml.Name{Local: pairs[i]}, pairs[i+1]})
	}
	return list
}

var (
	errAccessDenied    = &apiError{status: 403, code: "AccessDenied", message: "Access Denied"}
	errNotImplemented  = &apiError{status: 501, code: "NotImplemented", message: "A header you provided implies functionality that is not implemented"}
	errMalformedXML    = &apiError{status: 400, code: "MalformedXML", message: "The XML you provided was not well-formed or did not validate against our published schema"}
	errIncompleteBody  = &apiError{status: 400, code: "IncompleteBody", message: "You did not provide the number of bytes specified by the Content-Length HTTP header."}
	errMissingLength   = &apiError{status: 411, code: "MissingContentLength", message: "You must provide the Content-Length HTTP header."}
	errEntityTooLarge  = &apiError{status: 400, code: "EntityTooLarge", message: "Your proposed upload exceeds the maximum allowed size"}
	errMethodForMarker = &apiError{status: 405, code: "MethodNotAllowed", message: "The specified method is not allowed against this resource.",
		header: http.Header{"X-Amz-Delete-Marker": {"true"}, "Allow": {"DELETE"}}}
)

func invalidRequest(format string, a ...any) *apiError {
	return &apiError{status: 400, code: "InvalidRequest", message: fmt.Sprintf(format, a...)}
}

func invalidArgument(name, value, message string) *apiError {
	return &apiError{status: 400, code: "InvalidArgument", message: message,
		fields: fields("ArgumentName", name, "ArgumentValue", value)}
}

func badDigest(what string) *apiError {
	return &apiError{status: 400, code: "BadDigest",
		message: "The " + what + " you specified did not match the calculated checksum."}
}

// notImplemented refuses a header whose meaning S3 has for other operations only.
func notImplemented(header string) *apiError {
	e := *errNotImplemented
	e.fields = fields("Header", header)
	return &e
}

func keyTooLong(key string) *apiError {
	return &apiError{status: 400, code: "KeyTooLongError", message: "Your key is too long",
		fields: fields("Size", strconv.Itoa(len(key)), "MaxSizeAllowed", strconv.Itoa(maxKey))}
}

func invalidBucketName(bucket string) *apiError {
	return &apiError{status: 400, code: "InvalidBucketName", message: "The specified bucket is not valid.",
		fields: fields("BucketName", bucket)}
}

func noSuchBucket(bucket string) *apiError {
	return &apiError{status: 404, code: "NoSuchBucket", message: "The specified bucket does not exist",
		fields: fields("BucketName", bucket)}
}

func noSuchKey(key string) *apiError {
	return &apiError{status: 404, code: "NoSuchKey", message: "The specified key does not exist.",
		fields: fields("Key", key)}
}

func noSuchUpload(id string) *apiError {
	return &apiError{status: 404, code: "NoSuchUpload",
		message: "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.",
		fields:  fields("UploadId", id)}
}

func preconditionFailed(condition string) *apiError {
	return &apiError{status: 412, code: "PreconditionFailed",
		message: "At least one of the pre-conditions you specified did not hold",
		fields:  fields("Condition", condition)}
}

// write answers c with e.
func (e *apiError) write(c *call) {
	h := c.w.Header()
	maps.Copy(h, e.header)
	if e.status == http.StatusNotModified {
		c.w.WriteHeader(e.status)
		return
	}
	body := e.body(c.URL.Path, c.id)
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	c.w.WriteHeader(e.status)
	if c.Method != http.MethodHead {
		_, _ = c.w.Write(body) // the client may be gone
	}
}

func (e *apiError) body(resource, id string) []byte {
	return marshal(struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		Fields    []xmlField
		Resource  string
		RequestID string `xml:"RequestId"`
		HostID    string `xml:"HostId"`
	}{Code: e.code, Message: e.message, Fields: e.fields, Resource: resource, RequestID: id, HostID: "s3test/" + id})
}

// marshal returns v, which must be a struct that can be written, as a document.
func marshal(v any) []byte {
	b, err := xml.Marshal(v)
	if err != nil {
		panic("s3test: " + err.Error())
	}
	return append([]byte(xml.Header), b...)
}

// writeXML answers c with a document.
func writeXML(c *call, v any) error {
	body := marshal(v)
	h := c.w.Header()
	h.Set("Content-Type", "application/xml")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, err := c.w.Write(body)
	return err
}
