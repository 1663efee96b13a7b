package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"image"
	"image/png"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
)

func random(seed uint64, n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	r.Read(b)
	return b
}

// A new user: one command, the lines that it prints, push, clone.
func TestFirstRun(t *testing.T) {
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			dir := t.TempDir()
			p := run(t, nil, local(dir)...)
			r := &repo{t, filepath.Join(t.TempDir(), "work"), c.env(t)}
			(&repo{t, filepath.Dir(r.dir), r.env}).git("init", "-q", "work")
			r.git("init", "-q", "--bare", "../remote.git")
			r.git("remote", "add", "origin", "../remote.git")
			lines := regexp.MustCompile(`(?m)^    git (.*)$`).FindAllStringSubmatch(p.out(), -1)
			require.Len(t, lines, 3, p.out())
			for _, m := range lines {
				r.git(strings.Fields(strings.NewReplacer("OWNER", "acme", "REPO", "a").Replace(m[1]))...)
			}
			require.Equal(t, "true\n", r.git("config", "lfs.locksverify"))

			files := map[string][]byte{
				"empty.bin": {}, "small.bin": []byte("x"), "large.bin": random(1, 40<<20),
				"ünï cödé/日本 語.bin": []byte("unicode"), "text.bin": []byte(strings.Repeat("hello\n", 1000)),
			}
			var picture, packed bytes.Buffer
			require.NoError(t, png.Encode(&picture, image.NewGray(image.Rect(0, 0, 100, 100))))
			z := gzip.NewWriter(&packed)
			z.Write([]byte("packed"))
			z.Close()
			files["picture.bin"], files["packed.bin"] = picture.Bytes(), packed.Bytes()
			for i := range 120 {
				files[fmt.Sprintf("many/%d.bin", i)] = fmt.Appendf(nil, "file %d", i)
			}
			for name, data := range files {
				r.write(name, data)
			}
			r.git("lfs", "track", "*.bin")
			r.commit()
			r.git("push", "-q", "origin", "HEAD:main")
			clone := r.clone()
			for name, data := range files {
				require.True(t, bytes.Equal(data, clone.read(name)), name)
			}
			require.NotContains(t, p.log(), strings.TrimSpace(string((&repo{t: t, dir: dir}).read("admin-password"))), "a secret is logged")
			require.NotContains(t, p.log(), "Bearer", "a secret is logged")

			// The same again after a restart.
			p.term()
			p.wait()
			p = run(t, nil, local(dir)...)
			require.Contains(t, p.out(), "git config lfs.url")
		})
	}
}

// A push that the server's death interrupts succeeds when it is repeated; what the first one
// left is removed.
func TestKilled(t *testing.T) {
	c := clients(t)[0]
	dir := t.TempDir()
	addr := freeAddr(t)
	flags := []string{"--dir", dir, "--listen", addr, "--metrics-listen", "", "--janitor-every", "200ms", "--stale-after", "3s"}
	p := run(t, nil, flags...)
	slow := throttle(t, func() string { return addr }, 8<<20)
	url := regexp.MustCompile(`http://(\S*?)@`).FindStringSubmatch(p.out())[1]
	r := c.newRepo(t, "http://"+url+"@"+slow+"/acme/a/info/lfs")
	r.git("config", "lfs.transfer.maxretries", "1")
	data := random(2, 48<<20)
	r.write("large.bin", data)
	r.commit()
	pushed := make(chan error, 1)
	go func() {
		_, err := r.run("push", "-q", "origin", "HEAD:main")
		pushed <- err
	}()
	require.Eventually(t, func() bool { return len(glob(t, dir, "s3/data/lfs/.sgwtmp/multipart/*/*")) > 0 }, waitFor, tick, "no multipart upload")
	p.kill()
	require.Error(t, <-pushed)
	run(t, nil, flags...)
	require.Eventually(t, func() bool { return len(glob(t, dir, "s3/data/lfs/.sgwtmp/multipart/*/*")) == 0 }, waitFor, tick, "the janitor has left an upload")
	r.git("config", "lfs.url", "http://"+url+"@"+addr+"/acme/a/info/lfs")
	r.git("push", "-q", "origin", "HEAD:main")
	require.True(t, bytes.Equal(data, r.clone().read("large.bin")))
}

func glob(t testing.TB, dir, pattern string) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join(dir, pattern))
	require.NoError(t, err)
	return list
}

// Locks: one's own, somebody else's, which stops a push, and by force.
func TestLocking(t *testing.T) {
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			t.Parallel()
			p := newCluster(t, pgtest.Shared(t)).replica(t)
			ann := c.newRepo(t, "http://ann:ann@"+p.addr+"/acme/a/info/lfs")
			ann.write("a.bin", []byte("1"))
			ann.commit()
			ann.git("push", "-q", "origin", "HEAD:main")
			ann.git("lfs", "lock", "a.bin")
			ann.write("a.bin", []byte("2"))
			ann.commit()
			ann.git("push", "-q", "origin", "HEAD:main")

			bob := ann.clone()
			bob.git("config", "lfs.url", "http://bob:bob@"+p.addr+"/acme/a/info/lfs")
			bob.git("config", "lfs.locksverify", "true")
			require.Contains(t, bob.git("lfs", "locks"), "ann")
			_, err := bob.run("lfs", "lock", "a.bin")
			require.Error(t, err)
			require.NoError(t, chmod(bob, "a.bin"))
			bob.write("a.bin", []byte("3"))
			bob.git("lfs", "install", "--local")
			bob.commit()
			out, err := bob.run("push", "origin", "HEAD:main")
			require.Error(t, err, "a foreign lock must stop the push")
			require.Contains(t, out, "locked")
			bob.git("lfs", "unlock", "--force", "a.bin")
			bob.git("push", "-q", "origin", "HEAD:main")
		})
	}
}

// Over SSH the client asks gitlfs authenticate, when the server knows no git-lfs-transfer.
func TestSSH(t *testing.T) {
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			t.Parallel()
			cl := newCluster(t, pgtest.Shared(t))
			p := cl.replica(t)
			r := c.newRepo(t, "unused")
			r.git("config", "--unset", "lfs.url")
			r.git("config", "lfs.url", "ssh://git@lfs.test/acme/a.git")
			script := filepath.Join(r.dir, "../ssh.sh")
			r.write("../ssh.sh", fmt.Appendf(nil, `#!/bin/sh
for last; do :; done
case "$last" in
*git-lfs-transfer*) exit 127 ;;
*git-lfs-authenticate*)
	set -- $(echo "$last" | tr -d "'")
	exec env %s=1 %s '%s' --dir '%s' %s authenticate --user ann --public-url http://%s "$2" "$3" ;;
esac
exit 1
`, programEnv, strings.Join(cl.env, " "), testBinary(t), cl.dir, strings.Join(cl.args, " "), p.addr))
			require.NoError(t, chmodX(script))
			r.env = append(r.env, "GIT_SSH_COMMAND="+script)
			r.write("a.bin", []byte("over ssh"))
			r.commit()
			r.git("push", "-q", "origin", "HEAD:main")
			require.Equal(t, "over ssh", string(r.clone().read("a.bin")))
		})
	}
}

// Tokens that are good for 8 seconds are renewed in the middle of a push.
func TestShortTokens(t *testing.T) {
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			t.Parallel()
			p := newCluster(t, pgtest.Shared(t)).replica(t, "--token-ttl", "8s")
			slow := throttle(t, func() string { return p.addr }, 150<<10)
			r := c.newRepo(t, "http://ann:ann@"+slow+"/acme/a/info/lfs")
			for i := range 12 {
				r.write(fmt.Sprintf("%d.bin", i), random(uint64(i), 200<<10))
			}
			r.commit()
			r.git("push", "-q", "origin", "HEAD:main")
			r.clone()
		})
	}
}

// Presigned uploads: the bytes go to S3, and verify makes them the repository's.
func TestPresigned(t *testing.T) {
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			t.Parallel()
			p := run(t, nil, local(t.TempDir(), "--presign-above", "100000")...)
			url := regexp.MustCompile(`http://(\S*?)@`).FindStringSubmatch(p.out())[1]
			r := c.newRepo(t, "http://"+url+"@"+p.addr+"/acme/a/info/lfs")
			r.write("small.bin", []byte("small"))
			r.write("large.bin", random(7, 3<<20))
			r.commit()
			r.git("push", "-q", "origin", "HEAD:main")
			require.Equal(t, random(7, 3<<20), r.clone().read("large.bin"))
			require.Equal(t, 1, strings.Count(p.log(), `"method":"PUT"`), "the large one went through the server")
		})
	}
}
