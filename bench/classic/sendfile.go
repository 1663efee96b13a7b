package classic

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/bench/meter"
)

// A Sender sends a file through a bufio.Writer over a connection, as a server's handler does.
type Sender struct {
	Name string
	Ours bool
	send func(bw *bufio.Writer, f *os.File) (int64, error)
}

// Senders lists the ways.
func Senders() []Sender {
	section := func(f *os.File) io.Reader { return io.NewSectionReader(f, 0, fileSize) }
	return []Sender{
		{"io.Copy", false, func(bw *bufio.Writer, f *os.File) (int64, error) { return io.Copy(bw, f) }},
		{"ReadFrom first", false, func(bw *bufio.Writer, f *os.File) (int64, error) { return bw.ReadFrom(f) }},
		{"s3pool.Copy", true, func(bw *bufio.Writer, f *os.File) (int64, error) { return s3pool.Copy(bw, f) }},
		{"io.Copy, SectionReader", false, func(bw *bufio.Writer, f *os.File) (int64, error) { return io.Copy(bw, section(f)) }},
		{"ReadFrom first, SectionReader", false, func(bw *bufio.Writer, f *os.File) (int64, error) { return bw.ReadFrom(section(f)) }},
		{"s3pool.Copy, SectionReader", true, func(bw *bufio.Writer, f *os.File) (int64, error) { return s3pool.Copy(bw, section(f)) }},
	}
}

const fileSize = 1 << 20

// header is what is written in front of the file.
var header = []byte("HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n")

// SendCost is what sending a file of 1 MiB costs.
type SendCost struct {
	Allocated float64            // bytes
	Calls     map[string]float64 // system calls by name; nil without strace
}

// senderEnv, when set, makes Main send files. Its value is a sendJob in JSON.
const senderEnv = "S3POOL_BENCH_SENDER"

type sendJob struct {
	Sender     string
	Addr, File string
	Times      int
}

// Main turns this process into a sender if it was started as one, and then does not return.
// Otherwise it does nothing. Call it first thing in main.
func Main() {
	text, ok := os.LookupEnv(senderEnv)
	if !ok {
		return
	}
	var j sendJob
	err := json.Unmarshal([]byte(text), &j)
	if err == nil {
		err = j.run(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sender:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// run sends the file, and prints the bytes allocated for one time.
func (j sendJob) run(out io.Writer) error {
	conn, err := net.Dial("tcp", j.Addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	f, err := os.Open(j.File)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, s := range Senders() {
		if s.Name != j.Sender {
			continue
		}
		bw := bufio.NewWriter(conn)
		one := func() error {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return err
			}
			// What a handler writes first is in the writer when the file comes.
			if _, err := bw.Write(header); err != nil {
				return err
			}
			n, err := s.send(bw, f)
			if err == nil && n != fileSize {
				err = fmt.Errorf("%d bytes of %d", n, fileSize)
			}
			return errors.Join(err, bw.Flush())
		}
		if err := one(); err != nil { // what is made once is no cost of a file
			return err
		}
		start := meter.Read()
		for range j.Times {
			if err := one(); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintln(out, meter.Since(start).Bytes/uint64(max(j.Times, 1)))
		return err
	}
	return fmt.Errorf("no sender is called %q", j.Sender)
}

// Times that the file is sent in the two runs whose difference is counted: what a process
// does besides is the same in both.
const few, more = 4, 20

// Measure sends the file in processes of their own, under strace where there is one. The
// program must call [Main].
func (s Sender) Measure(ctx context.Context, dir string) (SendCost, error) {
	var cost SendCost
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, make([]byte, fileSize), 0o600); err != nil {
		return cost, err
	}
	_, a, err := s.trace(ctx, file, few)
	if err != nil {
		return cost, err
	}
	allocated, b, err := s.trace(ctx, file, more)
	if err != nil {
		return cost, err
	}
	cost.Allocated = allocated
	if b != nil {
		cost.Calls = map[string]float64{}
		for name, n := range b {
			if d := n - a[name]; d > 0 {
				cost.Calls[name] = float64(d) / (more - few)
			}
		}
	}
	return cost, nil
}

// traced are the calls that move bytes.
const traced = "read,write,pread64,sendfile,splice,copy_file_range,writev"

// trace runs a sender and returns the bytes allocated for one file, and its system calls.
func (s Sender) trace(ctx context.Context, file string, times int) (allocated float64, calls map[string]int, err error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	defer ln.Close()
	got := make(chan int64, 1)
	go func() {
		n := int64(0)
		if conn, err := ln.Accept(); err == nil {
			n, _ = io.Copy(io.Discard, conn)
			conn.Close()
		}
		got <- n
	}()
	text, err := json.Marshal(sendJob{s.Name, ln.Addr().String(), file, times})
	if err != nil {
		return 0, nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return 0, nil, err
	}
	counts := file + ".strace"
	cmd := exec.CommandContext(ctx, exe)
	strace, noStrace := exec.LookPath("strace")
	if noStrace == nil {
		cmd = exec.CommandContext(ctx, strace, "-f", "-qq", "-c", "-o", counts, "-e", "trace="+traced, exe)
	}
	cmd.Env = append(os.Environ(), senderEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", s.Name, err)
	}
	if n := <-got; n != int64(times+1)*int64(fileSize+len(header)) {
		return 0, nil, fmt.Errorf("%s: %d bytes have arrived of %d", s.Name, n, (times+1)*(fileSize+len(header)))
	}
	if allocated, err = strconv.ParseFloat(strings.TrimSpace(string(out)), 64); err != nil || noStrace != nil {
		return allocated, nil, err
	}
	b, err := os.ReadFile(counts)
	return allocated, parseCounts(string(b)), err
}

// parseCounts reads what strace -c writes: in each line the share, seconds, microseconds for
// a call, the calls, perhaps errors, and the name.
func parseCounts(text string) map[string]int {
	calls := map[string]int{}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) < 5 || f[len(f)-1] == "total" {
			continue
		}
		if n, err := strconv.Atoi(f[3]); err == nil {
			calls[f[len(f)-1]] = n
		}
	}
	return calls
}
