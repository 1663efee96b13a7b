// Command cp copies an object of S3 into a file, or a file into S3.
//
//	go run ./examples/cp s3://bucket/key file
//	go run ./examples/cp file s3://bucket/key
//	go run ./examples/cp s3://bucket/key - | tar x
//	tar c dir | go run ./examples/cp - s3://bucket/key
//	go run ./examples/cp -r 0-1023 s3://bucket/key file
//
// It says what a download has been verified against. A download that fails leaves
// nothing behind, and a file that was there before as it was: the bytes go into a
// temporary file beside it, which takes its name in the end.
//
// Credentials, region and profile come from the usual places. To use another S3:
//
//	S3POOL_ENDPOINT=http://127.0.0.1:9000 go run ./examples/cp s3://bucket/key file
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	err := command(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	code := exitCode(ctx, err)
	switch {
	case code == exitInterrupted:
		fmt.Fprintln(os.Stderr, "cp: interrupted")
	case err != nil && !errors.Is(err, flag.ErrHelp):
		fmt.Fprintln(os.Stderr, "cp:", oneLine(err))
	}
	os.Exit(code)
}

const (
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as of a shell whose command SIGINT has ended
)

// errUsage is in the error when the command line makes no sense.
var errUsage = errors.New("see cp -help")

func exitCode(ctx context.Context, err error) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp), errors.Is(err, errUsage):
		return exitUsage
	case ctx.Err() != nil:
		return exitInterrupted
	}
	return exitFailed
}

// command is main without the process.
func command(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("cp", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are returned; only -help prints
	byteRange := flags.String("r", "", "download these `bytes` alone, such as 0-1023, 1024- or -1024")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: cp [-r bytes] s3://bucket/key file|directory|-\n       cp file|- s3://bucket/key|s3://bucket/prefix/")
		flags.SetOutput(stderr)
		flags.PrintDefaults()
		flags.SetOutput(io.Discard)
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return fmt.Errorf("%w; %w", err, errUsage)
	case flags.NArg() == 0:
		return fmt.Errorf("the source and the destination are missing; %w", errUsage)
	case flags.NArg() == 1:
		return fmt.Errorf("the destination is missing, where %s is to go; %w", flags.Arg(0), errUsage)
	case flags.NArg() > 2:
		return fmt.Errorf("one source and one destination are wanted, and %q is too much; %w", flags.Arg(2), errUsage)
	}
	src, dst := flags.Arg(0), flags.Arg(1)
	from, srcIsObject := parseLocation(src)
	to, dstIsObject := parseLocation(dst)
	if srcIsObject == dstIsObject {
		return fmt.Errorf("one of source and destination must be s3://bucket/key, and the other a file; %w", errUsage)
	}
	if l := cmp.Or(from, to); l.bucket == "" {
		return fmt.Errorf("the bucket is missing in %s; %w", l, errUsage)
	}
	if srcIsObject && from.key == "" {
		return fmt.Errorf("the key is missing in %s; %w", from, errUsage)
	}
	if dstIsObject && *byteRange != "" {
		return fmt.Errorf("-r is for downloads; %w", errUsage)
	}
	client, err := newClient(ctx)
	if err != nil {
		return err
	}
	switch {
	case dstIsObject:
		return upload(ctx, client, src, to, stdin, stderr)
	case dst == "-":
		return stream(ctx, client, from, *byteRange, stdout, stderr)
	}
	return download(ctx, client, from, *byteRange, dst, stderr)
}
