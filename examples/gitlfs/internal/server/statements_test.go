package server_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/server"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
	"github.com/s3pool/s3pool/s3test"
	"github.com/s3pool/s3pool/transfer"
)

// A batch, the largest and the first of a repository too, is three statements at most, and no
// request to S3.
func TestBatchIsCheap(t *testing.T) {
	var requests atomic.Int64
	s3 := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer s3.Close()
	dsn, statements := counting(t, pgtest.Shared(t).Database(t))
	h := startOn(t, dsn, func(o *server.Options) {
		api := s3test.NewClient(s3.URL, s3.Client())
		o.Content = content.New(api, transfer.New(api), "bucket", "")
		hash, err := auth.HashPassword("ann")
		require.NoError(t, err)
		require.NoError(t, o.Store.SetUser(t.Context(), "ann", hash))
		require.NoError(t, o.Store.SetGrant(t.Context(), "ann", "*", "write"))
		o.Auth = auth.NewUsers(o.Store)
	})
	var objects []lfs.Object
	for i := range lfs.MaxObjects {
		objects = append(objects, lfs.Object{OID: oidOf(fmt.Append(nil, i)), Size: 1})
	}
	ask := func(op string, offered int) {
		t.Helper()
		before := statements.Load()
		var out lfs.BatchResponse
		h.call(200, "ann", "POST", "/objects/batch", lfs.BatchRequest{Operation: op, Objects: objects}, &out)
		n := 0
		for _, o := range out.Objects {
			if len(o.Actions) > 0 {
				n++
			}
		}
		require.Equal(t, offered, n)
		require.LessOrEqual(t, statements.Load()-before, int64(3), op)
		require.NotEqual(t, before, statements.Load(), "nothing was counted")
	}
	ask(lfs.Upload, lfs.MaxObjects)
	repo, err := h.store.Repository(t.Context(), "acme/a")
	require.NoError(t, err)
	for _, o := range objects[:10] {
		_, err := h.store.Commit(t.Context(), store.Reference{Repository: repo.ID, OID: o.OID, Size: 1, Key: "key of " + o.OID})
		require.NoError(t, err)
	}
	ask(lfs.Upload, lfs.MaxObjects-10)
	ask(lfs.Download, 10)
	require.Zero(t, requests.Load(), "requests to S3")
}

// counting is a wire to PostgreSQL on which statements are counted.
func counting(t *testing.T, dsn string) (string, *atomic.Int64) {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var n atomic.Int64
	var all sync.WaitGroup
	addr := u.Host
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { count(c, addr, &n) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	u.Host = l.Addr().String()
	return u.String(), &n
}

// count forwards a connection until either side ends it.
func count(client net.Conn, addr string, n *atomic.Int64) {
	defer client.Close()
	db, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		io.Copy(client, db)
		client.Close()
	})
	defer back.Wait()
	defer db.Close()
	b := pgproto3.NewBackend(io.TeeReader(client, db), io.Discard)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	for {
		m, err := b.Receive()
		if err != nil {
			return
		}
		switch m := m.(type) {
		case *pgproto3.Execute:
			n.Add(1)
		case *pgproto3.Query:
			if m.String != "-- ping" { // of a connection that was idle
				n.Add(1)
			}
		}
	}
}
