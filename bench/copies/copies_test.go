package copies

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/s3pool/s3pool/bench/trial"
	"github.com/s3pool/s3pool/internal/copytest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestPairs copies between all ends once, and leaves nobody behind.
func TestPairs(t *testing.T) {
	plan := trial.Plan{Rounds: 1, Block: time.Nanosecond}
	for _, src := range copytest.Sources {
		for _, dst := range copytest.Sinks {
			res, err := pair(plan, src, dst, 40_000)
			require.NoError(t, err, "%s to %s", src.Name, dst.Name)
			require.Equal(t, src.Name+" to "+dst.Name, res.Via)
			require.Positive(t, Ratio(res))
		}
	}
}
