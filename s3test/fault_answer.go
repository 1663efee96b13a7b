package s3test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// Answer answers in place of S3, which does not get the request, with any status,
// Content-Type and body, after having read the request's. It is for proxies that
// have something of their own to say: 520 in HTML, or a 200 that means nothing.
func Answer(status int, contentType, body string) Fault {
	return Fault{describeAnswer(status, contentType, body), func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		if err := drainBody(req); err != nil {
			return nil, err
		}
		return plain(req, status, contentType, body), nil
	}}
}

// AnswerAfter lets the request pass and replaces the answer by another, as [Answer]
// does without S3.
func AnswerAfter(status int, contentType, body string) Fault {
	return Fault{describeAnswer(status, contentType, body) + " when it is done", func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		discard(resp.Body) // so that it has happened for sure
		resp.Body.Close()
		return plain(req, status, contentType, body), nil
	}}
}

func describeAnswer(status int, contentType, body string) string {
	switch {
	case body == "":
		return strconv.Itoa(status) + " and nothing"
	case strings.TrimSpace(body) == "":
		return strconv.Itoa(status) + " and blanks"
	}
	return strconv.Itoa(status) + " and " + contentType
}

// ErrorIn200 answers 200 with an error in the body, as S3 does to CopyObject and
// CompleteMultipartUpload: it begins to answer when it does not know yet, and sends
// blanks to keep the connection alive. Nothing is done.
func ErrorIn200(code string) Fault {
	e := &apiError{status: 200, code: code, message: "Injected by s3test."}
	return Fault{"200 and " + code, func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		if err := drainBody(req); err != nil {
			return nil, err
		}
		_, rest, _ := bytes.Cut(e.body(req.URL.Path, "s3test"), []byte(xml.Header))
		return plain(req, http.StatusOK, "application/xml", xml.Header+"    \n"+string(rest)), nil
	}}
}

// HangAfterBody reads the request's body, and never answers. S3 does not get the
// request. It ends when the client gives up.
func HangAfterBody() Fault {
	return Fault{"hang after the body", func(req *http.Request, _ http.RoundTripper) (*http.Response, error) {
		if err := drainBody(req); err != nil {
			return nil, err
		}
		if req.Body != nil {
			defer req.Body.Close()
		}
		<-req.Context().Done()
		return nil, context.Cause(req.Context())
	}}
}

// WithholdAnswer lets the request pass, and never answers: S3 has done it. It ends
// when the client gives up. See also [LoseAnswer].
func WithholdAnswer() Fault {
	return Fault{"hang when it is done", func(req *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		discard(resp.Body) // so that it has happened for sure
		resp.Body.Close()
		<-req.Context().Done()
		return nil, context.Cause(req.Context())
	}}
}

// drainBody reads the body of req. On an error it has closed it.
func drainBody(req *http.Request) error {
	if req.Body == nil {
		return nil
	}
	if _, err := io.Copy(io.Discard, req.Body); err != nil {
		req.Body.Close()
		return err
	}
	return nil
}

// plain returns an answer that closes the request's body with its own, as that of a
// transport would.
func plain(req *http.Request, status int, contentType, body string) *http.Response {
	resp := &http.Response{
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {contentType}},
		Request: req,
	}
	setStatus(resp, status)
	setLength(resp, int64(len(body)))
	if req.Method == http.MethodHead {
		body = ""
	}
	resp.Body = &answer{strings.NewReader(body), req.Body}
	return resp
}

// discard reads a body to its end, or until it gives nothing any more: another fault may
// have made it one that spins.
func discard(body io.Reader) {
	b := bufio.NewReader(body) // which notices that
	for err := error(nil); err == nil; {
		_, err = b.Discard(b.Size())
	}
}
