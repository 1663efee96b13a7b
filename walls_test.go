package s3pool_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/internal/require"
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
		"internal/direct":   {own + "/transfer", own + "/s3http", own + "/prefix", own + "/internal/mem", manager},
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

// TestRequirements: what our go.mod names enters the module graph of every user, what only our
// tests need too.
func TestRequirements(t *testing.T) {
	allowed := []string{
		"github.com/aws/aws-sdk-go-v2", "github.com/aws/aws-sdk-go-v2/feature/s3/manager", "github.com/aws/aws-sdk-go-v2/service/s3",
		"github.com/aws/smithy-go", "github.com/minio/crc64nvme", "golang.org/x/sync", "golang.org/x/time",
	}
	out, err := exec.Command("go", "mod", "edit", "-json").Output()
	require.NoError(t, err)
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	require.NoError(t, json.Unmarshal(out, &mod))
	require.NotEmpty(t, mod.Require)
	for _, r := range mod.Require {
		require.True(t, r.Indirect || slices.Contains(allowed, r.Path), r.Path)
	}
}
