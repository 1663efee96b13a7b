package server_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/server"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
	"github.com/s3pool/s3pool/internal/s3server"
	"github.com/s3pool/s3pool/transfer"
)

func TestMain(m *testing.M) {
	s3server.Main()
	goleak.VerifyTestMain(closing{m})
}

// closing ends what the tests share before leaks are looked for.
type closing struct{ *testing.M }

func (c closing) Run() int {
	code := c.M.Run()
	if shared.s3 != nil {
		shared.s3.Close()
	}
	pgtest.Close()
	return code
}

// shared is one S3 for all tests, each of which has a bucket of its own.
var shared struct {
	once sync.Once
	s3   *s3server.Server
	err  error
}

// A harness is a server of a test, with all that is behind it.
type harness struct {
	t       testing.TB
	url     string
	server  *server.Server
	store   *store.Store
	content *content.Content
	api     *s3.Client
	bucket  string
	pool    *s3pool.Pool
	keys    *auth.Keys
	metrics *metrics.Metrics
	stop    func() error // drains
	client  *http.Client
}

// users of every harness: their passwords are their names.
const usersFile = `{
	"users": {
		"ann": {"bcrypt": "ANN", "grants": {"acme/*": "write"}},
		"bob": {"bcrypt": "BOB", "grants": {"acme/*": "write"}},
		"rita": {"bcrypt": "RITA", "grants": {"acme/*": "read"}},
		"root": {"bcrypt": "ROOT", "grants": {"*": "admin"}}
	},
	"tokens": {"TOKEN": {"user": "ann", "most": "read"}},
	"everybody": {"acme/open": "read"}
}`

const machineToken = auth.TokenPrefix + "machine"

var fileOfUsers = sync.OnceValues(func() ([]byte, error) {
	text := strings.ReplaceAll(usersFile, "TOKEN", auth.HashToken(machineToken))
	for _, name := range []string{"ann", "bob", "rita", "root"} {
		hash, err := auth.HashPassword(name)
		if err != nil {
			return nil, err
		}
		text = strings.ReplaceAll(text, strings.ToUpper(name), hash)
	}
	return []byte(text), nil
})

// onBoth runs a test on either database.
func onBoth(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Run("db=sqlite", func(t *testing.T) { test(t, "sqlite:"+filepath.Join(t.TempDir(), "lfs.db")) })
	t.Run("db=postgres", func(t *testing.T) { test(t, pgtest.Shared(t).Database(t)) })
}

// start starts a server over SQLite; opts may change its options.
func start(t testing.TB, opts ...func(*server.Options)) *harness {
	t.Helper()
	return startOn(t, "sqlite:"+filepath.Join(t.TempDir(), "lfs.db"), opts...)
}

func startOn(t testing.TB, dsn string, opts ...func(*server.Options)) *harness {
	t.Helper()
	shared.once.Do(func() { shared.s3, shared.err = s3server.Start(context.Background()) })
	require.NoError(t, shared.err)
	h := &harness{t: t, metrics: metrics.New(), client: &http.Client{Transport: &http.Transport{}}}
	t.Cleanup(h.client.CloseIdleConnections)
	var err error
	h.bucket, err = shared.s3.Bucket(t.Context())
	require.NoError(t, err)
	h.api = shared.s3.Client()
	h.pool = s3pool.NewPool(func(o *s3pool.PoolOptions) { o.MaxBytes = 64 << 20 })
	client := transfer.New(h.api, func(o *transfer.Options) { o.Pool = h.pool })
	h.content = content.New(h.api, client, h.bucket, "x/y")
	h.store, err = store.Open(t.Context(), dsn, func(o *store.Options) {
		if strings.Contains(t.Name(), "Away") {
			o.Patience = 3 * time.Second
		}
	})
	require.NoError(t, err)
	t.Cleanup(func() { h.store.Close() })
	dir := t.TempDir()
	text, err := fileOfUsers()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "users.json"), text, 0o600))
	users, err := auth.OpenFile(filepath.Join(dir, "users.json"))
	require.NoError(t, err)
	require.NoError(t, auth.MakeKeys(filepath.Join(dir, "keys.json")))
	h.keys, err = auth.OpenKeys(filepath.Join(dir, "keys.json"))
	require.NoError(t, err)
	o := server.Options{
		Store: h.store, Content: h.content, Auth: auth.NewUsers(users), Keys: h.keys, Metrics: h.metrics,
		DrainGrace: time.Millisecond,
	}
	for _, f := range opts {
		f(&o)
	}
	h.server = server.New(o)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	h.url = "http://" + l.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.server.Serve(ctx, l) }()
	h.stop = sync.OnceValue(func() error { cancel(); return <-done })
	t.Cleanup(func() {
		h.client.CloseIdleConnections()
		require.NoError(t, h.stop())
		require.NoError(t, client.Close(context.Background()))
		require.Zero(t, h.pool.Stats().Leased, "bytes leased")
		require.Empty(t, h.openUploads(), "open multipart uploads")
	})
	return h
}

func (h *harness) openUploads() []string {
	out, err := h.api.ListMultipartUploads(context.Background(), &s3.ListMultipartUploadsInput{Bucket: &h.bucket})
	require.NoError(h.t, err)
	var keys []string
	for _, u := range out.Uploads {
		keys = append(keys, aws.ToString(u.Key))
	}
	return keys
}

// objects lists what is in S3.
func (h *harness) objects() []string {
	out, err := h.api.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &h.bucket})
	require.NoError(h.t, err)
	var keys []string
	for _, o := range out.Contents {
		keys = append(keys, aws.ToString(o.Key))
	}
	return keys
}

// A request is one to be made.
type request struct {
	method, path string
	user         string // whose password is the name; empty for no credentials
	header       map[string]string
	body         any // a string or io.Reader as it is, anything else as JSON
}

// do makes a request and returns status, header and body.
func (h *harness) do(q request) (int, http.Header, []byte) {
	h.t.Helper()
	var body io.Reader
	switch b := q.body.(type) {
	case nil:
	case string:
		body = strings.NewReader(b)
	case io.Reader:
		body = b
	default:
		data, err := json.Marshal(b)
		require.NoError(h.t, err)
		body = bytes.NewReader(data)
	}
	url := q.path
	if strings.HasPrefix(url, "/") {
		url = h.url + url
	}
	req, err := http.NewRequest(q.method, url, body)
	require.NoError(h.t, err)
	if q.user != "" {
		req.SetBasicAuth(q.user, q.user)
	}
	for k, v := range q.header {
		if k == "Host" {
			req.Host = v
		}
		req.Header.Set(k, v)
	}
	resp, err := h.client.Do(req)
	require.NoError(h.t, err)
	defer resp.Body.Close()
	if resp.Close {
		resp.Header.Set("Connection", "close") // the client takes it out
	}
	data, err := io.ReadAll(resp.Body)
	require.NoError(h.t, err)
	return resp.StatusCode, resp.Header, data
}

// api makes a request of a repository's API and fails the test for another status.
func (h *harness) call(want int, user, method, path string, body, into any) {
	h.t.Helper()
	status, _, data := h.do(request{method: method, path: "/acme/a.git/info/lfs" + path, user: user, body: body})
	require.Equal(h.t, want, status, "%s", data)
	if into != nil {
		require.NoError(h.t, json.Unmarshal(data, into), "%s", data)
	}
}

func oidOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// batch asks for one object of acme/a.
func (h *harness) batch(user, op string, data []byte) lfs.ObjectResponse {
	h.t.Helper()
	return h.batchIn("acme/a", user, op, data)
}

func (h *harness) batchIn(repo, user, op string, data []byte) lfs.ObjectResponse {
	h.t.Helper()
	status, _, body := h.do(request{method: "POST", path: "/" + repo + "/info/lfs/objects/batch", user: user, body: lfs.BatchRequest{
		Operation: op, Objects: []lfs.Object{{OID: oidOf(data), Size: int64(len(data))}},
	}})
	require.Equal(h.t, http.StatusOK, status, "%s", body)
	var out lfs.BatchResponse
	require.NoError(h.t, json.Unmarshal(body, &out))
	require.Len(h.t, out.Objects, 1)
	return out.Objects[0]
}

// act makes the request of an action.
func (h *harness) act(method string, a lfs.Action, body any, header ...string) (int, http.Header, []byte) {
	h.t.Helper()
	q := request{method: method, path: a.Href, header: map[string]string{}, body: body}
	maps.Copy(q.header, a.Header)
	for i := 0; i < len(header); i += 2 {
		q.header[header[i]] = header[i+1]
	}
	return h.do(q)
}

// push uploads an object to acme/a.
func (h *harness) push(data []byte) {
	h.t.Helper()
	h.pushTo("acme/a", data)
}

func (h *harness) pushTo(repo string, data []byte) {
	h.t.Helper()
	r := h.batchIn(repo, "ann", lfs.Upload, data)
	a, ok := r.Actions["upload"]
	require.True(h.t, ok, "no upload is offered")
	status, _, body := h.act("PUT", a, bytes.NewReader(data))
	require.Equal(h.t, http.StatusOK, status, "%s", body)
}

// random returns bytes that are the same for the same seed.
func random(seed byte, n int) []byte {
	b := make([]byte, n)
	state := uint64(seed)*0x9e3779b97f4a7c15 + 1
	for i := range b {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		b[i] = byte(state)
	}
	return b
}
