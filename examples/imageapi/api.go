package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool"
)

const (
	// requestTimeout bounds the download and the resizing of one picture.
	requestTimeout = 30 * time.Second

	// maxObject is the largest file that is taken into memory, in bytes.
	maxObject = 32 << 20

	defaultWidth = 320
	maxWidth     = 4096

	// statusClientGone is nginx's code for a client that has hung up. It is
	// seen in logs only.
	statusClientGone = 499
)

// api is the public handler.
type api struct {
	fetch  fetcher
	bucket string
	log    *slog.Logger

	// turns bounds the pictures that are decoded at once: each takes a core,
	// and far more memory than its file.
	turns chan struct{}
}

func newAPI(f fetcher, bucket string, log *slog.Logger) http.Handler {
	a := &api{fetch: f, bucket: bucket, log: log, turns: make(chan struct{}, 2*runtime.GOMAXPROCS(0))}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /thumb/{key...}", a.thumb)
	return mux
}

// thumb answers the picture {key}, at most w pixels wide.
func (a *api) thumb(w http.ResponseWriter, r *http.Request) {
	key := r.PathValue("key")
	width, err := parseWidth(r.URL.Query().Get("w"))
	switch {
	case err != nil:
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	case key == "":
		http.Error(w, "no key in the path", http.StatusNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
	defer cancel()
	thumb, err := a.make(ctx, key, width)
	if err != nil {
		a.fail(w, r, key, err)
		return
	}
	w.Header().Set("Content-Type", thumb.contentType())
	w.Header().Set("Cache-Control", "public, max-age=3600")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := thumb.encode(w); err != nil {
		// The status is on its way already; the client, most likely, is not.
		a.log.Info("answer cut short", "key", key, "error", err)
	}
}

// make downloads and resizes. The object's memory goes back before the answer
// is written, so that a slow client holds the small picture only.
func (a *api) make(ctx context.Context, key string, width int) (*thumbnail, error) {
	data, release, err := a.fetch.fetch(ctx, a.bucket, key)
	if err != nil {
		return nil, err
	}
	defer release()
	select {
	case a.turns <- struct{}{}:
		defer func() { <-a.turns }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return shrink(data, width)
}

// fail answers err. What is not the client's fault is logged and not shown.
func (a *api) fail(w http.ResponseWriter, r *http.Request, key string, err error) {
	status, text := classify(r.Context(), err)
	if status >= 499 {
		a.log.Error("thumbnail", "key", key, "status", status, "error", err)
	}
	http.Error(w, text, status)
}

// classify returns the status for err and what to tell the client.
func classify(ctx context.Context, err error) (status int, text string) {
	var (
		tooLarge   *tooLargeError
		tooMany    *tooManyPixelsError
		noPicture  *noPictureError
		noSuchKey  *types.NoSuchKey
		statusText = func(status int) (int, string) { return status, http.StatusText(status) }
	)
	switch {
	case ctx.Err() != nil:
		return statusClientGone, "client gone"
	case errors.As(err, &noSuchKey):
		return http.StatusNotFound, "no such picture"
	case errors.Is(err, s3pool.ErrTooLarge):
		return http.StatusRequestEntityTooLarge, fmt.Sprintf("at most %d bytes are accepted", maxObject)
	case errors.As(err, &tooLarge), errors.As(err, &tooMany):
		return http.StatusRequestEntityTooLarge, err.Error()
	case errors.As(err, &noPicture):
		return http.StatusUnprocessableEntity, err.Error()
	case errors.Is(err, s3pool.ErrBudget): // no memory within the deadline
		return statusText(http.StatusServiceUnavailable)
	case errors.Is(err, context.DeadlineExceeded):
		return statusText(http.StatusGatewayTimeout)
	default:
		return statusText(http.StatusBadGateway) // S3 it was
	}
}

func parseWidth(s string) (int, error) {
	if s == "" {
		return defaultWidth, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > maxWidth {
		return 0, fmt.Errorf("w is %q; it must be a number of pixels from 1 to %d", s, maxWidth)
	}
	return n, nil
}
