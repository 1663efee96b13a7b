package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/server"
)

const batchPath = "/acme/a/info/lfs/objects/batch"

// Every failure is JSON with a message and the request's id, and shows nothing from inside.
func TestProblems(t *testing.T) {
	h := start(t)
	for name, tc := range map[string]struct {
		q    request
		want int
	}{
		"root":                {request{method: "GET", path: "/"}, 404},
		"no such path":        {request{method: "GET", path: "/acme/a/info/lfs"}, 404},
		"unclean":             {request{method: "POST", path: "/acme//a/info/lfs/objects/batch"}, 404},
		"dots":                {request{method: "GET", path: "/acme/a/info/lfs/../lfs/locks"}, 404},
		"encoded dots":        {request{method: "POST", path: "/acme/%2e%2e/info/lfs/objects/batch", user: "root"}, 404},
		"encoded slash":       {request{method: "POST", path: "/acme/a%2Fb/info/lfs/objects/batch", user: "root"}, 404},
		"NUL":                 {request{method: "POST", path: "/acme/a%00/info/lfs/objects/batch", user: "root"}, 404},
		"method":              {request{method: "DELETE", path: batchPath}, 405},
		"anonymous":           {request{method: "POST", path: batchPath, body: "{}"}, 401},
		"anonymous, no such":  {request{method: "POST", path: "/none/none/info/lfs/objects/batch", body: "{}"}, 401},
		"wrong password":      {request{method: "POST", path: batchPath, header: map[string]string{"Authorization": "Basic YW5uOng="}}, 401},
		"wrong, but open":     {request{method: "GET", path: "/acme/open/info/lfs/locks", header: map[string]string{"Authorization": "Basic YW5uOng="}}, 401},
		"NUL in user":         {request{method: "POST", path: batchPath, header: map[string]string{"Authorization": "Basic AAA6AAA="}}, 401},
		"other scheme":        {request{method: "POST", path: batchPath, header: map[string]string{"Authorization": "Digest x"}}, 401},
		"no right":            {request{method: "POST", path: "/none/none/info/lfs/objects/batch", user: "ann", body: "{}"}, 404},
		"reader writes":       {request{method: "POST", path: batchPath, user: "rita", body: `{"operation":"upload","objects":[]}`}, 403},
		"reader locks":        {request{method: "POST", path: "/acme/a/info/lfs/locks", user: "rita", body: `{"path":"x"}`}, 403},
		"html":                {request{method: "POST", path: batchPath, user: "ann", header: map[string]string{"Accept": "text/html"}}, 406},
		"no json":             {request{method: "POST", path: batchPath, user: "ann", header: map[string]string{"Accept": "application/vnd.git-lfs+json;q=0"}}, 406},
		"not JSON":            {request{method: "POST", path: batchPath, user: "ann", body: "{"}, 422},
		"no body":             {request{method: "POST", path: batchPath, user: "ann"}, 422},
		"no operation":        {request{method: "POST", path: batchPath, user: "ann", body: "{}"}, 422},
		"null":                {request{method: "POST", path: batchPath, user: "ann", body: "null"}, 422},
		"size is text":        {request{method: "POST", path: batchPath, user: "ann", body: `{"operation":"upload","objects":[{"oid":"x","size":"1"}]}`}, 422},
		"too many":            {request{method: "POST", path: batchPath, user: "ann", body: `{"operation":"upload","objects":[` + strings.Repeat("{},", 1000) + "{}]}"}, 413},
		"too large":           {request{method: "POST", path: batchPath, user: "ann", body: strings.Repeat(" ", 4<<20+1)}, 413},
		"path with NUL":       {request{method: "POST", path: "/acme/a/info/lfs/locks", user: "ann", body: `{"path":"a\u0000"}`}, 422},
		"half a surrogate":    {request{method: "POST", path: "/acme/a/info/lfs/locks", user: "ann", body: `{"path":"a\ud800"}`}, 422},
		"not UTF-8":           {request{method: "POST", path: "/acme/a/info/lfs/locks", user: "ann", body: "{\"path\":\"a\xff\"}"}, 422},
		"long path":           {request{method: "POST", path: "/acme/a/info/lfs/locks", user: "ann", body: lfs.LockRequest{Path: strings.Repeat("x", 1025)}}, 422},
		"no path":             {request{method: "POST", path: "/acme/a/info/lfs/locks", user: "ann", body: "{}"}, 422},
		"bad cursor":          {request{method: "GET", path: "/acme/a/info/lfs/locks?cursor=x", user: "ann"}, 422},
		"bad limit":           {request{method: "GET", path: "/acme/a/info/lfs/locks?limit=-1", user: "ann"}, 422},
		"query not UTF-8":     {request{method: "GET", path: "/acme/a/info/lfs/locks?path=%ff", user: "ann"}, 422},
		"query with NUL":      {request{method: "GET", path: "/acme/a/info/lfs/locks?path=%00", user: "ann"}, 422},
		"no such lock":        {request{method: "POST", path: "/acme/a/info/lfs/locks/99/unlock", user: "ann", body: "{}"}, 404},
		"lock that is no id":  {request{method: "POST", path: "/acme/a/info/lfs/locks/x/unlock", user: "ann", body: "{}"}, 404},
		"huge lock":           {request{method: "POST", path: "/acme/a/info/lfs/locks/99999999999999999999/unlock", user: "ann", body: "{}"}, 404},
		"object, no token":    {request{method: "GET", path: "/acme/a/info/lfs/content/" + oidOf(nil)}, 401},
		"verify without one":  {request{method: "POST", path: "/acme/a/info/lfs/verify", body: "{}"}, 401},
		"machine that writes": {request{method: "POST", path: batchPath, header: map[string]string{"Authorization": basic("x", machineToken)}, body: `{"operation":"upload"}`}, 403},
	} {
		t.Run(name, func(t *testing.T) {
			status, header, body := h.do(tc.q)
			require.Equal(t, tc.want, status, "%s", body)
			requireProblem(t, header, body)
			switch status {
			case 401:
				require.NotEmpty(t, header.Get("Lfs-Authenticate"))
			case 405:
				require.Equal(t, "POST", header.Get("Allow"))
			}
		})
	}
}

func basic(user, password string) string {
	r := http.Request{Header: http.Header{}}
	r.SetBasicAuth(user, password)
	return r.Header.Get("Authorization")
}

// What old and new clients, and people with curl, may send.
func TestAccepted(t *testing.T) {
	h := start(t)
	const body = `{"operation":"download","objects":[]}`
	for _, accept := range []string{"", "*/*", "application/*", "application/json", lfs.MediaType, lfs.MediaType + "; charset=utf-8",
		"text/html, application/vnd.git-lfs+json;q=0.1", "application/vnd.git-lfs;q=x;;", "application/vnd.git-lfs+json;q=0, */*"} {
		for _, kind := range []string{"", "text/plain", lfs.MediaType + "; charset=utf-8"} {
			q := request{method: "POST", path: batchPath, user: "ann", body: body, header: map[string]string{}}
			if accept != "" {
				q.header["Accept"] = accept
			}
			if kind != "" {
				q.header["Content-Type"] = kind
			}
			status, _, got := h.do(q)
			if strings.Contains(accept, "q=x") {
				require.Equal(t, 406, status) // it lists something else
				continue
			}
			require.Equal(t, 200, status, "%q %q", accept, kind)
			require.JSONEq(t, `{"transfer":"basic","hash_algo":"sha256","objects":[]}`, string(got))
		}
	}
	for _, ref := range []string{`null`, `{}`, `{"name":"refs/heads/main"}`} {
		status, _, got := h.do(request{method: "POST", path: batchPath, user: "ann", body: `{"operation":"download","transfers":["x"],"nonsense":{},"ref":` + ref + `}`})
		require.Equal(t, 200, status, "%s", got)
		status, _, got = h.do(request{method: "POST", path: "/acme/a/info/lfs/locks/verify", user: "ann", body: `{"ref":` + ref + `}`})
		require.Equal(t, 200, status, "%s", got)
		require.JSONEq(t, `{"ours":[],"theirs":[]}`, string(got))
	}
	// A machine's token goes with any user name, and gives no more than it says.
	status, _, _ := h.do(request{method: "POST", path: batchPath, body: body, header: map[string]string{"Authorization": basic("x", machineToken)}})
	require.Equal(t, 200, status)
	status, _, _ = h.do(request{method: "POST", path: "/acme/open/info/lfs/objects/batch", body: body})
	require.Equal(t, 200, status, "open to everybody")
}

func TestBatchErrors(t *testing.T) {
	h := start(t)
	good := oidOf(nil)
	for name, tc := range map[string]struct {
		extra  string
		object string
		want   int
	}{
		"negative":   {"", `{"oid":"` + good + `","size":-1}`, 422},
		"least":      {"", `{"oid":"` + good + `","size":-9223372036854775808}`, 422},
		"no oid":     {"", `{"size":1}`, 422},
		"upper case": {"", `{"oid":"` + strings.ToUpper(good) + `","size":1}`, 422},
		"path":       {"", `{"oid":"../../x","size":1}`, 422},
		"md5":        {`"hash_algo":"md5",`, `{"oid":"` + good + `","size":1}`, 409},
		"null":       {"", `null`, 422},
		"huge":       {"", `{"oid":"` + good + `","size":9223372036854775807}`, 422},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, body := h.do(request{method: "POST", path: batchPath, user: "ann", body: `{"operation":"upload",` + tc.extra + `"objects":[` + tc.object + `]}`})
			require.Equal(t, 200, status, "%s", body)
			var out lfs.BatchResponse
			require.NoError(t, json.Unmarshal(body, &out))
			require.Equal(t, tc.want, out.Objects[0].Error.Code)
			require.NotEmpty(t, out.Objects[0].Error.Message)
			require.GreaterOrEqual(t, out.Objects[0].Size, int64(0))
			require.NotContains(t, string(body), `"actions"`)
		})
	}
}

func TestHrefs(t *testing.T) {
	proxy := func(o *server.Options) { o.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }
	public := func(u string) func(*server.Options) {
		return func(o *server.Options) { o.PublicURL, _ = url.Parse(u) }
	}
	forwarded := map[string]string{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.test, lfs.test", "Host": "inner.test:81"}
	for name, tc := range map[string]struct {
		opt    func(*server.Options)
		prefix string
		header map[string]string
		want   string
	}{
		"host":              {func(*server.Options) {}, "", map[string]string{"Host": "inner.test:81"}, "http://inner.test:81/acme/a/"},
		"not trusted":       {func(*server.Options) {}, "", forwarded, "http://inner.test:81/acme/a/"},
		"trusted":           {proxy, "", forwarded, "https://lfs.test/acme/a/"},
		"trusted, nonsense": {proxy, "", map[string]string{"X-Forwarded-Host": "a/b?c", "X-Forwarded-Proto": "javascript"}, "http://localhost/acme/a/"},
		"public":            {public("https://lfs.test"), "", forwarded, "https://lfs.test/acme/a/"},
		"sub-path left on":  {public("https://lfs.test/sub/path/"), "/sub/path", nil, "https://lfs.test/sub/path/acme/a/"},
		"sub-path cut off":  {public("https://lfs.test/sub/path"), "", nil, "https://lfs.test/sub/path/acme/a/"},
	} {
		t.Run(name, func(t *testing.T) {
			h := start(t, tc.opt)
			status, _, body := h.do(request{method: "POST", path: tc.prefix + batchPath, user: "ann", header: tc.header,
				body: lfs.BatchRequest{Operation: lfs.Upload, Objects: []lfs.Object{{OID: oidOf(nil)}}}})
			require.Equal(t, 200, status, "%s", body)
			var out lfs.BatchResponse
			require.NoError(t, json.Unmarshal(body, &out))
			require.Equal(t, tc.want+"info/lfs/content/"+oidOf(nil), out.Objects[0].Actions["upload"].Href)
		})
	}
}

func TestLocks(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		h := startOn(t, dsn, func(o *server.Options) { o.ForceNeedsAdmin = true })
		var made, other lfs.LockResponse
		h.call(201, "ann", "POST", "/locks", lfs.LockRequest{Path: "a/ü"}, &made)
		require.Equal(t, "ann", made.Lock.Owner.Name)
		h.call(409, "bob", "POST", "/locks", lfs.LockRequest{Path: "a/ü"}, &other)
		require.Equal(t, made.Lock, other.Lock)
		require.NotEmpty(t, other.Message)
		h.call(201, "bob", "POST", "/locks", lfs.LockRequest{Path: "b"}, &other)

		var list lfs.LockList
		h.call(200, "rita", "GET", "/locks?limit=1", nil, &list)
		require.Equal(t, []lfs.Lock{made.Lock}, list.Locks)
		require.NotEmpty(t, list.NextCursor)
		h.call(200, "rita", "GET", "/locks?limit=1&cursor="+list.NextCursor, nil, &list)
		require.Equal(t, []lfs.Lock{other.Lock}, list.Locks)
		h.call(200, "rita", "GET", "/locks?path=a/%C3%BC", nil, &list)
		require.Equal(t, []lfs.Lock{made.Lock}, list.Locks)
		h.call(200, "rita", "GET", "/locks?id=nonsense", nil, &list)
		require.Empty(t, list.Locks)

		var verified lfs.VerifiedLocks
		h.call(200, "ann", "POST", "/locks/verify", map[string]any{}, &verified)
		require.Equal(t, []lfs.Lock{made.Lock}, verified.Ours)
		require.Equal(t, []lfs.Lock{other.Lock}, verified.Theirs)

		h.call(403, "bob", "POST", "/locks/"+made.Lock.ID+"/unlock", map[string]any{}, nil)
		h.call(403, "bob", "POST", "/locks/"+made.Lock.ID+"/unlock", lfs.UnlockRequest{Force: true}, nil)
		h.call(200, "root", "POST", "/locks/"+made.Lock.ID+"/unlock", lfs.UnlockRequest{Force: true}, nil)
		h.call(200, "bob", "POST", "/locks/"+other.Lock.ID+"/unlock", map[string]any{}, nil)
		h.call(404, "bob", "POST", "/locks/"+other.Lock.ID+"/unlock", map[string]any{}, nil)

		// One of 24 gets the lock, and the others see it.
		var g errgroup.Group
		results := make([]string, 24)
		for i := range results {
			g.Go(func() error {
				status, _, body := h.do(request{method: "POST", path: "/acme/a/info/lfs/locks", user: []string{"ann", "bob"}[i%2], body: lfs.LockRequest{Path: "race"}})
				var r lfs.LockResponse
				err := json.Unmarshal(body, &r)
				results[i] = fmt.Sprint(status, " ", r.Lock.ID)
				return err
			})
		}
		require.NoError(t, g.Wait())
		count := map[string]int{}
		for _, r := range results {
			count[r]++
		}
		require.Len(t, count, 2, "%v", count)
		for r, n := range count {
			require.Equal(t, map[string]int{"201": 1, "409": 23}[r[:3]], n, "%v", count)
		}
	})
}
