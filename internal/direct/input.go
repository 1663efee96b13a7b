package direct

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	smithytime "github.com/aws/smithy-go/time"
)

// A shape is the set of an input's fields that are set, by their index.
type shape uint64

// gather adds the fields of the input in, a pointer to a struct, to what the request sends. It
// reports the input's shape, and why the request is not for the direct path, or nothing.
func (op *operation) gather(w *wire, in any) (s shape, bucket, key, why string) {
	v := reflect.ValueOf(in).Elem()
	for i := range op.input {
		f := &op.input[i]
		fv := v.Field(i)
		if fv.IsZero() {
			continue
		}
		if i >= 64 || f.place == nowhere {
			if f.place == nowhere && fv.NumField() == 0 { // the SDK's mark of a struct it serializes
				continue
			}
			return 0, "", "", op.name + "Input." + v.Type().Field(i).Name + " is not known"
		}
		text, ok := textOf(fv)
		if !ok {
			return 0, "", "", op.name + "Input." + v.Type().Field(i).Name + " has a value that is left to the SDK"
		}
		s |= 1 << i
		switch f.place {
		case inHeader:
			w.addHeader(f.name, f.lower, text)
		case inQuery:
			w.addQuery(f.name, text)
		case inPath:
			if v.Type().Field(i).Name == "Bucket" {
				bucket = text
			} else {
				key = text
			}
		}
	}
	if bucket == "" || key == "" {
		return 0, "", "", "the bucket or the key is missing"
	}
	if isExpress(bucket) {
		return 0, "", "", "the bucket is one of S3 Express"
	}
	if op.query != "" {
		w.addQuery("x-id", op.query)
	}
	return s, bucket, key, ""
}

// isExpress reports whether a bucket's requests are signed with the key of a session.
func isExpress(bucket string) bool {
	return strings.HasSuffix(bucket, "--x-s3") || strings.HasSuffix(bucket, "--xa-s3")
}

// textOf returns a field's value as it is written in a header or a parameter.
func textOf(v reflect.Value) (string, bool) {
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
	case *time.Time:
		return smithytime.FormatHTTPDate(*p), true
	}
	return "", false
}
