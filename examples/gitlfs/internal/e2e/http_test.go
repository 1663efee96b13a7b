package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
)

// A direct speaks to the API of a repository without git.
type direct struct {
	t    testing.TB
	base string
}

func newDirect(t testing.TB, p *program, user, repo string) direct {
	return direct{t, "http://" + user + "@" + p.addr + "/" + repo + "/info/lfs"}
}

func (d direct) batch(op string, list ...lfs.Object) []lfs.ObjectResponse {
	d.t.Helper()
	var out lfs.BatchResponse
	require.NoError(d.t, d.post("/objects/batch", lfs.BatchRequest{Operation: op, Objects: list}, &out))
	require.Len(d.t, out.Objects, len(list))
	return out.Objects
}

// post makes a request of the API, and fails for an answer that is none.
func (d direct) post(path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	resp, err := http.Post(d.base+path, lfs.MediaType, bytes.NewReader(data))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		return errors.Join(err, fmt.Errorf("%s: %s", resp.Status, answer))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// put uploads a body of size bytes, get fetches one; both return the status.
func (d direct) put(a lfs.Action, body io.Reader, size int64) (int, error) {
	return d.act("PUT", a, body, size)
}

func (d direct) get(a lfs.Action, size int64) (int, error) { return d.act("GET", a, nil, size) }

func (d direct) act(method string, a lfs.Action, body io.Reader, size int64) (int, error) {
	req, err := http.NewRequest(method, a.Href, body)
	if err != nil {
		return 0, err
	}
	if body != nil {
		req.ContentLength = size
	}
	for k, v := range a.Header {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && method == "GET" && resp.StatusCode == http.StatusOK && n != size {
		err = fmt.Errorf("%d bytes instead of %d", n, size)
	}
	return resp.StatusCode, err
}
