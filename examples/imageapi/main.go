// Command imageapi is the kind of server that started s3pool: it downloads
// pictures from S3 into memory, on the request path, and answers with smaller
// ones.
//
//	go run ./examples/imageapi
//	curl -o small.jpg 'http://127.0.0.1:8080/thumb/photo.jpg?w=320'
//
// It downloads with a transfer.Client. With -manager it uses s3pool.NewDownloader, the one
// changed line, and with -stock what that line was before. The profiles on the -pprof
// address show the difference:
//
//	go tool pprof -sample_index=alloc_space http://127.0.0.1:6060/debug/pprof/allocs
//
// Without a configured S3 it starts one with a few generated pictures. To serve
// a bucket of your own:
//
//	S3POOL_ENDPOINT=https://s3.eu-central-1.amazonaws.com AWS_REGION=eu-central-1 \
//	S3POOL_BUCKET=my-bucket go run ./examples/imageapi
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/s3server"
)

func main() {
	s3server.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	err := command(ctx, os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case err != nil && ctx.Err() == nil:
		slog.Error("imageapi", "error", err)
		os.Exit(1)
	}
}

// A config is what the flags say.
type config struct {
	addr      string
	pprofAddr string // empty for none
	manager   bool
	stock     bool
}

// command is main without the process.
func command(ctx context.Context, args []string, stderr io.Writer) error {
	var cfg config
	flags := flag.NewFlagSet("imageapi", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&cfg.addr, "addr", "127.0.0.1:8080", "address of the API")
	flags.StringVar(&cfg.pprofAddr, "pprof", "127.0.0.1:6060", "loopback address of the profiles; empty for none")
	flags.BoolVar(&cfg.manager, "manager", false, "download with s3pool.NewDownloader, for comparison")
	flags.BoolVar(&cfg.stock, "stock", false, "download with manager.NewDownloader, for comparison")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if cfg.manager && cfg.stock {
		return errors.New("-manager and -stock exclude each other")
	}
	return run(ctx, cfg, slog.New(slog.NewTextHandler(stderr, nil)))
}

// fetcher returns how objects are downloaded, and the name of it.
func (cfg config) fetcher(c *s3.Client) (f fetcher, how string) {
	switch {
	case cfg.stock:
		return newStock(c, maxObject), "manager.NewDownloader"
	case cfg.manager:
		return newPooled(c, maxObject), "s3pool.NewDownloader"
	default:
		return newClient(c, maxObject), "transfer.Client"
	}
}

// run serves until ctx ends.
func run(ctx context.Context, cfg config, log *slog.Logger) (err error) {
	apiListener, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return err
	}
	defer apiListener.Close()
	services := []service{{listener: apiListener}}
	if cfg.pprofAddr != "" {
		l, err := listenLoopback(cfg.pprofAddr)
		if err != nil {
			return fmt.Errorf("-pprof: %w", err)
		}
		defer l.Close()
		services = append(services, service{listener: l, handler: profiles(), slow: true})
		log.Info("profiles", "url", "http://"+l.Addr().String()+"/debug/pprof/")
	}

	srv, err := s3server.Start(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	bucket, err := srv.Bucket(ctx)
	if err != nil {
		return err
	}
	log.Info("using S3", "server", srv.String(), "bucket", bucket)

	fetch, how := cfg.fetcher(srv.Client())
	services[0].handler = newAPI(fetch, bucket, log)
	url := "http://" + apiListener.Addr().String() + "/thumb/"
	log.Info("serving", "url", url, "downloads", how)

	// A bucket that was there before has pictures of its own. (A prefix is
	// where we should put ours.)
	if srv.Prefix() == "" {
		keys, err := putSamples(ctx, srv.Client(), bucket)
		if err != nil {
			return err
		}
		for _, key := range keys {
			log.Info("try", "url", url+key+"?w=320")
		}
	}
	return serve(ctx, services)
}
