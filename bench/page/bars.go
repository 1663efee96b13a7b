package page

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// bars draws horizontal bars: a group for each category, in it a bar for each series. X is
// the values' axis. A logarithmic axis has no zero, so that its bars begin at a round value
// below the least. It returns the height of the picture.
func (c Chart) bars(p *plot.Plot, t Theme) (vg.Length, error) {
	least, most := math.Inf(1), 0.0
	for _, s := range c.Series {
		for _, v := range s.Y {
			if v > 0 {
				least, most = min(least, v), max(most, v)
			}
		}
	}
	from := 0.0
	if c.X.Log {
		from = math.Pow(10, math.Floor(math.Log10(least/1.2)))
	}
	p.X.Min, p.X.Max = from, most*1.02
	if c.X.Log {
		p.X.Max = most * 1.8
	} else {
		p.X.Max = most * 1.15
	}
	c.grid(p, t)

	const group = 1.0
	step := group / float64(len(c.Series)+1)
	colors := t.colors(c.Series)
	var names []plot.Tick
	var texts plotter.XYLabels
	for k, category := range c.Categories {
		top := float64(len(c.Categories)-k) * group
		names = append(names, plot.Tick{Value: top - step*float64(len(c.Series)-1)/2, Label: category + gap})
		for i, s := range c.Series {
			v := s.Y[k]
			if !(v > 0) {
				v = from
			}
			y := top - step*float64(i)
			line, err := plotter.NewLine(plotter.XYs{{X: from, Y: y}, {X: v, Y: y}})
			if err != nil {
				return 0, err
			}
			line.Color, line.Width = colors[i], barWidth
			if len(c.Series) == 1 {
				line.Color = t.Muted
				if slices.Contains(c.Ours, category) {
					line.Color = t.Ours[0]
				}
			}
			p.Add(line)
			if k == 0 && len(c.Series) > 1 {
				p.Legend.Add(s.Name, line)
			}
			texts.XYs = append(texts.XYs, plotter.XY{X: v, Y: y})
			texts.Labels = append(texts.Labels, short(s.Y[k]))
		}
	}
	labels, err := plotter.NewLabels(texts)
	if err != nil {
		return 0, err
	}
	for i := range labels.TextStyle {
		labels.TextStyle[i].Color, labels.TextStyle[i].Font = t.Ink, sans(9)
		labels.TextStyle[i].YAlign = -0.5
	}
	labels.Offset = vg.Point{X: 4}
	p.Add(labels)
	p.Y.Min, p.Y.Max = 0.4, float64(len(c.Categories))*group+0.6
	p.Y.Tick.Marker = plot.ConstantTicks(names)
	p.Y.Tick.Length, p.Y.Padding, p.Y.LineStyle.Width = 0, 0, 0
	rows := len(c.Categories) * (len(c.Series) + 1)
	return vg.Length(rows)*(barWidth+4) + 110, nil
}

const barWidth = 9

// gap stands between a category's name and its bar. It is wider than it looks: the page's
// reader may have a wider font than the one that the names are measured with.
const gap = "      "

// short formats v in three digits.
func short(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 100:
		return number(math.Round(v))
	case v >= 10:
		return number(math.Round(v*10) / 10)
	case v >= 0.01:
		return number(math.Round(v*1000) / 1000)
	default:
		return number(math.Round(v*1e5) / 1e5)
	}
}
