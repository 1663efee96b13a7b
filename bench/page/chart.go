package page

import (
	"bytes"
	"fmt"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

func (c Chart) file(t Theme) string { return "plots/" + c.Name + "." + t.Name + ".svg" }

// The width of all pictures, and of a legend, in points.
const (
	width       = 640
	legendWidth = 120
)

// SVG draws the chart.
func (c Chart) SVG(t Theme) ([]byte, error) {
	p := plot.New()
	c.frame(p, t)
	height := vg.Length(320)
	var err error
	if c.Categories != nil {
		height, err = c.bars(p, t)
	} else {
		err = c.lines(p, t)
	}
	if err != nil {
		return nil, fmt.Errorf("chart %s: %w", c.Name, err)
	}
	canvas := vgsvg.NewWith(vgsvg.UseWH(width, height))
	right := vg.Length(12)
	if len(c.Series) > 1 {
		// The legend stands beside the chart, where it covers nothing.
		right += legendWidth
		p.Legend.XOffs = legendWidth
	}
	p.Draw(draw.Crop(draw.New(canvas), 6, -right, 6, -6))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return nil, err
	}
	// Without the XML declaration, which has no place inside HTML.
	svg := b.Bytes()
	svg = svg[bytes.Index(svg, []byte("<svg")):]
	// Arial has the widths that the text was measured with, and is where the other is not.
	return bytes.ReplaceAll(svg, []byte("font-family:Liberation Sans"), []byte("font-family:'Liberation Sans',Arial,Helvetica,sans-serif")), nil
}

func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

// frame sets what all charts have.
func (c Chart) frame(p *plot.Plot, t Theme) {
	p.BackgroundColor = t.Back
	p.Title.Text = c.Title
	p.Title.TextStyle.Color = t.Ink
	p.Title.TextStyle.Font = sans(13)
	p.Title.Padding = 8
	p.Legend.TextStyle.Color = t.Ink
	p.Legend.TextStyle.Font = sans(10)
	p.Legend.Top = true
	p.Legend.Padding = 2
	for _, a := range []struct {
		axis *plot.Axis
		from Axis
	}{{&p.X, c.X}, {&p.Y, c.Y}} {
		a.axis.Label.Text = a.from.Label
		a.axis.Label.TextStyle.Color = t.Muted
		a.axis.Label.TextStyle.Font = sans(10)
		a.axis.Tick.Label.Color = t.Muted
		a.axis.Tick.Label.Font = sans(9)
		a.axis.Tick.Color = t.Grid
		a.axis.Color = t.Muted
		a.axis.Tick.Marker = plot.TickerFunc(plainTicks)
		if a.from.Log {
			a.axis.Scale = plot.LogScale{}
			a.axis.Tick.Marker = plot.TickerFunc(logTicks)
		}
	}
}

func (c Chart) grid(p *plot.Plot, t Theme) {
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = t.Grid, t.Grid
	if c.Categories != nil {
		grid.Horizontal.Color = nil
	}
	p.Add(grid)
}

// lines draws one line for each series.
func (c Chart) lines(p *plot.Plot, t Theme) error {
	c.grid(p, t)
	colors := t.colors(c.Series)
	most := 0.0
	for i, s := range c.Series {
		var points plotter.XYs
		for k := range s.Y {
			points = append(points, plotter.XY{X: s.X[k], Y: s.Y[k]})
			most = max(most, s.Y[k])
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return err
		}
		line.Color, line.Width = colors[i], 1.5
		if s.Ours {
			line.Width = 2.5
		}
		if s.Dashed {
			line.Dashes = []vg.Length{5, 3}
		}
		p.Add(line)
		p.Legend.Add(s.Name, line)
	}
	if !c.Y.Log {
		p.Y.Min, p.Y.Max = 0, most*1.1
	} else {
		p.Y.Max *= 1.5
	}
	return c.marks(p, t)
}

// marks draws a line at each mark, with its label beside it.
func (c Chart) marks(p *plot.Plot, t Theme) error {
	for _, m := range c.Marks {
		points := plotter.XYs{{X: m.X, Y: p.Y.Min}, {X: m.X, Y: p.Y.Max}}
		at := plotter.XY{X: m.X, Y: p.Y.Max}
		below := vg.Length(-12)
		if m.Level {
			p.Y.Max = max(p.Y.Max, m.Y*1.1)
			points = plotter.XYs{{X: p.X.Min, Y: m.Y}, {X: p.X.Max, Y: m.Y}}
			at, below = plotter.XY{X: p.X.Min, Y: m.Y}, 3
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			return err
		}
		line.Color, line.Width, line.Dashes = t.Ink, 1, []vg.Length{3, 3}
		labels, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{at}, Labels: []string{m.Label}})
		if err != nil {
			return err
		}
		labels.TextStyle[0].Color, labels.TextStyle[0].Font = t.Ink, sans(10)
		labels.Offset = vg.Point{X: 5, Y: below}
		p.Add(line, labels)
	}
	return nil
}

// plainTicks are those of gonum without an exponent.
func plainTicks(from, to float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(from, to)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = number(ticks[i].Value)
		}
	}
	return ticks
}

// logTicks are at 1, 2 and 5 of each power of ten, or at the powers alone if there are many.
func logTicks(from, to float64) []plot.Tick {
	steps := []float64{1, 2, 5}
	if math.Log10(to/from) > 3 {
		steps = []float64{1}
	}
	var list []plot.Tick
	for e := math.Floor(math.Log10(from)); math.Pow(10, e) <= to; e++ {
		for _, s := range steps {
			if v := s * math.Pow(10, e); v >= from*0.999 && v <= to*1.001 {
				list = append(list, plot.Tick{Value: v, Label: number(v)})
			}
		}
	}
	return list
}

// number formats v in as few digits as it takes.
func number(v float64) string {
	if math.Abs(v) < 1e-12 {
		return "0"
	}
	return strconv.FormatFloat(math.Round(v*1e9)/1e9, 'f', -1, 64)
}
