package leak_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/s3pool/s3pool/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }

// A recorder is a test that notes how it failed.
type recorder struct {
	testing.TB
	text string
}

func (r *recorder) Helper()                        {}
func (r *recorder) Errorf(format string, a ...any) { r.text = fmt.Sprintf(format, a...) }

func TestNone(t *testing.T) {
	leak.None(t)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		forgotten(stop)
	}()
	var r recorder
	leak.None(&r)
	if !strings.Contains(r.text, "forgotten") {
		t.Errorf("the goroutine was not found: %q", r.text)
	}
	close(stop)
	<-done
	leak.None(t)
}

func forgotten(stop chan struct{}) { <-stop }
