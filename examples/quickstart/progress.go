package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far we are, on terminals only. schollz/progressbar was
// chosen since it is maintained, has few dependencies and draws in place
// without a goroutine of its own.
type progress struct{ bar *progressbar.ProgressBar }

func newProgress(w io.Writer, total int64) progress {
	return progress{progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetVisibility(isTerminal(w)),
		progressbar.OptionSetDescription("measuring"),
		progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// add and done ignore errors: a bar that cannot be drawn is no reason to fail.
func (p progress) add(n int64) { _ = p.bar.Add64(n) }

func (p progress) done() { _ = p.bar.Clear() }
