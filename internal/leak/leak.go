// Package leak finds goroutines that a test has left behind.
package leak

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Main runs the tests of a package, then after, and fails if a goroutine is left or after
// returns an error.
func Main(m *testing.M, after ...func() error) {
	code := m.Run()
	for _, f := range after {
		if err := f(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	if left := wait(); len(left) > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines left behind:\n\n%s\n", strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// None fails the test if a goroutine is left besides it.
func None(t testing.TB) {
	t.Helper()
	if left := wait(); len(left) > 0 {
		t.Errorf("goroutines left behind:\n\n%s", strings.Join(left, "\n\n"))
	}
}

// wait returns the stacks of goroutines that do not end. One that has done its work may
// need a moment to end: nothing tells when it has.
func wait() (left []string) {
	for pause := time.Microsecond; ; pause *= 2 {
		if left = others(); len(left) == 0 || pause > time.Second {
			return left
		}
		time.Sleep(pause)
	}
}

// others returns the stacks of all goroutines but the caller's and those of the runtime and
// of package testing.
func others() (stacks []string) {
	buf := make([]byte, 64<<10)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	for i, stack := range strings.Split(strings.TrimSpace(string(buf[:n])), "\n\n") {
		if i > 0 && !expected(stack) { // the caller's comes first
			stacks = append(stacks, stack)
		}
	}
	return stacks
}

func expected(stack string) bool {
	_, calls, _ := strings.Cut(stack, "\n")
	for _, f := range []string{"testing.RunTests", "testing.(*T)", "testing.(*M)", "testing.(*F)", "testing.(*B)", "testing.runTests", "os/signal.signal_recv", "os/signal.loop", "runtime.ensureSigM", "runtime/trace.Start", "runtime.ReadTrace"} {
		if strings.HasPrefix(calls, f) {
			return true
		}
	}
	return strings.Contains(calls, "\nruntime.ensureSigM")
}
