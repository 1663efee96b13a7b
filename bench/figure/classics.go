package figure

import (
	"context"
	"os"
	"time"

	"github.com/s3pool/s3pool/bench/classic"
	"github.com/s3pool/s3pool/bench/load"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/server"
)

// classics are the stories of package classic.
func classics(ctx context.Context, e *Env) (page.Section, error) {
	s := page.Section{
		Title: "The stories it comes from",
		Text: []string{
			"An image of 1.2 MB that is downloaded again and again, and the CPU profile of it. `runtime.makeslice` is where a buffer that grows with each write gets its next, larger memory.",
			"A writer in the wrong pool: A server answers on a connection that is kept alive, in turns 3 KiB, for which it wants a `bufio.Writer` of 4 KiB, and 192 KiB, for which it wants one of 64 KiB.",
			"A file through a `bufio.Writer`, 1 MiB over TCP, as a handler sends it. In the writer is a header already. With Go 1.26 a file itself keeps sendfile whichever end is asked first; a section of it, as of a range, does not, unless `s3pool.Copy` looks behind it.",
			"The copy loop of a Git LFS server is under \"Objects as HTTP responses\", midnight below.",
		},
	}
	images, err := e.images(ctx)
	if err != nil {
		return s, err
	}
	writers, err := writers(pick(e, 2000, 20_000))
	if err != nil {
		return s, err
	}
	senders, err := senders(ctx)
	s.Tables = []page.Table{images, writers, senders}
	s.Charts = []page.Chart{bars("makeslice", "Share of the CPU profile in runtime.makeslice, percent", images, 0, "%", false)}
	return s, err
}

func (e *Env) images(ctx context.Context) (page.Table, error) {
	t := page.Table{Name: "profile", Title: "The profile of an image of 1.2 MB", Label: "way", Columns: []page.Column{
		{Name: "makeslice %", Digits: 1}, {Name: "collector %", Digits: 1}, {Name: "KB allocated", Digits: 0}, {Name: "GCs/1,000", Digits: 1}}}
	ways, err := load.Find(load.Manager, load.ManagerSized, load.Manager5MiB, load.DropIn, load.DropInPooled, load.Client)
	if err != nil {
		return t, err
	}
	err = withServer(ctx, server.Options{}, func(target *server.Target) error {
		for _, w := range ways {
			p, err := classic.TakeProfile(ctx, target, w.Name, pick(e, 2*time.Second, 10*time.Second))
			if err != nil {
				return err
			}
			t.Rows = append(t.Rows, page.Row{Label: w.Name, Ours: w.Ours, Values: []*float64{
				new(100 * p.Makeslice), new(100 * p.GC), new(p.Allocated / 1000), new(p.GCs)}})
		}
		return nil
	})
	return t, err
}

func writers(requests int) (page.Table, error) {
	t := page.Table{Name: "writers", Title: "Writers of a keep-alive server, for each request", Label: "writers", Columns: []page.Column{
		{Name: "µs", Digits: 1}, {Name: "bytes"}, {Name: "allocs", Digits: 2}, {Name: "writes", Digits: 1}}}
	for _, ws := range classic.AllWriters() {
		c, err := ws.Measure(requests)
		if err != nil {
			return t, err
		}
		t.Rows = append(t.Rows, page.Row{Label: ws.Name, Ours: ws.Ours, Values: []*float64{
			new(c.Nanoseconds / 1000), new(c.Bytes), new(c.Allocs), new(c.Writes)}})
	}
	return t, nil
}

func senders(ctx context.Context) (page.Table, error) {
	t := page.Table{Name: "senders", Title: "A file of 1 MiB through a bufio.Writer: memory and system calls", Label: "way", Columns: []page.Column{
		{Name: "bytes"}, {Name: "read", Digits: 1}, {Name: "write", Digits: 1}, {Name: "sendfile", Digits: 1}}}
	for _, s := range classic.Senders() {
		dir, err := os.MkdirTemp("", "s3pool-report-")
		if err != nil {
			return t, err
		}
		c, err := s.Measure(ctx, dir)
		os.RemoveAll(dir)
		if err != nil {
			return t, err
		}
		row := page.Row{Label: s.Name, Ours: s.Ours, Values: []*float64{new(c.Allocated), nil, nil, nil}}
		if c.Calls != nil {
			row.Values[1] = new(c.Calls["read"] + c.Calls["pread64"])
			row.Values[2] = new(c.Calls["write"] + c.Calls["writev"])
			row.Values[3] = new(c.Calls["sendfile"] + c.Calls["splice"])
		}
		t.Rows = append(t.Rows, row)
	}
	return t, nil
}
