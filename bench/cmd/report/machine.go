package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/s3pool/s3pool/bench/page"
)

// shown are the modules whose versions matter to the figures.
var shown = []string{
	"github.com/aws/aws-sdk-go-v2",
	"github.com/aws/aws-sdk-go-v2/service/s3",
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager",
	"github.com/aws/aws-sdk-go-v2/feature/s3/transfermanager",
	"github.com/minio/minio-go/v7",
}

// machine describes what the report was made on.
func machine() []page.Fact {
	list := []page.Fact{
		{Name: "Go", Value: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH},
		{Name: "processors", Value: fmt.Sprintf("%d, %s", runtime.NumCPU(), field("/proc/cpuinfo", "model name"))},
		{Name: "memory", Value: field("/proc/meminfo", "MemTotal")},
	}
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		list = append(list, page.Fact{Name: "kernel", Value: strings.TrimSpace(string(b))})
	}
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		one, _, _ := strings.Cut(string(b), " ")
		list = append(list, page.Fact{Name: "load average when it began", Value: one})
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return list
	}
	for _, m := range info.Deps {
		if slices.Contains(shown, m.Path) {
			list = append(list, page.Fact{Name: m.Path, Value: m.Version})
		}
	}
	return list
}

// field returns the first value of a name in a file of Linux's, or that it is not known.
func field(file, name string) string {
	b, err := os.ReadFile(file)
	if err != nil {
		return "unknown"
	}
	for line := range bytes.Lines(b) {
		if k, v, ok := strings.Cut(string(line), ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return "unknown"
}
