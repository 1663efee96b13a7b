// Package managersuite runs the tests that the transfer manager has of itself on the
// constructors of package s3pool. "The change is one line" and "changes no result" rest on it.
package managersuite

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
)

const manager = "github.com/aws/aws-sdk-go-v2/feature/s3/manager"

var constructors = regexp.MustCompile(`\bmanager\.New(Downloader|Uploader)\(`)

// TestManagersOwnSuite copies the manager of our go.mod out of the module cache, puts our
// constructors into its tests, and runs them. Tests inside its own package stay as they are:
// they cannot import a package that imports theirs.
func TestManagersOwnSuite(t *testing.T) {
	dir := t.TempDir()
	goCommand(t, "mod", "download", manager) // in a workspace another version may be in use
	var module struct{ Dir string }
	require.NoError(t, json.Unmarshal(goCommand(t, "list", "-m", "-json", manager), &module))
	copied := filepath.Join(dir, "manager")
	replaced := copyWithOurConstructors(t, module.Dir, copied)
	require.Greater(t, replaced, 40, "constructors in the manager's tests")

	// A go.mod beside ours, which takes the manager from the copy.
	mod := filepath.Join(dir, "go.mod")
	root := strings.TrimSpace(string(goCommand(t, "list", "-m", "-f", "{{.Dir}}")))
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
	}
	goCommand(t, "mod", "edit", "-replace", manager+"="+copied, mod)

	out := string(goCommand(t, "test", "-count=1", "-v", "-modfile", mod, manager))
	passed := strings.Count(out, "\n--- PASS: Test")
	t.Logf("%d tests of the manager pass, %d constructors replaced", passed, replaced)
	require.GreaterOrEqual(t, passed, 50, out)
}

// goCommand runs go outside the workspace and returns what it printed.
func goCommand(t *testing.T, args ...string) []byte {
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "go %s\n%s", strings.Join(args, " "), out)
	return out
}

// copyWithOurConstructors returns how many it put in.
func copyWithOurConstructors(t *testing.T, from, to string) (replaced int) {
	require.NoError(t, filepath.WalkDir(from, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		// The examples would draw in the SDK's configuration.
		if d.Name() == "examples_test.go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(d.Name(), "_test.go") && !strings.HasPrefix(d.Name(), "integ_") {
			if n := len(constructors.FindAll(text, -1)); n > 0 {
				replaced += n
				text = constructors.ReplaceAll(text, []byte("s3pool.New$1("))
				text = []byte(strings.Replace(string(text), "import (", "import (\n\t\"github.com/s3pool/s3pool\"", 1))
			}
		}
		return os.WriteFile(filepath.Join(to, rel), text, 0o600)
	}))
	return replaced
}
