package main

import (
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

var (
	plainColor = color.RGBA{0xc0, 0x39, 0x2b, 0xff}
	shardColor = color.RGBA{0x1f, 0x5f, 0xa8, 0xff}
)

// writePlot draws what was served, what was refused and the partitions, one below
// the other, over the time.
func writePlot(file string, w world, courses []course) (err error) {
	panels := []struct {
		title string
		value func(sample) float64
	}{
		{fmt.Sprintf("files written per second, of %.0f due", w.due()*w.slower), func(s sample) float64 { return s.served }},
		{"503 SlowDown per second", func(s sample) float64 { return s.refused }},
		{"partitions", func(s sample) float64 { return float64(s.partitions) }},
	}
	var rows [][]*plot.Plot
	for i, panel := range panels {
		p := plot.New()
		p.Title.Text = panel.title
		p.Y.Min = 0
		p.Add(plotter.NewGrid())
		for _, c := range courses {
			line, err := plotter.NewLine(c.points(panel.value))
			if err != nil {
				return err
			}
			line.LineStyle = c.style()
			p.Add(line)
			if i == len(panels)-1 { // where there is room
				p.Legend.Add(c.keys()+", "+c.client, line)
			}
		}
		p.Legend.Left, p.Legend.Padding = true, vg.Points(3)
		p.X.Tick.Marker = plot.TickerFunc(hours)
		rows = append(rows, []*plot.Plot{p})
	}
	canvas := vgsvg.NewWith(vgsvg.UseWH(9*vg.Inch, 9*vg.Inch))
	tiles := draw.Tiles{Rows: len(rows), Cols: 1, PadY: 12, PadTop: 8, PadBottom: 8, PadLeft: 8, PadRight: 8}
	for i, dc := range plot.Align(rows, tiles, draw.New(canvas)) {
		rows[i][0].Draw(dc[0])
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = canvas.WriteTo(f)
	return err
}

// hours labels minutes since midnight.
func hours(from, to float64) []plot.Tick {
	var list []plot.Tick
	for h := math.Ceil(from / 60); h*60 <= to; h++ {
		list = append(list, plot.Tick{Value: h * 60, Label: fmt.Sprintf("%02.0f:00", math.Mod(h+24, 24))})
	}
	return list
}

func (c course) points(value func(sample) float64) plotter.XYs {
	var list plotter.XYs
	for _, s := range c.samples {
		list = append(list, plotter.XY{X: s.minutes, Y: value(s)})
	}
	return list
}

func (c course) style() draw.LineStyle {
	s := draw.LineStyle{Color: plainColor, Width: vg.Points(1.5)}
	if c.shards > 0 {
		s.Color = shardColor
	}
	if c.client != setups[0].client {
		s.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
	}
	return s
}
