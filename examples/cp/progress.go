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

// download is an option of the download that p shows.
func (p *progress) download(o *transfer.DownloadOptions) { o.Progress = p.follow() }

// upload is an option of the upload that p shows.
func (p *progress) upload(o *transfer.PutOptions) { o.Progress = p.follow() }

func (p *progress) follow() func(transfer.Progress) {
	if !p.visible { // counting costs a little
		return nil
	}
	return func(now transfer.Progress) { p.set(now.Done, now.Total) }
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
