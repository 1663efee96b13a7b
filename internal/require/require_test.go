package require_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/s3pool/s3pool/internal/require"
)

// A recorder is a test that notes how it failed.
type recorder struct{ text string }

type stop struct{}

func (r *recorder) Helper()                        {}
func (r *recorder) Errorf(format string, a ...any) { r.text = fmt.Sprintf(format, a...) }
func (r *recorder) FailNow()                       { panic(stop{}) }

// failure returns what f told, or nothing if it passed.
func failure(f func(t require.TB)) string {
	r := &recorder{}
	func() {
		defer func() {
			if v := recover(); v != nil && v != (stop{}) {
				panic(v)
			}
		}()
		f(r)
	}()
	return r.text
}

type tb = require.TB

// TestRequire: each function has a call that passes and one that fails. What cannot fail
// would make all tests pass.
func TestRequire(t *testing.T) {
	one, other := new(int), new(int)
	var nilMap map[string]int
	wrapped := fmt.Errorf("reading: %w", io.EOF)
	path := &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}
	for name, f := range map[string]struct{ pass, fail func(t tb) }{
		"Equal":                {func(t tb) { require.Equal(t, []int{1}, []int{1}) }, func(t tb) { require.Equal(t, 1, int64(1)) }},
		"Equal bytes":          {func(t tb) { require.Equal(t, []byte("a"), []byte("a")) }, func(t tb) { require.Equal(t, []byte{}, []byte(nil)) }},
		"NotEqual":             {func(t tb) { require.NotEqual(t, 1, 2) }, func(t tb) { require.NotEqual(t, 1, 1) }},
		"EqualValues":          {func(t tb) { require.EqualValues(t, 1, int64(1)) }, func(t tb) { require.EqualValues(t, 1, int64(2)) }},
		"EqualValues narrowed": {func(t tb) { require.EqualValues(t, 255, uint8(255)) }, func(t tb) { require.EqualValues(t, 256, uint8(0)) }},
		"EqualValues nil":      {func(t tb) { require.EqualValues(t, nil, nil) }, func(t tb) { require.EqualValues(t, 1, nil) }},
		"True":                 {func(t tb) { require.True(t, true) }, func(t tb) { require.True(t, false) }},
		"False":                {func(t tb) { require.False(t, false) }, func(t tb) { require.False(t, true) }},
		"Nil":                  {func(t tb) { require.Nil(t, nilMap) }, func(t tb) { require.Nil(t, 0) }},
		"NotNil":               {func(t tb) { require.NotNil(t, one) }, func(t tb) { require.NotNil(t, nilMap) }},
		"Zero":                 {func(t tb) { require.Zero(t, time.Duration(0)) }, func(t tb) { require.Zero(t, 1) }},
		"NotZero":              {func(t tb) { require.NotZero(t, 1) }, func(t tb) { require.NotZero(t, struct{ a int }{}) }},
		"Positive":             {func(t tb) { require.Positive(t, 1) }, func(t tb) { require.Positive(t, 0) }},
		"Empty":                {func(t tb) { require.Empty(t, []int{}) }, func(t tb) { require.Empty(t, "a") }},
		"NotEmpty":             {func(t tb) { require.NotEmpty(t, []int{0}) }, func(t tb) { require.NotEmpty(t, "") }},
		"Len":                  {func(t tb) { require.Len(t, "abc", 3) }, func(t tb) { require.Len(t, []int{1}, 2) }},
		"Same":                 {func(t tb) { require.Same(t, one, one) }, func(t tb) { require.Same(t, one, other) }},
		"NotSame":              {func(t tb) { require.NotSame(t, one, other) }, func(t tb) { require.NotSame(t, one, one) }},
		"IsType":               {func(t tb) { require.IsType(t, 1, 2) }, func(t tb) { require.IsType(t, 1, "2") }},
		"Contains":             {func(t tb) { require.Contains(t, "abc", "b") }, func(t tb) { require.Contains(t, []int{1}, 2) }},
		"Contains key":         {func(t tb) { require.Contains(t, map[int]int{1: 2}, 1) }, func(t tb) { require.Contains(t, map[int]int{1: 2}, 2) }},
		"NotContains":          {func(t tb) { require.NotContains(t, []int{1}, 2) }, func(t tb) { require.NotContains(t, "abc", "b") }},
		"ElementsMatch":        {func(t tb) { require.ElementsMatch(t, []int{1, 2}, []int{2, 1}) }, func(t tb) { require.ElementsMatch(t, []int{1, 1}, []int{1, 2}) }},
		"Regexp":               {func(t tb) { require.Regexp(t, "^a+$", "aa") }, func(t tb) { require.Regexp(t, "^a+$", "ab") }},
		"NoError":              {func(t tb) { require.NoError(t, nil) }, func(t tb) { require.NoError(t, io.EOF) }},
		"Error":                {func(t tb) { require.Error(t, io.EOF) }, func(t tb) { require.Error(t, nil) }},
		"EqualError":           {func(t tb) { require.EqualError(t, io.EOF, "EOF") }, func(t tb) { require.EqualError(t, nil, "EOF") }},
		"ErrorContains":        {func(t tb) { require.ErrorContains(t, wrapped, "EOF") }, func(t tb) { require.ErrorContains(t, nil, "") }},
		"ErrorIs":              {func(t tb) { require.ErrorIs(t, wrapped, io.EOF) }, func(t tb) { require.ErrorIs(t, nil, io.EOF) }},
		"NotErrorIs":           {func(t tb) { require.NotErrorIs(t, nil, io.EOF) }, func(t tb) { require.NotErrorIs(t, wrapped, io.EOF) }},
		"ErrorAs":              {func(t tb) { require.ErrorAs(t, error(path), new(*fs.PathError)) }, func(t tb) { require.ErrorAs(t, wrapped, new(*fs.PathError)) }},
		"Less":                 {func(t tb) { require.Less(t, 1, 2) }, func(t tb) { require.Less(t, 2, 2) }},
		"Less of two types":    {func(t tb) { require.Less(t, uint8(1), uint8(2)) }, func(t tb) { require.Less(t, 1, int64(2)) }},
		"LessOrEqual":          {func(t tb) { require.LessOrEqual(t, 2.0, 2.0) }, func(t tb) { require.LessOrEqual(t, 3, 2) }},
		"Greater":              {func(t tb) { require.Greater(t, time.Second, time.Millisecond) }, func(t tb) { require.Greater(t, 2, 2) }},
		"GreaterOrEqual":       {func(t tb) { require.GreaterOrEqual(t, "b", "a") }, func(t tb) { require.GreaterOrEqual(t, 1, 2) }},
		"InDelta":              {func(t tb) { require.InDelta(t, 1, 1.5, 0.6) }, func(t tb) { require.InDelta(t, 1, 2, 0.9) }},
		"InDelta of strings":   {func(t tb) { require.InDelta(t, time.Second, time.Second, 0) }, func(t tb) { require.InDelta(t, "1", "1", 1) }},
		"Panics":               {func(t tb) { require.Panics(t, func() { panic(nil) }) }, func(t tb) { require.Panics(t, func() {}) }},
		"PanicsWithValue":      {func(t tb) { require.PanicsWithValue(t, 1, func() { panic(1) }) }, func(t tb) { require.PanicsWithValue(t, 1, func() { panic(2) }) }},
	} {
		if got := failure(f.pass); got != "" {
			t.Errorf("%s fails: %s", name, got)
		}
		if got := failure(f.fail); got == "" {
			t.Errorf("%s does not fail", name)
		}
	}
	if got := failure(func(t tb) { require.Equal(t, 1, 2, "part %d", 7) }); !strings.HasPrefix(got, "part 7: ") {
		t.Error(got)
	}
	if got := failure(func(t tb) { require.NoError(t, errors.New("100%"), "50%") }); got != "50%: error: 100%" {
		t.Error(got)
	}
}
