package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
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

var (
	svg  = flag.String("svg", "", "plot all of the night into this `file`, and print the table")
	data = flag.String("data", "", "write the figures of all of the night into this `file`, for the report")
)

// TestNight is the story, in the time of a bubble: the same program and clients, with
// stores that have no socket, and nothing else on the machine that could disturb it.
func TestNight(t *testing.T) {
	w := night
	if *svg == "" && *data == "" {
		w.before, w.after = 10*time.Second, 11*time.Second
	}
	synctest.Test(t, func(t *testing.T) {
		var courses []course
		for _, s := range setups {
			var mem *s3test.S3
			c, err := run(t.Context(), w, s, func(p *s3test.Partitions) store {
				mem = s3test.New(func(o *s3test.Options) { o.Partitions, o.LogSize = p, -1 })
				return store{mem.Client, func() {}}
			})
			require.NoError(t, err)
			courses = append(courses, c)
			before, _ := c.mean(-15, 0)
			after, refused := c.mean(0, 30)
			last := c.samples[len(c.samples)-1]
			t.Logf("%s, %s: %.0f writes/s before midnight, %.0f after, %.0f refused, %d partitions; %d files due, %d written, %d failed",
				c.keys(), c.client, before, after, refused, last.partitions, c.due, c.written, c.failed)
			require.Greater(t, before, 0.9*w.due()*w.slower)
			if s.shards == 0 {
				require.Less(t, after, 0.2*before, "one partition of ten is left")
			} else {
				// Each partition is asked for all it has, so that chance costs a little.
				require.Greater(t, after, 0.9*before)
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
		if *svg != "" {
			writeTable(os.Stdout, w, courses)
			require.NoError(t, writePlot(*svg, w, courses))
		}
		if *data != "" {
			require.NoError(t, writeJSON(*data, w, courses))
		}
	})
}

// TestCommand runs the program as it is, for a moment.
func TestCommand(t *testing.T) {
	w := night
	w.slower, w.before, w.after, w.sample = 500, 200*time.Millisecond, 300*time.Millisecond, 100*time.Millisecond
	dir := t.TempDir()
	file, figures := filepath.Join(dir, "logs.svg"), filepath.Join(dir, "logs.json")
	var out, stderr bytes.Buffer
	require.NoError(t, command(t.Context(), []string{"-svg", file, "-json", figures}, w, &out, &stderr))
	for _, s := range setups {
		require.Regexp(t, `(?m)^\| `+s.keys()+` +\| `+s.client+` +\|`, out.String())
	}
	require.NotContains(t, out.String(), "NaN")
	for line := range strings.Lines(out.String()) {
		require.LessOrEqual(t, len(line), 81, "a line fits a terminal: %s", line)
	}
	requireXML(t, file)
	b, err := os.ReadFile(figures)
	require.NoError(t, err)
	require.Contains(t, string(b), `"Keys":"10 shards","Client":"Pacer","Shards":10`)

	require.Error(t, command(t.Context(), []string{"-nonsense"}, w, io.Discard, io.Discard))
}

// TestTooBusy: figures that are of no use say so above the table, and not below it.
func TestTooBusy(t *testing.T) {
	fast := course{samples: []sample{{minutes: -1, served: night.due() * night.slower}}}
	slow := course{samples: []sample{{minutes: -1, served: night.due() * night.slower / 2}}}
	require.False(t, tooBusy(night, []course{fast}))
	require.True(t, tooBusy(night, []course{fast, slow}))
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
