package page

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"code": codeSpans,
	"text": func(c Column, v *float64) string { return c.Text(v) },
	"day":  func(r *Report) string { return r.When.UTC().Format("2006-01-02") },
}).Parse(pageHTML))

// codeSpans escapes text and makes what stands between backquotes code.
func codeSpans(text string) template.HTML {
	var b strings.Builder
	for i, piece := range strings.Split(text, "`") {
		piece = template.HTMLEscapeString(piece)
		if i%2 == 1 {
			piece = "<code>" + piece + "</code>"
		}
		b.WriteString(piece)
	}
	return template.HTML(b.String())
}

// A picture is a chart in both themes, ready for a page.
type picture struct {
	Title       string
	Light, Dark template.HTML
}

// HTML returns the report as a page that needs no other file. It follows the reader's
// choice of dark and light.
func (r *Report) HTML() ([]byte, error) {
	charts := map[string]picture{}
	for _, s := range r.Sections {
		for _, c := range s.Charts {
			light, err := c.SVG(Light)
			if err != nil {
				return nil, err
			}
			dark, err := c.SVG(Dark)
			if err != nil {
				return nil, err
			}
			charts[c.Name] = picture{c.Title, template.HTML(light), template.HTML(dark)}
		}
	}
	n, all := r.reached()
	var b bytes.Buffer
	err := pageTemplate.Execute(&b, map[string]any{"R": r, "Charts": charts, "Lead": r.lead(), "Reached": n, "All": all})
	return b.Bytes(), err
}

// Write writes the report into a directory: README.md, index.html, plots/ and data.json.
// What else is in plots is removed.
func (r *Report) Write(dir string) error {
	html, err := r.HTML()
	if err != nil {
		return err
	}
	plots := filepath.Join(dir, "plots")
	if err := errors.Join(os.RemoveAll(plots), os.MkdirAll(plots, 0o777)); err != nil {
		return err
	}
	for _, s := range r.Sections {
		for _, c := range s.Charts {
			for _, t := range []Theme{Light, Dark} {
				svg, err := c.SVG(t)
				if err != nil {
					return err
				}
				if err := os.WriteFile(filepath.Join(dir, c.file(t)), svg, 0o666); err != nil {
					return err
				}
			}
		}
	}
	for name, content := range map[string][]byte{"README.md": []byte(r.Markdown()), "index.html": html} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			return fmt.Errorf("report: %w", err)
		}
	}
	return r.Save(filepath.Join(dir, "data.json"))
}
