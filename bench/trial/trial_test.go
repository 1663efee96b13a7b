package trial_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

// fake is a rival that takes some time and leaves its name.
type fake struct {
	name  string
	takes time.Duration
	log   *[]string
	err   error
}

func (f *fake) Move(context.Context, func([]byte)) error {
	for start := time.Now(); time.Since(start) < f.takes; {
	}
	*f.log = append(*f.log, f.name)
	return f.err
}

func contest(fakes ...*fake) rival.Contest {
	c := rival.Contest{Verb: "download", Via: "memory"}
	for _, f := range fakes {
		c.Entries = append(c.Entries, rival.Entry{
			Name: f.name,
			New:  func(context.Context, *rival.Scene) (rival.Rival, error) { return f, nil },
		})
	}
	return c
}

var scene = rival.NewScene(&server.Target{Kind: "range", Scheme: "http"}, 1000, "")

func TestRunAlternates(t *testing.T) {
	var log []string
	c := contest(&fake{name: "a", log: &log}, &fake{name: "b", log: &log, takes: 10 * time.Millisecond})

	// A block of no time is one operation after one to warm up.
	res, err := trial.Run(t.Context(), trial.Plan{Rounds: 3}, c, scene)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, res.Rivals)
	require.Len(t, res.Rounds, 3)
	require.Equal(t, []string{
		"a", "a", "a", "a", "b", "b", "b", "b", // calibration
		"a", "a", "b", "b",
		"b", "b", "a", "a",
		"a", "a", "b", "b",
	}, log)
	for _, round := range res.Rounds {
		require.Len(t, round, 2)
		require.GreaterOrEqual(t, round[1].Usage.Wall, 10*time.Millisecond)
		require.Zero(t, round[0].Usage.GCs, "the collection before a block must not count")
	}
}

func TestRunFillsBlocks(t *testing.T) {
	var log []string
	c := contest(&fake{name: "a", log: &log, takes: time.Millisecond})
	res, err := trial.Run(t.Context(), trial.Plan{Rounds: 1, Block: 300 * time.Millisecond}, c, scene)
	require.NoError(t, err)
	require.Greater(t, res.Rounds[0][0].Ops, 1)
	require.LessOrEqual(t, res.Rounds[0][0].Ops, 300)
}

func TestRunNamesWhoFailed(t *testing.T) {
	var log []string
	broken := errors.New("broken")
	c := contest(&fake{name: "good", log: &log}, &fake{name: "bad", log: &log, err: broken})
	_, err := trial.Run(t.Context(), trial.Plan{Rounds: 1}, c, scene)
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "bad")
}
