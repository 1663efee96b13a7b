package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool/s3test"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestNight is the story, in the time of the bubble: the same program and the same
// clients, with a store that has no socket.
func TestNight(t *testing.T) {
	w := night
	w.slower, w.hosts, w.after = 100, 10, 12*time.Second
	synctest.Test(t, func(t *testing.T) {
		for _, s := range setups {
			var mem *s3test.S3
			c, err := run(t.Context(), w, s, func(p *s3test.Partitions) store {
				mem = s3test.New(func(o *s3test.Options) { o.Partitions, o.LogSize = p, -1 })
				return store{mem.Client, func() {}}
			})
			require.NoError(t, err)
			before, _ := c.mean(-60, 0)
			after, refused := c.mean(0, 30)
			last := c.samples[len(c.samples)-1]
			t.Logf("%s, %s: %.0f writes/s before midnight, %.0f after, %.0f refused, %d partitions; %d files due, %d written, %d failed",
				c.keys(), c.client, before, after, refused, last.partitions, c.due, c.written, c.failed)
			require.Greater(t, before, 0.9*w.due()*w.slower)
			if s.shards == 0 {
				require.Less(t, after, 0.3*before, "one partition of ten is left")
				require.Greater(t, last.partitions, w.partitions, "it splits")
			} else {
				require.Greater(t, after, 0.95*before)
				require.Less(t, refused, 0.05*before)
			}
			files := 0
			for _, key := range mem.Keys(bucket) {
				if strings.Contains(key, today) {
					files++
				}
			}
			require.Equal(t, files, c.listed)
			require.NotZero(t, files)
		}
	})
}

// TestCommand runs the program as it is, for a moment.
func TestCommand(t *testing.T) {
	w := night
	w.slower, w.hosts, w.before, w.after, w.sample = 500, 4, 200*time.Millisecond, 300*time.Millisecond, 100*time.Millisecond
	file := filepath.Join(t.TempDir(), "logs.svg")
	var out, stderr bytes.Buffer
	require.NoError(t, command(t.Context(), []string{"-svg", file}, w, &out, &stderr))
	for _, s := range setups {
		require.Regexp(t, `(?m)^\| `+s.keys()+` +\| `+s.client+` +\|`, out.String())
	}
	require.NotContains(t, out.String(), "NaN")
	requireXML(t, file)

	require.Error(t, command(t.Context(), []string{"-nonsense"}, w, io.Discard, io.Discard))
}

func requireXML(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	for d := xml.NewDecoder(f); ; {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		require.NoError(t, err)
	}
}
