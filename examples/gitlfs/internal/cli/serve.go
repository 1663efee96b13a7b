package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/server"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
	"github.com/s3pool/s3pool/prom"
)

type serveCmd struct {
	Listen        string        `default:"127.0.0.1:8080" env:"GITLFS_LISTEN" help:"Address of the API."`
	MetricsListen string        `default:"127.0.0.1:9464" env:"GITLFS_METRICS_LISTEN" help:"Address of /metrics; empty for none. It is not for everybody."`
	TLSCert       string        `env:"GITLFS_TLS_CERT" help:"PEM file of a certificate: serve HTTPS." and:"tls"`
	TLSKey        string        `env:"GITLFS_TLS_KEY" help:"PEM file of its key." and:"tls"`
	PublicURL     string        `env:"GITLFS_PUBLIC_URL" help:"Where clients find the server, with a path if it has one there. Empty means the Host of each request."`
	TrustedProxy  []string      `env:"GITLFS_TRUSTED_PROXY" help:"Networks whose X-Forwarded headers are believed, such as 10.0.0.0/8."`
	TokenTTL      time.Duration `default:"4h" env:"GITLFS_TOKEN_TTL" help:"How long the tokens of actions are good."`
	MaxObject     Bytes         `default:"5TiB" env:"GITLFS_MAX_OBJECT" help:"Size of the largest object."`
	Quota         Bytes         `default:"0" env:"GITLFS_QUOTA" help:"Quota of a repository that has none of its own; 0 for none."`
	Uploads       int           `default:"16" env:"GITLFS_UPLOADS" help:"Uploads that may run at a time."`
	Downloads     int           `default:"256" env:"GITLFS_DOWNLOADS" help:"Downloads that may run at a time."`
	Progress      time.Duration `default:"1m" env:"GITLFS_PROGRESS" help:"How long a client may move nothing."`

	PresignAbove     Bytes  `default:"0" env:"GITLFS_PRESIGN_ABOVE" help:"Size above which uploads go to S3 directly; 0 for never."`
	PresignEndpoint  string `env:"GITLFS_PRESIGN_ENDPOINT" help:"URL of the S3 API as clients reach it."`
	VerifyProxied    bool   `env:"GITLFS_VERIFY_PROXIED" help:"Offer verify for proxied uploads, too."`
	ForceUnlockAdmin bool   `env:"GITLFS_FORCE_UNLOCK_ADMIN" help:"Only admins release the locks of others."`

	DrainGrace   time.Duration `default:"10s" env:"GITLFS_DRAIN_GRACE" help:"How long nobody must have asked for anything before the listener is closed."`
	DrainMax     time.Duration `default:"15m" env:"GITLFS_DRAIN_MAX" help:"The longest that stopping takes."`
	JanitorEvery time.Duration `default:"10m" env:"GITLFS_JANITOR_EVERY" help:"How often leftovers of uploads are looked for; 0 for never."`
	StaleAfter   time.Duration `default:"24h" env:"GITLFS_STALE_AFTER" help:"Age at which an upload is a leftover. No upload takes longer."`
}

// Run implements the command.
func (c *serveCmd) Run(e *env) (err error) {
	opts, err := c.options()
	if err != nil {
		return err
	}
	if _, set := os.LookupEnv("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(int64(e.common.Memory) + memoryBeside)
	}
	m := metrics.New()
	st, err := e.openStore(func(o *store.Options) {
		o.OnRetry = func(err error) {
			m.DBRetries.Inc()
			e.log.Warn("the database is asked again", "error", err)
		}
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	deps, err := e.openS3()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, deps.close(e.log)) }()
	users, err := e.openAuth(st)
	if err != nil {
		return err
	}
	if opts.Keys, err = e.openKeys(); err != nil {
		return err
	}
	if c.PresignAbove > 0 {
		if err := deps.content.EnablePresign(e.ctx, c.PresignEndpoint); err != nil {
			e.log.Error("presigned uploads are off", "error", err)
		}
	}
	m.Database(st.DB(), st.CountLocks)
	m.Register(prom.NewPoolCollector(deps.pool, "gitlfs"), prom.NewClientCollector(deps.client, "gitlfs"), prom.NewPacerCollector(deps.pacer, "gitlfs"))
	opts.Store, opts.Content, opts.Auth, opts.Metrics, opts.Log = st, deps.content, users, m, e.log

	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	defer l.Close()
	if l, err = c.withTLS(l); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(e.ctx)
	defer cancel(nil)
	if deps.gateway != nil {
		go func() {
			select {
			case <-deps.gateway.Done():
				cancel(errors.New("the embedded S3 has ended"))
			case <-ctx.Done():
			}
		}()
	}
	stopMetrics, err := serveMetrics(c.MetricsListen, m, e.log)
	if err != nil {
		return err
	}
	defer stopMetrics()
	janitor := make(chan struct{})
	go func() {
		defer close(janitor)
		c.janitor(ctx, deps.content, m, e.log)
	}()
	defer func() { cancel(nil); <-janitor }()
	if e.common.Users == "" {
		if err := e.firstRun(st, c.clientURL(l)); err != nil {
			return err
		}
	}
	e.log.Info("serving", "listen", l.Addr().String())
	err = server.New(opts).Serve(ctx, l)
	if cause := context.Cause(ctx); e.ctx.Err() == nil && cause != nil {
		err = errors.Join(cause, err)
	}
	return err
}

// memoryBeside is what the program needs of the heap beside objects, in bytes. Code and the
// stacks of the kernel come on top, so this is less than the 96 MiB that the README names.
const memoryBeside = 48 << 20

// options makes the server's options of the flags.
func (c *serveCmd) options() (o server.Options, err error) {
	o = server.Options{
		TokenTTL: c.TokenTTL, MaxObject: int64(c.MaxObject), Quota: int64(c.Quota), Uploads: c.Uploads, Downloads: c.Downloads,
		Progress: c.Progress, PresignAbove: int64(c.PresignAbove), VerifyProxied: c.VerifyProxied, ForceNeedsAdmin: c.ForceUnlockAdmin,
		DrainGrace: c.DrainGrace, DrainMax: c.DrainMax,
	}
	if c.Uploads < 1 || c.Downloads < 1 {
		return o, errors.New("--uploads and --downloads must be positive")
	}
	if c.PublicURL != "" {
		u, err := url.Parse(c.PublicURL)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return o, fmt.Errorf("--public-url: %q is not http://HOST/PATH or https://HOST/PATH", c.PublicURL)
		}
		o.PublicURL = u
	}
	for _, s := range c.TrustedProxy {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return o, fmt.Errorf("--trusted-proxy: %w", err)
		}
		o.TrustedProxies = append(o.TrustedProxies, p)
	}
	if o.PresignAbove > content.MaxPresigned {
		return o, errors.New("--presign-above: S3 takes 5 GiB in one request")
	}
	return o, nil
}

// serveMetrics serves /metrics on an address of its own until the returned function is called.
func serveMetrics(addr string, m *metrics.Metrics, log *slog.Logger) (stop func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("--metrics-listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.Gatherer(), promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelError)}))
	hs := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: time.Minute}
	done := make(chan struct{})
	go func() {
		defer close(done)
		hs.Serve(l)
	}()
	log.Info("metrics", "url", "http://"+l.Addr().String()+"/metrics")
	return func() {
		hs.Close()
		<-done
	}, nil
}

// janitor removes leftovers until ctx ends. Replicas begin at different times.
func (c *serveCmd) janitor(ctx context.Context, s *content.Content, m *metrics.Metrics, log *slog.Logger) {
	if c.JanitorEvery <= 0 {
		return
	}
	for wait := rand.N(c.JanitorEvery); ; wait = c.JanitorEvery {
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		swept, err := s.Sweep(ctx, time.Now().Add(-c.StaleAfter))
		m.Swept.WithLabelValues("upload").Add(float64(swept.Uploads))
		m.Swept.WithLabelValues("staged").Add(float64(swept.Staged))
		if err != nil && ctx.Err() == nil {
			log.Error("janitor", "error", err)
		}
	}
}
