package figure

import (
	"context"
	"fmt"

	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/page"
)

// broken is bodies that break, once in the middle of every part.
func broken(ctx context.Context, e *Env) (page.Section, error) {
	size := pick[int64](e, 64<<20, 128<<20)
	t := page.Table{Name: "broken", Title: "Bytes received for each byte of the object; – means that the download failed", Label: "way",
		Columns: []page.Column{{Name: "breaks", More: true}, {Name: "received ÷ object", Digits: 3}}}
	s := page.Section{Title: "Bodies that break", Text: []string{fmt.Sprintf("An object of %d MiB, and one break in the middle of every part.", size>>20)}}
	for _, l := range limit.Resume(ctx, size) {
		row := page.Row{Label: l.Name, Ours: l.Ours, Values: []*float64{new(float64(l.Breaks)), nil}}
		if l.Err == nil {
			row.Values[1] = new(l.Ratio())
		}
		t.Rows = append(t.Rows, row)
		if l.Ours {
			s.Verdicts = append(s.Verdicts, page.Verdict{Bound: l.Name + ": all bytes, received ≤ 1.01 × the object", Measured: fmt.Sprintf("%.3f", l.Ratio()), Reached: l.Err == nil && l.Ratio() <= 1.01})
		}
	}
	s.Tables = []page.Table{t}
	return s, nil
}
