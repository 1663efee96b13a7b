package figure

import (
	"context"
	"fmt"

	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

// verify is the price of comparing a download with its checksum.
func verify(ctx context.Context, e *Env) (page.Section, error) {
	c, err := find("client", "verified")
	if err != nil {
		return page.Section{}, err
	}
	var res []*trial.Result
	err = withServer(ctx, server.Options{}, func(t *server.Target) (err error) {
		res, err = e.contest(ctx, t, e.plan(), c, rival.DefaultSizes())
		return err
	})
	if err != nil {
		return page.Section{}, err
	}
	s := page.Section{
		Title:  "Verification",
		Text:   []string{"Objects have a CRC64NVME, as S3 gives one to whatever is uploaded without a checksum. The manager asks for ranges, for which S3 sends none, and verifies nothing. `sdk` reads without validation, `sdk-verified` with the SDK's own."},
		Charts: []page.Chart{lines("verify", "CPU for each GiB, verified and not", "CPU s/GiB", res, trial.CPUPerGiB, 1)},
		Tables: []page.Table{bySize("verify", "CPU, µs for one object", res, trial.CPU, 1e-3, 0)},
	}
	for _, r := range res {
		s.Verdicts = append(s.Verdicts, atMost(fmt.Sprintf("CPU, verified ÷ unverified, at %v", r.Size), ratio(r, rival.S3pool, rival.Unverified, trial.CPU), 1, 1.10))
	}
	last := res[len(res)-1]
	s.Verdicts = append(s.Verdicts, atMost(fmt.Sprintf("CPU, ours ÷ the SDK's, both verified, at %v", last.Size), ratio(last, rival.S3pool, rival.SDKVerified, trial.CPU), 1, 0.40))
	return s, nil
}
