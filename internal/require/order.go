package require

import (
	"math"
	"reflect"
	"runtime/debug"
)

// number returns v as a float64 and reports whether it is a number. Durations are numbers.
func number(v any) (float64, bool) {
	r := reflect.ValueOf(v)
	switch {
	case r.CanInt():
		return float64(r.Int()), true
	case r.CanUint():
		return float64(r.Uint()), true
	case r.CanFloat():
		return r.Float(), true
	}
	return 0, false
}

// compare returns the order of two integers, floats or strings of one type. The types of
// the two must be the same: 1 is no uint64.
func compare(t TB, msg []any, a, b any) int {
	t.Helper()
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	if !x.IsValid() || !y.IsValid() || x.Type() != y.Type() {
		fail(t, msg, "%T and %T cannot be compared", a, b)
		return 0
	}
	less := false
	switch {
	case x.CanInt():
		less = x.Int() < y.Int()
	case x.CanUint():
		less = x.Uint() < y.Uint()
	case x.CanFloat():
		less = x.Float() < y.Float()
	case x.Kind() == reflect.String:
		less = x.String() < y.String()
	default:
		fail(t, msg, "%T cannot be compared", a)
	}
	switch {
	case less:
		return -1
	case x.Equal(y):
		return 0
	}
	return 1
}

// Less fails unless a < b.
func Less(t TB, a, b any, msg ...any) {
	t.Helper()
	if compare(t, msg, a, b) >= 0 {
		fail(t, msg, "%v is not less than %v", a, b)
	}
}

// LessOrEqual fails unless a <= b.
func LessOrEqual(t TB, a, b any, msg ...any) {
	t.Helper()
	if compare(t, msg, a, b) > 0 {
		fail(t, msg, "%v is more than %v", a, b)
	}
}

// Greater fails unless a > b.
func Greater(t TB, a, b any, msg ...any) {
	t.Helper()
	if compare(t, msg, a, b) <= 0 {
		fail(t, msg, "%v is not more than %v", a, b)
	}
}

// GreaterOrEqual fails unless a >= b.
func GreaterOrEqual(t TB, a, b any, msg ...any) {
	t.Helper()
	if compare(t, msg, a, b) < 0 {
		fail(t, msg, "%v is less than %v", a, b)
	}
}

// InDelta fails if want and got are more than delta apart, or are not numbers.
func InDelta(t TB, want, got any, delta float64, msg ...any) {
	t.Helper()
	w, wok := number(want)
	g, gok := number(got)
	if !wok || !gok || math.IsNaN(w) || math.IsNaN(g) || math.Abs(w-g) > delta {
		fail(t, msg, "%v is not within %v of %v", got, delta, want)
	}
}

// recovered calls f and returns what it panicked with.
func recovered(f func()) (panicked bool, value any, stack []byte) {
	panicked = true
	defer func() {
		if value = recover(); panicked {
			stack = debug.Stack()
		}
	}()
	f()
	return false, nil, nil
}

// Panics fails if f returns.
func Panics(t TB, f func(), msg ...any) {
	t.Helper()
	if panicked, _, _ := recovered(f); !panicked {
		fail(t, msg, "no panic")
	}
}

// PanicsWithValue fails if f returns or panics with something else.
func PanicsWithValue(t TB, want any, f func(), msg ...any) {
	t.Helper()
	panicked, value, stack := recovered(f)
	if !panicked {
		fail(t, msg, "no panic")
	}
	if !equal(want, value) {
		fail(t, msg, "wrong panic\nwant %s\n got %s\n%s", show(want), show(value), stack)
	}
}
