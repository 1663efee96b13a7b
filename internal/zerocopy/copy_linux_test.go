package zerocopy_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/internal/zerocopy"
)

// copyTraceEnv tells the test binary, run again under strace, what to copy.
const copyTraceEnv = "S3POOL_TEST_COPY_TRACE"

const tracedSize = 8 << 20

// TestCopySystemCalls proves by strace that the bytes cross in the kernel.
func TestCopySystemCalls(t *testing.T) {
	if os.Getenv(copyTraceEnv) != "" {
		return // this is the traced process
	}
	if !haveStrace(t) {
		return
	}
	cases := []struct{ src, dst, call string }{
		{"file", "tcp", "sendfile"},
		{"limited(file)", "tcp", "sendfile"},
		{"section(file)", "tcp", "sendfile"},
		{"limited(section(file))", "tcp", "sendfile"},
		{"bufio(file)", "tcp", "sendfile"},
		{"file", "unix", "sendfile"},
		{"file", "bufio(tcp)", "sendfile"},
		{"limited(file)", "bufio(tcp)", "sendfile"},
		{"section(file)", "bufio(tcp)", "sendfile"},
		{"section(file)", "bufio(tcp)+head", "sendfile"},
		{"file", "http,length", "sendfile"},
		{"limited(file)", "http,length", "sendfile"},
		{"section(file)", "http,length", "sendfile"},
		{"section(file)", "bufio(http,length)+head", "sendfile"},
		{"file", "file", "copy_file_range"},
		{"limited(file)", "file", "copy_file_range"},
		{"bufio(file)", "file", "copy_file_range"},
		{"file", "bufio(file)+head", "copy_file_range"},
		{"tcp", "tcp", "splice"},
		{"limited(tcp)", "tcp", "splice"},
		{"unix", "tcp", "splice"},
		{"tcp", "unix", "splice"},
		{"bufio(tcp)", "tcp", "splice"},
		{"tcp", "file", "splice"},
		{"limited(tcp)", "file", "splice"},
		{"tcp", "bufio(file)+head", "splice"},
		{"tcp", "bufio(tcp)", "splice"},
		{"tcp", "http,length", "splice"},
	}
	for _, c := range cases {
		t.Run(c.src+" to "+c.dst, func(t *testing.T) {
			moved := traceCopy(t, c.src+"|"+c.dst)
			t.Logf("bytes by system call: %v", moved)
			// What goes through a buffer is what was in one, and the head of a
			// response.
			require.GreaterOrEqual(t, moved[c.call], tracedSize-zerocopy.PumpSize-8192)
			require.LessOrEqual(t, moved["read"]+moved["pread"], zerocopy.PumpSize+8192)
			require.LessOrEqual(t, moved["write"], zerocopy.PumpSize+8192)
		})
	}
}

// The way without a short cut shows that the counting counts.
func TestCopySystemCallsOfPump(t *testing.T) {
	if os.Getenv(copyTraceEnv) != "" || !haveStrace(t) {
		return
	}
	moved := traceCopy(t, "section(file)|append")
	require.GreaterOrEqual(t, moved["pread"], tracedSize)
	require.GreaterOrEqual(t, moved["write"], tracedSize)
	require.Zero(t, moved["sendfile"]+moved["splice"]+moved["copy_file_range"])
}

func haveStrace(t *testing.T) bool {
	if _, err := exec.LookPath("strace"); err != nil {
		require.Empty(t, os.Getenv("CI"), "strace is needed to prove the kernel's short cuts")
		t.Log("strace is not installed: nothing proven")
		return false
	}
	return true
}

// traceCopy returns the bytes moved by each system call during one copy.
func traceCopy(t *testing.T, what string) map[string]int {
	out := filepath.Join(t.TempDir(), "trace")
	cmd := exec.Command("strace", "-f", "-qq", "-o", out, "-s", "16", "-e",
		"trace=sendfile,sendfile64,splice,copy_file_range,read,pread64,readv,write,writev,sendto,recvfrom",
		os.Args[0], "-test.run=^TestCopyTraced$", "-test.count=1")
	cmd.Env = append(os.Environ(), copyTraceEnv+"="+what)
	log, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", log)
	trace, err := os.ReadFile(out)
	require.NoError(t, err)

	// The copying thread is the one that wrote the marks. The other ends of the
	// connections are served by other threads.
	marks := regexp.MustCompile(`(?s)\n(\d+) +write\(2, "` + traceBegin + `.*\n\d+ +write\(2, "` + traceEnd).FindSubmatchIndex(trace)
	require.NotNil(t, marks, "no marks in the trace:\n%s\n%s", log, trace)
	thread := string(trace[marks[2]:marks[3]])
	trace = trace[marks[3]:marks[1]]
	trace = trace[bytes.IndexByte(trace, '\n'):] // without the mark

	call := regexp.MustCompile(`(?m)^` + thread + ` +(?:<\.\.\. )?(\w+?)(?:64)?(?:\(| resumed>).* = (\d+)(?: |$)`)
	moved := map[string]int{}
	for _, m := range call.FindAllStringSubmatch(string(trace), -1) {
		n, err := strconv.Atoi(m[2])
		require.NoError(t, err)
		moved[m[1]] += n
	}
	moved["splice"] /= 2 // in and out of the pipe
	return moved
}

const (
	traceBegin = "copy begins"
	traceEnd   = "copy ends"
)

// TestCopyTraced is the process under strace.
func TestCopyTraced(t *testing.T) {
	srcName, dstName, ok := strings.Cut(os.Getenv(copyTraceEnv), "|")
	if !ok {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	data := randomBytes(tracedSize)
	src, state := copySources[indexOfSource(srcName)].open(t, data)
	dst, got := copySinks[slices.IndexFunc(copySinks, func(s copySink) bool { return s.name == dstName })].open(t, len(data))
	untouched := state()

	os.Stderr.WriteString(traceBegin)
	n, err := pooledCopy(dst, src)
	os.Stderr.WriteString(traceEnd)

	require.NoError(t, err)
	require.Equal(t, int64(tracedSize), n)
	require.True(t, bytes.Contains(got(), data))
	if srcName == "section(file)" {
		fileOffset := func(s string) string { return strings.Fields(s)[0] }
		require.Equal(t, fileOffset(untouched), fileOffset(state()), "the file's offset has moved")
	}
}
