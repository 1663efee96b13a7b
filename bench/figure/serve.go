package figure

import (
	"context"
	"fmt"

	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

// serve is objects as HTTP responses, and the bodies of requests as objects.
func serve(ctx context.Context, e *Env) (page.Section, error) {
	c, err := find("client", "serve")
	if err != nil {
		return page.Section{}, err
	}
	receive, err := find("client", "receive")
	if err != nil {
		return page.Section{}, err
	}
	var res, received []*trial.Result
	err = withServer(ctx, server.Options{}, func(t *server.Target) (err error) {
		if res, err = e.contest(ctx, t, e.plan(), c, rival.DefaultSizes()); err != nil {
			return err
		}
		received, err = e.contest(ctx, t, e.plan(), receive, rival.DefaultSizes())
		return err
	})
	if err != nil {
		return page.Section{}, err
	}
	s := page.Section{
		Title: "Objects as HTTP responses, and requests as objects",
		Text: []string{
			"A server that answers with an object of S3. `s3pool` is `s3http.Serve`, which verifies; `handler` is GetObject and `io.Copy`; `copybuffer` the pooled `io.CopyBuffer` loop that Git LFS servers have; `copy` the same with `s3pool.Copy`; `sdk` a bare loop with a recycled buffer and one header, a floor.",
			"The other direction: `s3pool` is `s3http.Receive`, `manager` the stock Uploader with the request's body, and `spool` what Git LFS servers do, a file in between.",
		},
		Charts: []page.Chart{lines("serve", "CPU for each GiB served, by size of the object", "CPU s/GiB", res, trial.CPUPerGiB, 1)},
		Tables: []page.Table{
			bySize("serve-cpu", "CPU, µs for one response", res, trial.CPU, 1e-3, 0),
			bySize("serve-bytes", "KB allocated for one response", res, trial.Bytes, 1e-3, 1),
			bySize("receive-cpu", "CPU, µs for one request whose body becomes an object", received, trial.CPU, 1e-3, 0),
			bySize("receive-bytes", "KB allocated for it", received, trial.Bytes, 1e-3, 1),
		},
	}
	for _, r := range res {
		for _, peer := range []string{rival.Handler, rival.CopyBuffer} {
			s.Verdicts = append(s.Verdicts, atMost(fmt.Sprintf("allocated by `s3pool` ÷ `%s` at %v", peer, r.Size), ratio(r, rival.S3pool, peer, trial.Bytes), 1, 1))
		}
	}
	for _, r := range received {
		s.Verdicts = append(s.Verdicts, atMost(fmt.Sprintf("CPU of `Receive` ÷ `manager` at %v", r.Size), ratio(r, rival.S3pool, rival.Manager, trial.CPU), 1, 1))
	}
	return s, nil
}
