package server_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
)

// schemaModule has the JSON schemas of the contract. They come by Go's module cache, as the
// client itself does.
const schemaModule = "github.com/git-lfs/git-lfs/v3@v3.7.1"

// schemas returns a function that holds an answer to one of git-lfs's schemas.
func schemas(t *testing.T) func(file string, answer []byte) {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", schemaModule)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod")
	out, err := cmd.Output()
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s cannot be had: %v", schemaModule, err)
		}
		t.Skipf("%s cannot be had: %v", schemaModule, err)
	}
	var module struct{ Dir string }
	require.NoError(t, json.Unmarshal(out, &module))
	return func(file string, answer []byte) {
		t.Helper()
		schema, err := jsonschema.NewCompiler().Compile(filepath.Join(module.Dir, file))
		require.NoError(t, err)
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(answer))
		require.NoError(t, err)
		require.NoError(t, schema.Validate(v), "%s", answer)
	}
}

// Every kind of answer fits git-lfs's own schemas.
func TestContract(t *testing.T) {
	check := schemas(t)
	h := start(t)
	data := random(40, 10)
	h.push(data)
	for _, body := range []string{
		`{"operation":"upload","objects":[]}`,
		`{"operation":"upload","objects":[{"oid":"` + oidOf(data) + `","size":10},{"oid":"` + oidOf(nil) + `","size":0}]}`,
		`{"operation":"upload","objects":[{"oid":"` + oidOf(nil) + `","size":-1},{"oid":"x","size":-1},{}]}`,
		`{"operation":"upload","hash_algo":"md5","objects":[{"oid":"` + oidOf(nil) + `","size":0}]}`,
		`{"operation":"download","objects":[{"oid":"` + oidOf(data) + `","size":10},{"oid":"` + oidOf(data) + `","size":9},{"oid":"` + oidOf(nil) + `","size":0}]}`,
	} {
		status, _, answer := h.do(request{method: "POST", path: batchPath, user: "ann", body: body})
		require.Equal(t, 200, status)
		check("tq/schemas/http-batch-response-schema.json", answer)
	}
	_, _, answer := h.do(request{method: "POST", path: "/acme/a/info/lfs/locks", user: "ann", body: lfs.LockRequest{Path: "x"}})
	check("locking/schemas/http-lock-create-response-schema.json", answer)
	_, _, answer = h.do(request{method: "POST", path: "/acme/a/info/lfs/locks", user: "bob", body: lfs.LockRequest{Path: "x"}})
	check("locking/schemas/http-lock-create-response-schema.json", answer)
	_, _, answer = h.do(request{method: "GET", path: "/acme/a/info/lfs/locks", user: "ann"})
	check("locking/schemas/http-lock-list-response-schema.json", answer)
	_, _, answer = h.do(request{method: "POST", path: "/acme/a/info/lfs/locks/verify", user: "ann", body: "{}"})
	check("locking/schemas/http-lock-verify-response-schema.json", answer)
}
