package figure

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/s3pool/s3pool/bench/page"
)

// A night is what examples/logs writes with -json, and its test with -data.
type night struct {
	Due     float64 // files that are due in a second
	Courses []struct {
		Keys, Client string
		Shards       int
		Due, Written int64 // files in all, of the small world
		Samples      []struct {
			Minutes, Served, Refused float64
			Partitions               int
		}
	}
}

// midnight is a date in front of keys, and S3's partitions: the story of examples/logs.
func midnight(ctx context.Context, e *Env) (page.Section, error) {
	dir, err := os.MkdirTemp("", "s3pool-report-")
	if err != nil {
		return page.Section{}, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "night.json")
	// The program's test has the same night in virtual time, in which no machine is too slow.
	cmd := exec.CommandContext(ctx, "go", "test", "-count", "1", "-run", "^TestNight$", "./examples/logs", "-data", file)
	cmd.Dir = e.Root
	if out, err := cmd.CombinedOutput(); err != nil {
		return page.Section{}, fmt.Errorf("examples/logs: %w: %s", err, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return page.Section{}, err
	}
	var n night
	if err := json.Unmarshal(b, &n); err != nil {
		return page.Section{}, err
	}
	return n.section(), nil
}

func (n night) section() page.Section {
	hours := page.Axis{Label: "minutes since midnight"}
	served := page.Chart{Name: "midnight-served", Title: fmt.Sprintf("Files written per second, of %.0f due", n.Due), X: hours, Y: page.Axis{Label: "files/s"}, Marks: []page.Mark{{Label: "midnight"}}}
	refused := page.Chart{Name: "midnight-refused", Title: "503 SlowDown per second", X: hours, Y: page.Axis{Label: "503s/s"}, Marks: []page.Mark{{Label: "midnight"}}}
	t := page.Table{Name: "midnight", Title: "Per second, and over the whole night", Label: "keys, client", Columns: []page.Column{
		{Name: "before ↑", More: true}, {Name: "½ h after ↑", More: true}, {Name: "503s"}, {Name: "% written ↑", More: true}}}
	for _, c := range n.Courses {
		name := c.Keys + ", " + c.Client
		line := page.Series{Name: name, Ours: c.Shards > 0, Dashed: c.Client != "stock SDK"}
		no := line
		var before, after, refusals float64
		var nb, na int
		for _, s := range c.Samples {
			line.X, line.Y = append(line.X, s.Minutes), append(line.Y, s.Served)
			no.X, no.Y = append(no.X, s.Minutes), append(no.Y, s.Refused)
			switch {
			case s.Minutes > -15 && s.Minutes <= 0:
				before, nb = before+s.Served, nb+1
			case s.Minutes > 0 && s.Minutes <= 30:
				after, refusals, na = after+s.Served, refusals+s.Refused, na+1
			}
		}
		served.Series, refused.Series = append(served.Series, line), append(refused.Series, no)
		t.Rows = append(t.Rows, page.Row{Label: name, Ours: c.Shards > 0 || c.Client != "stock SDK", Values: []*float64{
			new(before / float64(nb)), new(after / float64(na)), new(refusals / float64(na)),
			new(100 * float64(c.Written) / float64(c.Due))}})
	}
	return page.Section{
		Title: "Midnight",
		Text: []string{
			"Programs write logs under `YYYYMMDD/host/file`, ten times as many in a second as one partition of S3 takes. At midnight all keys begin with another date, and belong to the last partition. With `prefix.Spread` a day's keys begin with ten shards, between which the partitions are cut already. `prefix.Pacer` asks for no more than S3 serves.",
			"The S3 is the model of package s3test, at a 50th of S3's rates, in virtual time. A Pacer does not make partitions, and one that asks for little gives S3 less reason to split: with plain keys it writes less than the stock client in the end.",
		},
		Charts: []page.Chart{served, refused}, Tables: []page.Table{t},
	}
}
