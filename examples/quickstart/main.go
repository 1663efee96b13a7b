// Command quickstart measures what one changed line does to S3 transfers.
//
// It uploads a few objects, downloads each into memory and into a file, with
// the stock constructors of feature/s3/manager and with s3pool's, checks every
// object's SHA-256, and prints tables in Markdown:
//
//	go run ./examples/quickstart
//	go run ./examples/quickstart -tls
//
// Nothing has to be installed: it starts an S3 server in a child process. To
// measure against another S3, name it in the environment:
//
//	S3POOL_ENDPOINT=https://s3.eu-central-1.amazonaws.com AWS_REGION=eu-central-1 \
//	S3POOL_BUCKET=my-bucket go run ./examples/quickstart
//
// It works under a prefix of its own in that bucket, or in a fresh one if no
// bucket is named, and removes what it made, after Ctrl-C too.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/term"

	"github.com/s3pool/s3pool/internal/s3server"
)

func main() {
	s3server.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "quickstart: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

// command is main without the process: flags in, report out.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	flags.SetOutput(stderr)
	tls := flags.Bool("tls", false, "let the server that is started speak HTTPS")
	if err := flags.Parse(args); err != nil {
		return err
	}
	fmt.Fprintln(stderr, "It takes half a minute on an idle machine, and several minutes on a busy one.")
	// Printed at the end: a reader that closes the pipe ends the program, and
	// nothing may be left to clean up then.
	var report bytes.Buffer
	if err := run(ctx, defaultSpecs, *tls, &report, stderr); err != nil {
		return err
	}
	_, err := report.WriteTo(stdout)
	return err
}

// run measures specs and writes the report. It leaves nothing behind.
func run(ctx context.Context, specs []spec, tls bool, report *bytes.Buffer, stderr io.Writer) (err error) {
	srv, err := s3server.Start(ctx, func(o *s3server.Options) { o.TLS = tls })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	bucket, err := srv.Bucket(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "s3pool-quickstart-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	st := &store{client: srv.Client(), bucket: bucket, prefix: srv.Prefix(), dir: dir}
	objects, err := st.prepare(ctx, specs)
	if err != nil {
		return err
	}
	groups := st.groups()
	bar := newProgress(stderr, work(groups, objects))
	results, err := measureAll(ctx, groups, objects, bar.add)
	bar.done()
	if err != nil {
		return err
	}
	fmt.Fprintf(report, "S3: %s, bucket %s. Client: %s %s/%s, %d CPUs.\n",
		srv, bucket, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	for _, r := range results {
		fmt.Fprintf(report, "\n%s\n\n", r.title)
		r.table().writeTo(report)
	}
	report.WriteString(footnote)
	return nil
}

const footnote = `
manager is the stock constructor of feature/s3/manager, s3pool ours. pooled downloads
into an s3pool.WriteAtBuffer, the others into a manager.WriteAtBuffer of no size.

Per operation; less is better. Wall and CPU are the median, allocation and garbage
collections the mean of rounds that take turns, each after a collection and some
transfers to warm up. CPU is that of this process alone, without the server's.
`

// isTerminal reports whether w is a terminal, where a progress bar is welcome.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
