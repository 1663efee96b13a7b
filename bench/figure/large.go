package figure

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/s3pool/s3pool/bench/limit"
	"github.com/s3pool/s3pool/bench/page"
	"github.com/s3pool/s3pool/bench/server"
)

// large is what a GiB of one object costs, up to objects that fit into no memory.
func large(ctx context.Context, e *Env) (page.Section, error) {
	const budget = 256 << 20
	sizes := largeSizes(e)
	cpu := page.Table{Name: "objects-cpu", Title: "CPU s/GiB by size of the object, one at a time", Label: "call"}
	rss := page.Table{Name: "objects-rss", Title: fmt.Sprintf("The most MiB resident, on a budget of %d MiB", budget>>20), Label: "call"}
	speed := page.Table{Name: "objects-speed", Title: "MB/s", Label: "call"}
	for _, size := range sizes {
		cpu.Columns = append(cpu.Columns, page.Column{Name: sizeName(size), Digits: 3})
		rss.Columns = append(rss.Columns, page.Column{Name: sizeName(size)})
		speed.Columns = append(speed.Columns, page.Column{Name: sizeName(size) + " ↑", More: true})
	}
	dir, err := os.MkdirTemp("", "s3pool-report-")
	if err != nil {
		return page.Section{}, err
	}
	defer os.RemoveAll(dir)
	var verdicts []page.Verdict
	err = withServer(ctx, server.Options{}, func(t *server.Target) error {
		for _, call := range limit.LargeCalls() {
			row := func() page.Row { return page.Row{Label: call, Ours: true} }
			c, m, v := row(), row(), row()
			most := int64(0)
			for _, size := range sizes {
				f, err := limit.Large{Call: call, Size: size, InTurn: turns(e, size), MaxBytes: budget, Dir: dir}.Footprint(ctx, t)
				if err != nil {
					return fmt.Errorf("%s of %s: %w", call, sizeName(size), err)
				}
				e.noteLarge(call, size, f)
				c.Values = append(c.Values, new(median(f.Turns, func(t limit.Turn) float64 { return perGiB(t.CPU, size) })))
				m.Values = append(m.Values, new(float64(f.Peak)/mib))
				v.Values = append(v.Values, new(median(f.Turns, func(t limit.Turn) float64 { return float64(size) / 1e6 / t.Wall.Seconds() })))
				most = max(most, f.Peak)
			}
			cpu.Rows, rss.Rows, speed.Rows = append(cpu.Rows, c), append(rss.Rows, m), append(speed.Rows, v)
			verdicts = append(verdicts,
				atMost(fmt.Sprintf("`%s`: CPU for a GiB at %s ÷ at %s", call, sizeName(sizes[len(sizes)-1]), sizeName(sizes[0])), *c.Values[len(sizes)-1], *c.Values[0], 1.25),
				page.Verdict{Bound: fmt.Sprintf("`%s`: resident ≤ budget + 64 MiB at every size", call), Measured: fmt.Sprintf("%d MiB", most>>20), Reached: most <= budget+64<<20})
		}
		return nil
	})
	if err != nil {
		return page.Section{}, err
	}
	var inMB []int
	for _, size := range sizes {
		inMB = append(inMB, int(size/1e6))
	}
	return page.Section{
		Title: "One object of any size",
		Text: []string{
			fmt.Sprintf("What a GiB costs, and what is resident, must not depend on the size of the object. Each figure is of a process of its own with a pool of %d MiB, which has moved 100 MB beforehand. Downloads are verified.", budget>>20),
			fmt.Sprintf("The server holds %d MiB, and larger objects are that again and again. What is written into a file lands in the system's page cache, and on a disk when the system likes; that a disk may be slower is to be seen in the MB/s. Here 100 MB are 100,000,000 bytes.", server.MaxSize>>20),
			"Over HTTP most of the CPU of `" + limit.PutStream + "` is the signer's SHA-256.",
		},
		Charts:   []page.Chart{curve("objects", "CPU by size of the object", "object, MB", inMB, cpu)},
		Tables:   []page.Table{cpu, rss, speed},
		Verdicts: verdicts,
	}, nil
}

// largeSizes are in bytes.
func largeSizes(e *Env) []int64 {
	return pick(e, []int64{100e6, 1e9}, []int64{100e6, 1e9, 10e9})
}

// turns is how many objects of a size are moved, so that small ones are no matter of chance.
func turns(e *Env, size int64) int {
	return int(max(1, pick(e, int64(1e9), 5e9)/size))
}

// sizeName writes a number of bytes in powers of ten.
func sizeName(size int64) string {
	if size >= 1e9 {
		return fmt.Sprintf("%d GB", size/1e9)
	}
	return fmt.Sprintf("%d MB", size/1e6)
}

// perGiB is in seconds.
func perGiB(d time.Duration, size int64) float64 { return d.Seconds() / float64(size) * (1 << 30) }

// noteLarge writes every object that was moved as benchstat's input.
func (e *Env) noteLarge(call string, size int64, f limit.Footprint) {
	for _, t := range f.Turns {
		fmt.Fprintf(e.Rounds, "BenchmarkLarge/call=%q/size=%d 1 %d ns/op %.4f cpu-s/GiB %d B/op %d rss-bytes\n",
			call, size, t.Wall.Nanoseconds(), perGiB(t.CPU, size), t.Allocated, f.Peak)
	}
}
