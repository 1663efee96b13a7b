package transfer

import (
	"reflect"
	"slices"
	"strings"
	"sync"
)

// The SDK's inputs and outputs share fields and have no type in common. Fields are carried
// from one to another by name, so that a field which is newer than this library, or than the
// SDK of its user, is carried where there is one.

// carry copies to the struct that dst points to what it has in common with the one that src
// points to, by name and type.
func carry(dst, src any) { carryFields(dst, src, false) }

// carryRequest is carry without what describes a request's body: its bytes, its length and
// its checksums.
func carryRequest(dst, src any) { carryFields(dst, src, true) }

func carryFields(dst, src any, request bool) {
	d, s := reflect.ValueOf(dst).Elem(), reflect.ValueOf(src).Elem()
	for _, f := range commonFields(d.Type(), s.Type()) {
		if !request || !f.ofBody {
			d.Field(f.dst).Set(s.Field(f.src))
		}
	}
}

type commonField struct {
	dst, src int
	ofBody   bool
}

var commonFieldsOf sync.Map // of []commonField by [2]reflect.Type

func commonFields(dst, src reflect.Type) []commonField {
	key := [2]reflect.Type{dst, src}
	if v, ok := commonFieldsOf.Load(key); ok {
		return v.([]commonField)
	}
	var common []commonField
	for i := range src.NumField() {
		f := src.Field(i)
		if t, ok := dst.FieldByName(f.Name); ok && f.IsExported() && t.Type == f.Type {
			ofBody := f.Name == "Body" || f.Name == "ContentLength" || f.Name == "ContentMD5" || strings.HasPrefix(f.Name, "Checksum")
			common = append(common, commonField{dst: t.Index[0], src: i, ofBody: ofBody})
		}
	}
	commonFieldsOf.Store(key, common)
	return common
}

// sumOf returns the field of that name, a *string, of the struct that v points to. It is nil
// where the SDK is older than the field.
func sumOf(v any, name string) *string {
	s := reflect.ValueOf(v).Elem()
	for _, f := range checksumFields(s.Type()) {
		if f.name == name {
			return s.Field(f.index).Interface().(*string)
		}
	}
	return nil
}

// foreignSum returns the algorithm of a checksum in the struct that v points to that cannot
// be computed here, or nothing.
func foreignSum(v any) string {
	s := reflect.ValueOf(v).Elem()
	for _, f := range checksumFields(s.Type()) {
		if f.foreign && !s.Field(f.index).IsNil() {
			return strings.TrimPrefix(f.name, "Checksum")
		}
	}
	return ""
}

type checksumField struct {
	name    string
	index   int
	foreign bool
}

var checksumFieldsOf sync.Map // of []checksumField by reflect.Type

// checksumFields returns the fields of a struct that hold a checksum.
func checksumFields(t reflect.Type) []checksumField {
	if v, ok := checksumFieldsOf.Load(t); ok {
		return v.([]checksumField)
	}
	var fields []checksumField
	for i := range t.NumField() {
		f := t.Field(i)
		if strings.HasPrefix(f.Name, "Checksum") && f.Type == reflect.TypeFor[*string]() {
			fields = append(fields, checksumField{f.Name, i, !slices.Contains(sumNames[:], f.Name)})
		}
	}
	checksumFieldsOf.Store(t, fields)
	return fields
}
