package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/s3pool/s3pool/bench/server"
)

// apiEnv, when set, makes Main an API server. Its value is a Setup and a Wire in JSON.
const apiEnv = "S3POOL_BENCH_API"

// A Setup says how the API server is written.
type Setup struct {
	Ways   []string // names of the ways that it has; it uses the first until told otherwise
	Budget int64    // bytes, of the ways with a pool; zero means [Budget]
	Decode bool     // it decodes a picture for each request
}

type apiJob struct {
	Setup
	Wire server.Wire
}

// Main turns this process into an API server if it was started as one, and then does not
// return. Otherwise it does nothing. Call it first thing in main, as [server.Main].
func Main() {
	text, isAPI := os.LookupEnv(apiEnv)
	if !isAPI {
		return
	}
	signal.Ignore(os.Interrupt) // the parent decides
	if err := serveAPI(text, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "API server:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Besides is what a program may have beside the budget of its pool, in bytes: a GOMEMLIMIT, as
// the README's list for production says. Without one, the collector lets what the pool has
// given up lie until the heap has doubled. Programs without a pool go without: what they need
// at their peak is not known.
const Besides = 40 << 20

// serveAPI serves until its standard input ends, which happens whatever way the parent
// dies. It prints its address in one line.
func serveAPI(text string, stdin io.Reader, stdout io.Writer) error {
	var job apiJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return err
	}
	a := &api{bucket: job.Wire.Bucket}
	target := server.Connect(job.Wire)
	ways, err := Find(job.Ways...)
	if err != nil {
		return err
	}
	for _, name := range job.Ways {
		for _, way := range ways {
			if way.Name != name {
				continue
			}
			fetch, err := way.New(target, job.Budget)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			a.ways = append(a.ways, fetch)
			if way.Pool {
				debug.SetMemoryLimit(job.Budget + Besides)
			}
		}
	}
	if job.Decode {
		if a.picture, err = picture(); err != nil {
			return err
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: a, ReadHeaderTimeout: time.Minute}
	if _, err := fmt.Fprintln(stdout, ln.Addr()); err != nil {
		return err
	}
	go func() {
		io.Copy(io.Discard, stdin)
		srv.Close()
	}()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// API is an API server in a process of its own. Its owner must call Close.
type API struct {
	url     string
	client  *http.Client
	control *http.Client // has connections of its own: it does not wait behind requests
	stdin   io.Closer
	cmd     *exec.Cmd
}

// connections is how many requests of an open loop reach the API server at a time, as a
// load balancer would have it. Those that are due meanwhile wait, and their time counts.
const connections = 128

// start starts an API server on a running range server, to which so many requests go at a
// time.
func start(ctx context.Context, t *server.Target, setup Setup, connections int) (*API, error) {
	if setup.Budget == 0 {
		setup.Budget = Budget
	}
	wire, err := t.Wire(ctx)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(apiJob{setup, wire})
	if err != nil {
		return nil, err
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	a := &API{
		cmd:     exec.CommandContext(ctx, exe),
		client:  &http.Client{Transport: &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections}},
		control: &http.Client{Transport: &http.Transport{}},
	}
	a.cmd.Env = append(os.Environ(), apiEnv+"="+string(text))
	a.cmd.Stderr = os.Stderr
	stdin, err := a.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	a.stdin = stdin
	stdout, err := a.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := a.cmd.Start(); err != nil {
		return nil, err
	}
	var addr string
	if _, err := fmt.Fscanln(stdout, &addr); err != nil {
		return nil, errors.Join(fmt.Errorf("the API server's address: %w", err), a.Close())
	}
	a.url = "http://" + addr
	return a, nil
}

// Close stops the server and waits for its end.
func (a *API) Close() error {
	a.client.CloseIdleConnections()
	a.control.CloseIdleConnections()
	a.stdin.Close()
	return a.cmd.Wait()
}

// Usage asks the server what it has used.
func (a *API) Usage(ctx context.Context) (Usage, error) {
	var u Usage
	return u, get(ctx, a.control, a.url+pathUsage, func(body io.Reader) error { return json.NewDecoder(body).Decode(&u) })
}

// Use makes the server use its i-th way from now on.
func (a *API) Use(ctx context.Context, i int) error {
	return get(ctx, a.control, a.url+pathUse+"?way="+strconv.Itoa(i), nil)
}

// Fetch makes one request for an object of the range server.
func (a *API) Fetch(ctx context.Context, key string, size int64) error {
	return get(ctx, a.client, a.url+pathObject+key+"?size="+strconv.FormatInt(size, 10), func(body io.Reader) error {
		var n int64
		if _, err := fmt.Fscanln(body, &n); err != nil {
			return err
		}
		return whole(Object{Size: size}, n)
	})
}

func get(ctx context.Context, client *http.Client, address string, read func(io.Reader) error) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
		return fmt.Errorf("the API server: %s: %s", resp.Status, text)
	}
	if read != nil {
		if err := read(resp.Body); err != nil {
			return err
		}
	}
	_, err = io.Copy(io.Discard, resp.Body) // or the connection is closed
	return err
}
