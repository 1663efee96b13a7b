package main

import (
	"io"
	"os"
	"time"

	"github.com/s3pool/s3pool/transfer"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows how far a copy is, where there is somebody to see it.
type progress struct {
	w       io.Writer
	what    string
	visible bool
	bar     *progressbar.ProgressBar // made when the total is known
}

func newProgress(w io.Writer, what string, visible bool) *progress {
	return &progress{w: w, what: what, visible: visible}
}

// follow is an option for a client, whose transfer p shows.
func (p *progress) follow(o *transfer.Options) {
	if p.visible { // counting costs a little
		o.Progress = func(now transfer.Progress) { p.set(now.Bytes, now.Total) }
	}
}

// set ignores errors, as clear does: a bar that cannot be drawn is no reason to
// fail. It is called by one goroutine at a time.
func (p *progress) set(done, total int64) {
	if !p.visible || total <= 0 {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(p.w),
			progressbar.OptionSetDescription(p.what),
			progressbar.OptionShowBytes(true),
			progressbar.OptionShowCount(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	_ = p.bar.Set64(done)
}

func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// isTerminal reports whether w is a terminal, where a progress bar is welcome.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
