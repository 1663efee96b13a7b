package server

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// Options configures a [Server]. Store, Content, Auth, Keys and Metrics are needed.
type Options struct {
	Store   *store.Store
	Content *content.Content
	Auth    auth.Authorizer
	Keys    *auth.Keys
	Metrics *metrics.Metrics
	Log     *slog.Logger // nil means none

	// PublicURL is where clients find the server, with the path it has there, if any. Nil
	// means the Host of each request.
	PublicURL *url.URL
	// TrustedProxies are those whose X-Forwarded headers are believed.
	TrustedProxies []netip.Prefix

	// TokenTTL is how long the tokens of actions and sessions are good. Zero means 4 hours.
	TokenTTL time.Duration
	// MaxObject is the size of the largest object in bytes. Zero means 5 TiB, which is S3's.
	MaxObject int64
	// Quota is the sum of the sizes of a repository's objects in bytes. Zero means none.
	Quota int64
	// Uploads and Downloads may run at a time. Zero means 16 and 256.
	Uploads, Downloads int
	// Wait is how long a request waits for one of these places. Zero means 20 seconds.
	Wait time.Duration
	// Progress is how long a client may move nothing. Zero means one minute.
	Progress time.Duration
	// PresignAbove is the size in bytes above which uploads go to S3 directly, if Content can
	// do that. Zero means never.
	PresignAbove int64
	// VerifyProxied makes clients ask for proxied uploads, too, whether they have arrived.
	VerifyProxied bool
	// ForceNeedsAdmin makes the release of others' locks a matter of admins.
	ForceNeedsAdmin bool

	// DrainGrace is how long nobody must have asked for anything before a server that is to
	// stop closes its listener, and DrainMax the longest that it waits. Zero means 10 seconds
	// and 15 minutes.
	DrainGrace, DrainMax time.Duration
}

const (
	maxBody       = 4 << 20 // bytes of a request in JSON
	maxHeader     = 32 << 10
	headerTimeout = 20 * time.Second
	idleTimeout   = 2 * time.Minute
	shutdownTime  = 10 * time.Second
)

// A Server is an http.Handler.
type Server struct {
	Options
	mux                *http.ServeMux
	drain              *drain
	uploads, downloads *places
}

// New returns a server.
func New(o Options) *Server {
	o.TokenTTL = cmp.Or(o.TokenTTL, 4*time.Hour)
	o.MaxObject = cmp.Or(o.MaxObject, 5<<40)
	o.Wait = cmp.Or(o.Wait, 20*time.Second)
	o.Progress = cmp.Or(o.Progress, time.Minute)
	o.DrainGrace = cmp.Or(o.DrainGrace, 10*time.Second)
	o.DrainMax = cmp.Or(o.DrainMax, 15*time.Minute)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{Options: o, mux: http.NewServeMux(), drain: newDrain()}
	s.uploads = newPlaces(cmp.Or(o.Uploads, 16), o.Wait, metrics.Upload, o.Metrics)
	s.downloads = newPlaces(cmp.Or(o.Downloads, 256), o.Wait, metrics.Download, o.Metrics)

	const api = "/{owner}/{repo}/info/lfs"
	s.handle("POST "+api+"/objects/batch", false, s.batch)
	s.handle("PUT "+api+"/content/{oid}", true, s.upload)
	s.handle("GET "+api+"/content/{oid}", true, s.download) // and HEAD
	s.handle("POST "+api+"/verify", false, s.verify)
	s.handle("POST "+api+"/locks", false, s.createLock)
	s.handle("GET "+api+"/locks", false, s.listLocks)
	s.handle("POST "+api+"/locks/verify", false, s.verifyLocks)
	s.handle("POST "+api+"/locks/{id}/unlock", false, s.releaseLock)
	s.handle("GET /healthz", false, s.healthy)
	s.handle("GET /readyz", false, s.ready)
	return s
}

// Serve serves until ctx ends and the server has drained. It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	// ReadTimeout and WriteTimeout would bound transfers. Progress does that.
	hs := &http.Server{
		Handler: s, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	stopped := make(chan error, 1)
	go func() { stopped <- hs.Serve(l) }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
	}
	s.Metrics.Draining.Set(1)
	s.Log.Info("draining", "grace", s.DrainGrace.String(), "max", s.DrainMax.String())
	s.drain.wait(context.WithoutCancel(ctx), s.DrainGrace, s.DrainMax)
	bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	err := hs.Shutdown(bound)
	if err != nil {
		err = errors.Join(errors.New("clients were cut off"), hs.Close())
	}
	if serr := <-stopped; !errors.Is(serr, http.ErrServerClosed) {
		err = errors.Join(err, serr)
	}
	s.Log.Info("stopped", "error", errText(err))
	return err
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// healthy says that the process runs.
func (s *Server) healthy(c *call) error { return c.reply(http.StatusOK, status{"ok"}) }

type status struct {
	Status string `json:"status"`
}

// ready says that a load balancer may send requests: until the server drains. A database or S3
// that is away is no reason to say no. All replicas would, and the load balancer would answer
// 503 in their place, which clients take as final; we make them wait.
func (s *Server) ready(c *call) error {
	if s.drain.draining() {
		return &problem{status: http.StatusServiceUnavailable, message: "The server is about to stop."}
	}
	return c.reply(http.StatusOK, status{"ready"})
}
