package s3pool_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWalls: what a package may pull in. The compiler keeps imports from going in circles;
// this keeps them from growing.
func TestWalls(t *testing.T) {
	const own, aws, manager = "github.com/s3pool/s3pool", "github.com/aws/", "github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	for pkg, none := range map[string][]string{
		"internal/mem":      {aws, own + "/transfer"},
		"internal/zerocopy": {aws, own + "/transfer"},
		"internal/putbody":  {aws, own + "/transfer"},
		"internal/xio":      {aws, own + "/internal/mem"},
		"internal/part":     {aws, own + "/internal/mem"},
		"internal/crc":      {aws, own + "/internal/mem"},
		"s3test":            {own + "/transfer", own + "/s3http", own + "/internal/mem", manager},
		"prefix":            {own + "/transfer", own + "/s3http", own + "/internal/mem", manager},
		".":                 {own + "/transfer", own + "/s3http", own + "/prefix"},
		"transfer":          {own + "/s3http", own + "/prefix"},
	} {
		out, err := exec.Command("go", "list", "-deps", "./"+pkg).CombinedOutput()
		require.NoError(t, err, string(out))
		for dep := range strings.Lines(string(out)) {
			for _, not := range none {
				require.False(t, strings.HasPrefix(strings.TrimSpace(dep), not), "%s depends on %s", pkg, dep)
			}
		}
	}
	// The manager is imported by the files that wrap it and by no other.
	out, err := exec.Command("go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...").CombinedOutput()
	require.NoError(t, err, string(out))
	for line := range strings.Lines(string(out)) {
		pkg, imports, _ := strings.Cut(line, " ")
		require.True(t, pkg == own || !strings.Contains(imports, manager), "%s imports the manager", pkg)
	}
}
