//go:build !unix

package pgtest

import (
	"os/exec"
	"testing"
)

func runAs(testing.TB, *exec.Cmd, string) {}
