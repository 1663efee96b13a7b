package copies

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool/bench/trial"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestPairs copies between all ends once, and leaves nobody behind.
func TestPairs(t *testing.T) {
	plan := trial.Plan{Rounds: 1, Block: time.Nanosecond}
	for _, src := range sources {
		for _, dst := range sinks {
			res, err := pair(plan, src, dst, 40_000)
			require.NoError(t, err, "%s to %s", src.name, dst.name)
			require.Equal(t, src.name+" to "+dst.name, res.Via)
			require.Positive(t, Ratio(res))
		}
	}
}
