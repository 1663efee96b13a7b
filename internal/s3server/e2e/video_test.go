package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/s3pool/s3pool/s3http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/internal/s3server/s3servertest"
)

const (
	videoSeconds = 60
	frameRate    = 10
)

// makeVideo returns a few MB of video, with a key frame every second. The noise keeps
// it from compressing well.
func makeVideo(t *testing.T) []byte {
	t.Helper()
	ffmpeg := program(t, "ffmpeg")
	file := filepath.Join(t.TempDir(), "video.webm")
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-v", "error",
		"-f", "lavfi", "-i", fmt.Sprintf("testsrc=size=320x180:rate=%d:duration=%d,noise=alls=30:allf=t", frameRate, videoSeconds),
		"-c:v", "libvpx", "-b:v", "700k", "-minrate", "700k", "-maxrate", "700k", "-g", fmt.Sprint(frameRate),
		"-deadline", "realtime", "-cpu-used", "8", file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Run(), "%s", &stderr)
	video, err := os.ReadFile(file)
	require.NoError(t, err)
	return video
}

// A pausing writer passes so many bytes on and then waits until the client has gone: a
// network on which the browser never gets all of a video, and must ask for where it is
// to go on. No clock decides what it has by when.
type pausing struct {
	http.ResponseWriter
	ctx  context.Context
	left int
}

func (w *pausing) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p[:min(len(p), w.left)])
	w.left -= n
	if err == nil && n < len(p) {
		if err = http.NewResponseController(w.ResponseWriter).Flush(); err == nil {
			<-w.ctx.Done()
			err = w.ctx.Err()
		}
	}
	return n, err
}

func (w *pausing) Unwrap() http.ResponseWriter { return w.ResponseWriter }

const page = `<!DOCTYPE html><title>video</title><video src="/video" preload="auto" muted></video>
<script>
const video = document.querySelector('video')
const ready = new Promise((resolve, reject) => {
	video.onloadedmetadata = () => resolve(video.duration)
	video.onerror = () => reject(new Error(video.error.message))
})
// seek resolves when the browser says so and has shown a frame, with the frame's time.
function seek(to) {
	return new Promise((resolve, reject) => {
		let frame, seeked = false
		const done = () => { if (seeked && frame !== undefined) resolve({Time: video.currentTime, Frame: frame}) }
		video.onerror = () => reject(new Error(video.error.message))
		video.onseeked = () => { seeked = true; done() }
		video.requestVideoFrameCallback((_, shown) => { frame = shown.mediaTime; done() })
		video.currentTime = to
	})
}
</script>`

// TestVideo seeks in a video, to and fro, in a browser.
func TestVideo(t *testing.T) {
	chromium := program(t, "chromium")
	video := makeVideo(t)
	require.Greater(t, len(video), 3*mib)
	t.Setenv("S3POOL_ENDPOINT", "")
	srv := s3servertest.New(t)
	s := &store{Server: srv, bucket: s3servertest.Bucket(t, srv)}
	s.put(t, "video", video, func(in *s3.PutObjectInput) { in.ContentType = aws.String("video/webm") })

	c := s.client(t)
	f := &front{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, page)
			return
		}
		sw := &statusWriter{ResponseWriter: &pausing{w, r.Context(), 3 * mib / 2}}
		err := s3http.Serve(sw, r, c, s.get(strings.TrimPrefix(r.URL.Path, "/")))
		f.mu.Lock()
		defer f.mu.Unlock()
		f.served = append(f.served, exchange{r.Method, r.Header.Get("Range"), sw.status, err})
	}))
	t.Cleanup(f.Close)

	// It is our own page, and root has no sandbox.
	ctx, cancel := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(chromedp.ExecPath(chromium), chromedp.NoSandbox))
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, 2*time.Minute) // a seek that never ends
	defer stop()
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(f.URL)))
	duration, err := chromedp.Run(ctx, chromedp.Evaluate[float64]("ready", chromedp.EvalAwaitPromise))
	require.NoError(t, err)
	require.InDelta(t, videoSeconds, duration, 1)
	for _, to := range []float64{50, 5, 35, 24, 58, 0.5, 42, 12} {
		at, err := chromedp.Run(ctx, chromedp.Evaluate[struct{ Time, Frame float64 }](fmt.Sprintf("seek(%v)", to), chromedp.EvalAwaitPromise))
		require.NoError(t, err, "to %v", to)
		require.InDelta(t, to, at.Time, 0.001, "where it is")
		require.InDelta(t, to, at.Frame, 1.0/frameRate+0.001, "what it shows")
	}
	require.NoError(t, chromedp.Cancel(ctx))
	f.Close() // when all are answered

	far := 0
	for _, e := range f.last() {
		if e.status == http.StatusNotFound {
			continue // /favicon.ico
		}
		if e.err != nil {
			require.ErrorIs(t, e.err, context.Canceled, "%+v", e) // it needed no more
		} else {
			// 304 where it has the bytes, of a response that was cut short.
			require.Contains(t, []int{http.StatusPartialContent, http.StatusNotModified}, e.status, "%+v", e)
		}
		if e.rng != "bytes=0-" {
			far++
		}
	}
	t.Logf("%d bytes of video, %d requests that began elsewhere", len(video), far)
	require.GreaterOrEqual(t, far, 3, "ranges")
}
