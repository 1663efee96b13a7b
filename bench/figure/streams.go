package figure

import (
	"context"

	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/bench/trial"
)

// streams is a large object that is read in order, from a server as far away as S3.
func streams(ctx context.Context, e *Env) (page.Section, error) {
	c, err := find("client", "open")
	if err != nil {
		return page.Section{}, err
	}
	var all []*trial.Result
	err = withServer(ctx, server.Options{Link: c.Link}, func(t *server.Target) (err error) {
		all, err = e.contest(ctx, t, e.plan(), c, c.Sizes)
		return err
	})
	if err != nil {
		return page.Section{}, err
	}
	res := all[0]
	t := page.Table{Name: "streams", Title: "A stream of 256 MiB", Label: "way", Columns: []page.Column{
		{Name: "MB/s ↑", More: true}, {Name: "CPU s/GiB", Digits: 2}, {Name: "B/byte", Digits: 4}, {Name: "first byte ms", Digits: 0}}}
	for _, name := range res.Rivals {
		speed := value(res, name, trial.Wall, 1)
		*speed = float64(res.Size) / *speed * 1e3
		t.Rows = append(t.Rows, page.Row{Label: name, Ours: isOurs(name), Values: []*float64{
			speed, value(res, name, trial.CPUPerGiB, 1), value(res, name, trial.PerByte, 1), value(res, name, trial.FirstByte, 1e-6)}})
	}
	return page.Section{
		Title:  "A stream over a link like S3's",
		Text:   []string{"Each request has 90 MB/s and 20 ms to its first byte, as S3's guidelines say. All have the requests in flight that they have by default: ours six, `manager`, `minio` and `tm-get` five, `sdk` one. `manager` knows no streams: it writes into nowhere, in any order."},
		Charts: []page.Chart{bars("streams", "CPU of a stream, seconds for each GiB", t, 1, "CPU s/GiB, logarithmic", true)},
		Tables: []page.Table{t},
		Verdicts: []page.Verdict{
			atMost("time of `s3pool-32K` ÷ `tm-get`", ratio(res, rival.S3pool32K, rival.TMGet, trial.Wall), 1, 1.0/3),
			atMost("CPU of `s3pool-32K` ÷ `tm-get`", ratio(res, rival.S3pool32K, rival.TMGet, trial.CPU), 1, 1.0/20),
			atMost("CPU of `s3pool-32K` ÷ `minio`", ratio(res, rival.S3pool32K, rival.Minio, trial.CPU), 1, 1),
			atMost("CPU of `s3pool-writeto` ÷ `manager`", ratio(res, rival.S3poolWriteTo, rival.Manager, trial.CPU), 1, 1.2),
			atMost("time to the first byte ÷ `sdk`", ratio(res, rival.S3pool32K, rival.SDK, trial.FirstByte), 1, 1),
		},
	}, nil
}
