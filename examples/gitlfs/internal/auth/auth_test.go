package auth_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// source counts how often it is asked.
type source struct {
	user  store.User
	asked int
}

func (s *source) User(_ context.Context, name string) (store.User, error) {
	s.asked++
	if name != s.user.Name {
		return store.User{}, nil
	}
	return s.user, nil
}

func (s *source) Token(context.Context, string) (store.User, error) {
	s.asked++
	return store.User{}, nil
}

// Right credentials are believed for a minute, wrong ones never.
func TestCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hash, err := auth.HashPassword("secret")
		require.NoError(t, err)
		src := &source{user: store.User{Name: "ann", Bcrypt: hash, Grants: []store.Grant{{Pattern: "acme/*", Access: "write"}}}}
		users := auth.NewUsers(src)
		try := func(password, repo string) (auth.Access, error) {
			g, err := users.Authorize(t.Context(), auth.Credentials{User: "ann", Password: password, Given: true}, repo)
			return g.Access, err
		}
		for range 3 {
			a, err := try("secret", "acme/a")
			require.NoError(t, err)
			require.Equal(t, auth.Write, a)
		}
		a, err := try("secret", "acmex/a")
		require.NoError(t, err)
		require.Equal(t, auth.None, a)
		require.Equal(t, 1, src.asked)
		for range 2 {
			_, err = try("wrong", "acme/a")
			require.ErrorIs(t, err, auth.ErrCredentials)
		}
		_, err = try(strings.Repeat("x", 100), "acme/a")
		require.ErrorIs(t, err, auth.ErrCredentials)
		require.Equal(t, 4, src.asked)
		time.Sleep(time.Minute)
		_, err = try("secret", "acme/a")
		require.NoError(t, err)
		require.Equal(t, 5, src.asked)
	})
}

// A key that is new signs when it is the first, and the old one is accepted while it is there.
func TestRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "keys.json")
		require.NoError(t, auth.MakeKeys(path))
		require.NoError(t, auth.MakeKeys(path), "a second one changes nothing")
		keys, err := auth.OpenKeys(path)
		require.NoError(t, err)
		old, err := keys.Sign(auth.Claims{For: auth.ForUpload, Size: 1 << 40}, "ann", time.Hour)
		require.NoError(t, err)
		c, err := keys.Verify(old)
		require.NoError(t, err)
		require.Equal(t, int64(1<<40), c.Size)
		require.Equal(t, "ann", c.Subject)

		var file struct{ Keys []json.RawMessage }
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &file))
		fresh, err := json.Marshal(auth.NewKey())
		require.NoError(t, err)
		write := func(keys ...json.RawMessage) {
			data, err := json.Marshal(map[string]any{"keys": keys})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(path, data, 0o600))
			time.Sleep(10 * time.Second) // of the bubble
		}
		write(fresh, file.Keys[0])
		again, err := keys.Sign(auth.Claims{}, "ann", time.Hour)
		require.NoError(t, err)
		_, err = keys.Verify(old)
		require.NoError(t, err)
		write(fresh)
		_, err = keys.Verify(old)
		require.Error(t, err)
		_, err = keys.Verify(again)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(path, []byte("{"), 0o600))
		time.Sleep(10 * time.Second)
		_, err = keys.Verify(again)
		require.NoError(t, err, "a file that is broken leaves what there was")
	})
}

// remote asks a service who somebody is: where a Git host has its users.
type remote struct{ url string }

func (r remote) Authorize(ctx context.Context, c auth.Credentials, repository string) (auth.Grant, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+"?repository="+repository, nil)
	if err != nil {
		return auth.Grant{}, err
	}
	if c.Given {
		req.SetBasicAuth(c.User, c.Password)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return auth.Grant{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized {
		return auth.Grant{}, auth.ErrCredentials
	}
	var answer struct{ User, Access string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return auth.Grant{}, err
	}
	access, err := auth.ParseAccess(answer.Access)
	return auth.Grant{User: answer.User, Access: access}, err
}

func (r remote) Access(context.Context, string, string) (auth.Access, error) {
	return auth.None, nil // SSH goes another way there
}

// An Authorizer of one's own.
func ExampleAuthorizer() {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, _, _ := r.BasicAuth()
		json.NewEncoder(w).Encode(map[string]string{"user": user, "access": "write"})
	}))
	defer service.Close()
	defer http.DefaultClient.CloseIdleConnections()

	var a auth.Authorizer = remote{service.URL}
	g, err := a.Authorize(context.Background(), auth.Credentials{User: "ann", Password: "secret", Given: true}, "acme/a")
	fmt.Println(g.User, g.Access, err)
	// Output: ann write <nil>
}
