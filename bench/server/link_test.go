package server

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// slowWriter takes a time for each write.
type slowWriter struct {
	bytes.Buffer
	takes time.Duration
}

func (w *slowWriter) Write(p []byte) (int, error) {
	time.Sleep(w.takes)
	return w.Buffer.Write(p)
}

func TestLink(t *testing.T) {
	body := Content(10<<20 + 7)
	for _, c := range []struct {
		name     string
		link     Link
		takes    time.Duration // the client, for 64 KiB
		min, max time.Duration
	}{
		{"no limit", Link{}, 0, 0, 0},
		{"10 MiB a second", Link{Rate: 10 << 20}, 0, time.Second, 1001 * time.Millisecond},
		{"a client of half the rate", Link{Rate: 10 << 20}, 12500 * time.Microsecond, 1900 * time.Millisecond, 2100 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, start := &slowWriter{takes: c.takes}, time.Now()
				require.NoError(t, c.link.write(w, body))
				require.True(t, bytes.Equal(body, w.Bytes()), "wrong bytes")
				require.GreaterOrEqual(t, time.Since(start), c.min)
				require.LessOrEqual(t, time.Since(start), c.max)
			})
		})
	}
}
