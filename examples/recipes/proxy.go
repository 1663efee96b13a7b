package recipes

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/s3http"
	"github.com/s3pool/s3pool/transfer"
)

// Proxy serves a bucket's objects, of at most maxBytes: larger ones are 413. Each response
// is in the log.
func Proxy(c *transfer.Client, bucket string, maxBytes int64, log *slog.Logger) http.Handler {
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := r.URL.Path[1:]
		err := s3http.Serve(w, r, c, &s3.GetObjectInput{Bucket: &bucket, Key: &key}, func(o *s3http.ServeOptions) {
			o.Download = append(o.Download, func(o *transfer.DownloadOptions) { o.MaxObjectBytes = maxBytes })
		})
		if err != nil {
			log.Warn("not served", "error", err) // it has been answered
		}
	})
	return Logged(serve, log)
}

// Logged is a middleware that notes the status, the bytes and the time of each response.
func Logged(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, rec := time.Now(), &recorder{ResponseWriter: w, status: http.StatusOK}
		// Deferred: a response that must break does so by a panic.
		defer func() {
			log.Info("response", "path", r.URL.Path, "status", rec.status, "bytes", rec.bytes, "took", time.Since(start))
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorder is a ResponseWriter that looks. It has Unwrap, without which a response could
// neither be given deadlines nor be broken off.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}
