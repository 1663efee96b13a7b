package prefix

import (
	"reflect"
	"sync"
)

// A subjectFields is where an input has what its request is about, -1 for nowhere.
type subjectFields struct{ bucket, key int }

var subjects sync.Map // reflect.Type of an input's struct -> subjectFields

// subject returns the bucket and the key of an operation's input. A listing is about
// its prefix.
func subject(input any) (bucket, key string) {
	v := reflect.ValueOf(input)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return "", ""
	}
	v = v.Elem()
	f, ok := subjects.Load(v.Type())
	if !ok {
		f = subjectFields{stringField(v.Type(), "Bucket"), stringField(v.Type(), "Key", "Prefix")}
		subjects.Store(v.Type(), f)
	}
	s := f.(subjectFields)
	return stringAt(v, s.bucket), stringAt(v, s.key)
}

func stringField(t reflect.Type, names ...string) int {
	for _, name := range names {
		if f, ok := t.FieldByName(name); ok && len(f.Index) == 1 && f.Type == reflect.TypeFor[*string]() {
			return f.Index[0]
		}
	}
	return -1
}

func stringAt(v reflect.Value, i int) string {
	if i < 0 || v.Field(i).IsNil() {
		return ""
	}
	return v.Field(i).Elem().String()
}
