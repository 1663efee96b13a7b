package page_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/page"
)

const root = "../.."

// TestDocumentsShowTheReport: every figure that the documents show is in the report's data,
// and stands where it is drawn from there. After a new report, or after a change of a
// document, go run ./bench/cmd/report -draw fills them.
func TestDocumentsShowTheReport(t *testing.T) {
	r, err := page.Load(filepath.Join(root, "docs/report/data.json"))
	require.NoError(t, err)
	for _, name := range page.Documents() {
		doc := read(t, name)
		filled, err := r.Fill(doc)
		require.NoError(t, err, name)
		require.True(t, doc == filled, "%s shows other figures than the report: go run ./bench/cmd/report -draw", name)
		require.Empty(t, page.Figures(doc), "%s has figures that no report gives", name)
		for line := range strings.Lines(doc) {
			if strings.HasPrefix(line, "|") {
				require.LessOrEqual(t, len([]rune(line)), 121, "%s: %s", name, line)
			}
		}
		for _, m := range regexp.MustCompile(`(?:src|srcset)="(docs/[^"]+)"`).FindAllStringSubmatch(doc, -1) {
			require.FileExists(t, filepath.Join(root, m[1]), name)
		}
	}
}

// TestReadmesAreInStep: the Japanese README has the sections, the code and the figures of
// the English one.
func TestReadmesAreInStep(t *testing.T) {
	english, japanese := read(t, "README.md"), read(t, "README.ja.md")
	for what, re := range map[string]*regexp.Regexp{
		"code blocks":       regexp.MustCompile("(?s)```.*?```"),
		"tables of figures": regexp.MustCompile(`(?s)<!-- report:.*?<!-- end -->`),
		"pictures":          regexp.MustCompile(`(?:src|srcset)="[^"]+"`),
	} {
		require.Equal(t, re.FindAllString(english, -1), re.FindAllString(japanese, -1), what)
	}
	links := regexp.MustCompile(`\]\([A-Za-z][^)]*\)`)
	require.Equal(t, links.FindAllString(strings.ReplaceAll(english, "(README.ja.md)", "(README.md)"), -1), links.FindAllString(japanese, -1), "links")
	heading := regexp.MustCompile(`(?m)^#+ .*$`)
	var levels [2][]string
	for i, doc := range []string{english, japanese} {
		for _, h := range heading.FindAllString(page.Prose(doc), -1) {
			levels[i] = append(levels[i], h[:strings.Index(h, " ")])
		}
	}
	require.Equal(t, levels[0], levels[1], "headings")
	require.Equal(t, strings.Count(english, "\n|"), strings.Count(japanese, "\n|"), "rows of tables")
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, name))
	require.NoError(t, err)
	return string(b)
}
