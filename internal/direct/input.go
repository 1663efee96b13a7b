package direct

import (
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	smithytime "github.com/aws/smithy-go/time"
)

// A shape is the set of an input's fields that are set, by their index.
type shape uint64

// A question is what a call's input asks.
type question struct {
	shape       shape
	bucket, key string

	body      io.ReadSeeker // nil for operations that have none
	start     int64         // where it is to be read from
	length    int64
	algorithm string // of the checksum
	checksum  string // the header of the one that the input has
	sum       string // and its value
}

// ask reads the input in, a pointer to a struct, and adds its fields to what the request
// sends. It returns why the request is not for the direct path, or nothing.
func (op *operation) ask(w *wire, in any) (q question, why string) {
	v := reflect.ValueOf(in).Elem()
	told := false
	var body any
	for i := range op.input {
		f := &op.input[i]
		fv := v.Field(i)
		if fv.IsZero() {
			continue
		}
		name := v.Type().Field(i).Name
		if f.place == nowhere && fv.Kind() == reflect.Struct && fv.NumField() == 0 {
			continue // the SDK's mark of a struct that it serializes
		}
		if i >= 64 || f.place == nowhere {
			return q, op.name + "Input." + name + " is not known"
		}
		q.shape |= 1 << i
		switch f.place {
		case isBody:
			body = fv.Interface()
			continue
		case isMetadata:
			m, _ := fv.Interface().(map[string]string)
			if !w.addMetadata(m) {
				return q, "the metadata has names that are left to the SDK"
			}
			continue
		}
		text, ok := textOf(fv, f.ofDay)
		if !ok {
			return q, op.name + "Input." + name + " has a value that is left to the SDK"
		}
		switch f.place {
		case inHeader:
			w.addHeader(f.name, f.lower, text)
		case inQuery:
			w.addQuery(f.name, text)
		case isBucket:
			q.bucket = text
		case isKey:
			q.key = text
		case isLength:
			told = true
			q.length = *fv.Interface().(*int64)
		}
	}
	if q.bucket == "" || q.key == "" {
		return q, "the bucket or the key is missing"
	}
	if isExpress(q.bucket) {
		return q, "the bucket is one of S3 Express"
	}
	if op.query != "" {
		w.addQuery("x-id", op.query)
	}
	if op.body {
		return q, q.askBody(w, body, told)
	}
	return q, ""
}

const checksumHeader = "x-amz-checksum-"

// askBody looks at the body of a request.
func (q *question) askBody(w *wire, body any, told bool) (why string) {
	var ok bool
	if q.body, ok = body.(io.ReadSeeker); !ok {
		return "the body cannot be read again"
	}
	var err error
	if q.start, err = q.body.Seek(0, io.SeekCurrent); err != nil {
		return "the body cannot be read again"
	}
	end, err := q.body.Seek(0, io.SeekEnd)
	if err != nil {
		return "the body cannot be read again"
	}
	if _, err := q.body.Seek(q.start, io.SeekStart); err != nil || !told || end-q.start != q.length {
		return "the input does not tell the length of the body"
	}
	for i := range w.headers {
		switch h := &w.headers[i]; {
		case h.lower == "x-amz-sdk-checksum-algorithm":
			q.algorithm = h.value
		case strings.HasPrefix(h.lower, checksumHeader):
			if q.checksum != "" {
				return "the input has two checksums"
			}
			q.checksum, q.sum = h.lower, h.value
		}
	}
	return ""
}

// addMetadata adds a header for each entry. It reports false if the names are not those of
// headers, or not different.
func (w *wire) addMetadata(m map[string]string) bool {
	n := len(w.headers)
	for key, value := range m {
		if !isToken(key) {
			return false
		}
		name := metaHeader + http.CanonicalHeaderKey(key)
		for i := range w.headers[n:] {
			if w.headers[n+i].name == name {
				return false
			}
		}
		w.addHeader(name, strings.ToLower(name), value)
	}
	return true
}

// isToken reports whether a header may have that name.
func isToken(s string) bool {
	for i := range len(s) {
		if !unreserved[s[i]] {
			return false
		}
	}
	return s != ""
}

// isExpress reports whether a bucket's requests are signed with the key of a session.
func isExpress(bucket string) bool {
	return strings.HasSuffix(bucket, "--x-s3") || strings.HasSuffix(bucket, "--xa-s3")
}

// textOf returns a field's value as it is written in a header or a parameter.
func textOf(v reflect.Value, ofDay bool) (string, bool) {
	if v.Kind() == reflect.String {
		return v.String(), true
	}
	if v.Kind() != reflect.Pointer {
		return "", false
	}
	switch p := v.Interface().(type) {
	case *string:
		return *p, *p != "" // the SDK has views on what is empty
	case *int32:
		return strconv.FormatInt(int64(*p), 10), true
	case *int64:
		return strconv.FormatInt(*p, 10), true
	case *bool:
		return strconv.FormatBool(*p), true
	case *time.Time:
		if ofDay {
			return smithytime.FormatDateTime(*p), true
		}
		return smithytime.FormatHTTPDate(*p), true
	}
	return "", false
}
