package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/pgtest"
)

// Over SSH the client asks gitlfs authenticate, when the server knows no git-lfs-transfer.
func TestSSH(t *testing.T) {
	program, err := os.Executable()
	require.NoError(t, err)
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			t.Parallel()
			cl := newCluster(t, pgtest.Shared(t).Database(t))
			p := cl.replica()
			r := c.newRepo(t, "ssh://git@lfs.test/acme/a.git")
			asked := filepath.Join(r.dir, "../asked")
			script := filepath.Join(r.dir, "../ssh.sh")
			r.write("../ssh.sh", fmt.Appendf(nil, `#!/bin/sh
for last; do :; done
echo "$last" >> '%s'
case "$last" in
*git-lfs-transfer*) exit 127 ;;
*git-lfs-authenticate*)
	set -- $(echo "$last" | tr -d "'")
	exec env %s=1 %s '%s' %s authenticate --user ann --public-url http://%s "$2" "$3" ;;
esac
exit 1
`, asked, programEnv, strings.Join(cl.env, " "), program, strings.Join(cl.args, " "), p.addr))
			require.NoError(t, os.Chmod(script, 0o700))
			r.env = append(r.env, "GIT_SSH_COMMAND="+script)
			r.write("a.bin", []byte("over ssh"))
			r.commit()
			r.git("push", "-q", "origin", "HEAD:main")
			require.Equal(t, "over ssh", string(r.clone().read("a.bin")))
			require.Contains(t, string(r.read("../asked")), "git-lfs-transfer", "it was not offered")
		})
	}
}

// Tokens that are good for 8 seconds are renewed in the middle of a push.
func TestShortTokens(t *testing.T) {
	for _, c := range clients(t) {
		t.Run("client="+c.name, func(t *testing.T) {
			t.Parallel()
			cl := newCluster(t, pgtest.Shared(t).Database(t))
			p := cl.replica("--token-ttl", "8s")
			slow := throttle(t, func() string { return p.addr }, 150<<10)
			r := c.newRepo(t, lfsURL("ann", slow, "acme/a"))
			for i := range 12 {
				r.write(fmt.Sprintf("%d.bin", i), random(uint64(i), 200<<10)) // 16 seconds in all
			}
			r.commit()
			r.git("push", "-q", "origin", "HEAD:main")
			require.Greater(t, strings.Count(p.log(), `/objects/batch","repository":"acme/a"`), 1, "no token was renewed")
			r.clone()
			cl.requireOnce("acme/a", 12, 0)
		})
	}
}
