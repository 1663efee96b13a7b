// Package require ends a test whose value is not what it must be. It has the part of
// testify's package require that our tests call, under the same names: a library's test
// dependencies enter the module graph of all its users, so this one has none.
//
// The last arguments of every function are a message, or a format and what goes into it.
package require

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// TB is what a test gives.
type TB interface {
	Helper()
	Errorf(format string, args ...any)
	FailNow()
}

func fail(t TB, msg []any, format string, args ...any) {
	t.Helper()
	text := fmt.Sprintf(format, args...)
	if len(msg) > 0 {
		note, ok := msg[0].(string)
		if !ok {
			note = fmt.Sprint(msg...)
		} else if len(msg) > 1 {
			note = fmt.Sprintf(note, msg[1:]...)
		}
		text = note + ": " + text
	}
	t.Errorf("%s", text)
	t.FailNow()
}

// show prints v so that a failure needs no debugger.
func show(v any) string {
	s := fmt.Sprintf("%#v", v)
	switch x := v.(type) {
	case error:
		s = fmt.Sprintf("%T: %v", v, x)
	case fmt.Stringer:
		s = fmt.Sprintf("%#v (%v)", v, x)
	case []byte:
		s = fmt.Sprintf("%d bytes %.200q", len(x), x)
	}
	if len(s) > 20_000 {
		s = s[:20_000] + "..."
	}
	return s
}

func equal(want, got any) bool {
	w, isBytes := want.([]byte)
	g, areBytes := got.([]byte)
	if isBytes && areBytes {
		return (w == nil) == (g == nil) && bytes.Equal(w, g)
	}
	return reflect.DeepEqual(want, got)
}

// Equal compares deeply.
func Equal(t TB, want, got any, msg ...any) {
	t.Helper()
	if !equal(want, got) {
		fail(t, msg, "not equal\nwant %s\n got %s", show(want), show(got))
	}
}

// NotEqual is the opposite of Equal.
func NotEqual(t TB, other, got any, msg ...any) {
	t.Helper()
	if equal(other, got) {
		fail(t, msg, "both are %s", show(got))
	}
}

// EqualValues compares numbers of different types, and other types that can be converted.
func EqualValues(t TB, want, got any, msg ...any) {
	t.Helper()
	if !equal(want, got) && !convertible(want, got) {
		fail(t, msg, "not equal\nwant %s\n got %s", show(want), show(got))
	}
}

// convertible reports whether each is what the other is converted to.
func convertible(want, got any) bool {
	w, g := reflect.ValueOf(want), reflect.ValueOf(got)
	if !w.IsValid() || !g.IsValid() || !w.CanConvert(g.Type()) || !g.CanConvert(w.Type()) {
		return false
	}
	return equal(w.Convert(g.Type()).Interface(), got) && equal(want, g.Convert(w.Type()).Interface())
}

// True fails if ok is false.
func True(t TB, ok bool, msg ...any) {
	t.Helper()
	if !ok {
		fail(t, msg, "is false")
	}
}

// False fails if ok is true.
func False(t TB, ok bool, msg ...any) {
	t.Helper()
	if ok {
		fail(t, msg, "is true")
	}
}

func isNil(v any) bool {
	if v == nil {
		return true
	}
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice, reflect.UnsafePointer:
		return r.IsNil()
	}
	return false
}

// Nil fails if v is neither nil nor a nil pointer, slice and so on.
func Nil(t TB, v any, msg ...any) {
	t.Helper()
	if !isNil(v) {
		fail(t, msg, "not nil: %s", show(v))
	}
}

// NotNil is the opposite of Nil.
func NotNil(t TB, v any, msg ...any) {
	t.Helper()
	if isNil(v) {
		fail(t, msg, "nil")
	}
}

// Zero fails if v is not the zero value of its type.
func Zero(t TB, v any, msg ...any) {
	t.Helper()
	if v != nil && !reflect.ValueOf(v).IsZero() {
		fail(t, msg, "not zero: %s", show(v))
	}
}

// NotZero is the opposite of Zero.
func NotZero(t TB, v any, msg ...any) {
	t.Helper()
	if v == nil || reflect.ValueOf(v).IsZero() {
		fail(t, msg, "zero")
	}
}

// Positive fails if v is not above zero.
func Positive[T cmp.Ordered](t TB, v T, msg ...any) {
	t.Helper()
	var zero T
	if !(v > zero) {
		fail(t, msg, "not positive: %v", v)
	}
}

func isEmpty(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Chan, reflect.Map, reflect.Slice:
		return r.Len() == 0
	case reflect.Pointer:
		return r.IsNil() || isEmpty(r.Elem().Interface())
	}
	return r.IsZero()
}

// Empty fails if v has a length and it is not zero, or is not the zero value.
func Empty(t TB, v any, msg ...any) {
	t.Helper()
	if !isEmpty(v) {
		fail(t, msg, "not empty: %s", show(v))
	}
}

// NotEmpty is the opposite of Empty.
func NotEmpty(t TB, v any, msg ...any) {
	t.Helper()
	if isEmpty(v) {
		fail(t, msg, "empty")
	}
}

// Len fails if v has not n elements.
func Len(t TB, v any, n int, msg ...any) {
	t.Helper()
	if got := reflect.ValueOf(v).Len(); got != n {
		fail(t, msg, "%d elements, want %d: %s", got, n, show(v))
	}
}

// Same fails if want and got are not the same pointer.
func Same(t TB, want, got any, msg ...any) {
	t.Helper()
	if want != got {
		fail(t, msg, "%p is not %p", got, want)
	}
}

// NotSame is the opposite of Same.
func NotSame(t TB, other, got any, msg ...any) {
	t.Helper()
	if other == got {
		fail(t, msg, "both are %p", got)
	}
}

// IsType fails if got has another type than want.
func IsType(t TB, want, got any, msg ...any) {
	t.Helper()
	if reflect.TypeOf(want) != reflect.TypeOf(got) {
		fail(t, msg, "%T, want %T", got, want)
	}
}

// contains reports whether the string, slice, array or map has the element or key.
func contains(all, one any) bool {
	if s, ok := all.(string); ok {
		return strings.Contains(s, one.(string))
	}
	r := reflect.ValueOf(all)
	if r.Kind() == reflect.Map {
		return r.MapIndex(reflect.ValueOf(one)).IsValid()
	}
	for i := range r.Len() {
		if equal(r.Index(i).Interface(), one) {
			return true
		}
	}
	return false
}

// Contains fails if one is not in all: a string, a slice, or the keys of a map.
func Contains(t TB, all, one any, msg ...any) {
	t.Helper()
	if !contains(all, one) {
		fail(t, msg, "%s is not in\n%s", show(one), show(all))
	}
}

// NotContains is the opposite of Contains.
func NotContains(t TB, all, one any, msg ...any) {
	t.Helper()
	if contains(all, one) {
		fail(t, msg, "%s is in\n%s", show(one), show(all))
	}
}

// ElementsMatch compares two slices as if both were sorted.
func ElementsMatch(t TB, want, got any, msg ...any) {
	t.Helper()
	w, g := reflect.ValueOf(want), reflect.ValueOf(got)
	used := make([]bool, g.Len())
	matched := 0
	for i := range w.Len() {
		for j := range used {
			if !used[j] && equal(w.Index(i).Interface(), g.Index(j).Interface()) {
				used[j] = true
				matched++
				break
			}
		}
	}
	if matched != w.Len() || matched != g.Len() {
		fail(t, msg, "elements differ\nwant %s\n got %s", show(want), show(got))
	}
}

// Regexp fails if the expression does not match.
func Regexp(t TB, expr, s string, msg ...any) {
	t.Helper()
	if !regexp.MustCompile(expr).MatchString(s) {
		fail(t, msg, "%q does not match %q", s, expr)
	}
}

// NoError fails if err is not nil.
func NoError(t TB, err error, msg ...any) {
	t.Helper()
	if err != nil {
		fail(t, msg, "error: %v", err)
	}
}

// Error fails if err is nil.
func Error(t TB, err error, msg ...any) {
	t.Helper()
	if err == nil {
		fail(t, msg, "no error")
	}
}

// EqualError fails if err has another text.
func EqualError(t TB, err error, want string, msg ...any) {
	t.Helper()
	if err == nil || err.Error() != want {
		fail(t, msg, "wrong error\nwant %s\n got %v", want, err)
	}
}

// ErrorContains fails if err's text does not have part.
func ErrorContains(t TB, err error, part string, msg ...any) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), part) {
		fail(t, msg, "the error has no %q: %v", part, err)
	}
}

// ErrorIs is errors.Is.
func ErrorIs(t TB, err, want error, msg ...any) {
	t.Helper()
	if !errors.Is(err, want) {
		fail(t, msg, "the error is not %q: %v", want, err)
	}
}

// NotErrorIs is the opposite of ErrorIs.
func NotErrorIs(t TB, err, other error, msg ...any) {
	t.Helper()
	if errors.Is(err, other) {
		fail(t, msg, "the error is %q: %v", other, err)
	}
}

// ErrorAs is errors.As.
func ErrorAs(t TB, err error, target any, msg ...any) {
	t.Helper()
	if !errors.As(err, target) {
		fail(t, msg, "the error is no %T: %v", target, err)
	}
}
