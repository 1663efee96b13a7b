package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/gateway"
)

// Main is the program.
func Main() {
	gateway.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	if err := Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "gitlfs:", err)
		os.Exit(1)
	}
}

type commands struct {
	Common

	Serve        serveCmd        `cmd:"" default:"withargs" help:"Serve. This is what happens without a command."`
	Authenticate authenticateCmd `cmd:"" help:"Print what git-lfs-authenticate prints, for SSH forced commands."`
	User         userCmd         `cmd:"" help:"Make a user, or set a password; it is read from standard input."`
	Token        tokenCmd        `cmd:"" help:"Make a token for a machine and print it."`
	Grant        grantCmd        `cmd:"" help:"Give a user access to repositories."`
	Quota        quotaCmd        `cmd:"" help:"Set a repository's quota."`
	Key          keyCmd          `cmd:"" help:"Print a new key for the file of keys."`
	GC           gcCmd           `cmd:"" name:"gc" help:"Delete content that no repository has."`
	Fsck         fsckCmd         `cmd:"" help:"Read all content and compare it with its SHA-256."`
}

// Common is what every command needs. Secrets come from the environment or files.
type Common struct {
	Dir         string `default:"gitlfs-data" env:"GITLFS_DIR" help:"Directory of the embedded database and S3, and of the keys."`
	Database    string `env:"GITLFS_DATABASE" help:"postgres://… or sqlite:PATH. Empty means SQLite in the directory."`
	S3Bucket    string `name:"s3-bucket" env:"GITLFS_S3_BUCKET" help:"Bucket. Empty means an embedded S3 in the directory. Credentials and region as for any AWS tool."`
	S3Endpoint  string `name:"s3-endpoint" env:"GITLFS_S3_ENDPOINT" help:"URL of the S3 API. Empty means AWS."`
	S3Prefix    string `name:"s3-prefix" env:"GITLFS_S3_PREFIX" help:"What all keys begin with."`
	S3PathStyle bool   `name:"s3-path-style" env:"GITLFS_S3_PATH_STYLE" help:"Put the bucket into the path, as most stores but AWS want it."`
	Users       string `env:"GITLFS_USERS" help:"JSON file of users. Empty means the database."`
	Keys        string `env:"GITLFS_KEYS" help:"JSON file of signing keys, the same for all replicas. Empty means one in the directory."`
	Memory      Bytes  `default:"256MiB" env:"GITLFS_MEMORY" help:"Memory for objects on their way."`
	LogLevel    string `default:"info" enum:"debug,info,warn,error" env:"GITLFS_LOG_LEVEL" help:"debug, info, warn or error."`
}

// env is where a command runs.
type env struct {
	ctx    context.Context
	stdin  io.Reader
	stdout io.Writer
	log    *slog.Logger
	common *Common
}

// Run runs a command line.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	var c commands
	helped := false
	parser, err := kong.New(&c, kong.Name("gitlfs"),
		kong.Description("A Git LFS server: objects on S3, the rest in SQL."),
		kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }), kong.UsageOnError(),
		kong.Vars{"maxObject": "5TiB"})
	if err != nil {
		return err
	}
	k, err := parser.Parse(args)
	if helped {
		return nil
	}
	if err != nil {
		return err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return err
	}
	e := &env{ctx, stdin, stdout, slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level})), &c.Common}
	return k.Run(e)
}

// Bytes is a size: a number, with KiB, MiB, GiB or TiB behind it if need be.
type Bytes int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (b *Bytes) UnmarshalText(text []byte) error {
	s, unit := string(text), int64(1)
	for i, suffix := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if rest, ok := strings.CutSuffix(s, suffix); ok {
			s, unit = rest, 1<<(10*(i+1))
		}
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 || n > (1<<62)/unit {
		return errors.New("a size is a number, with KiB, MiB, GiB or TiB behind it if need be")
	}
	*b = Bytes(n * unit)
	return nil
}
