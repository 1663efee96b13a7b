package page_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// TestInABrowser opens a page in Chromium, and the report that is in the repository: dark
// and light, without errors, with nothing loaded from elsewhere, every chart there once and
// none wider than the page.
func TestInABrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		require.Empty(t, os.Getenv("CI"), "chromium is needed to look at the page")
		t.Skip("chromium is not installed")
	}
	html, err := sample().HTML()
	require.NoError(t, err)
	checkPage(t, chromium, html, 3)
	html, err = os.ReadFile("../../docs/report/index.html")
	require.NoError(t, err)
	checkPage(t, chromium, html, 10)
}

// A look is what a page is like.
type look struct {
	Shown, Hidden, Wide, Loaded int
	Back                        string
}

const looks = `(scheme => {
	const all = [...document.querySelectorAll("figure svg")].map(e => [e, e.getBoundingClientRect()])
	return {
		Shown: all.filter(([e, r]) => e.closest("." + scheme) && r.height > 100).length,
		Hidden: all.filter(([e, r]) => r.height == 0).length,
		Wide: all.filter(([e, r]) => r.right > innerWidth).length,
		Loaded: performance.getEntriesByType("resource").filter(e => !e.name.startsWith("data:")).length,
		Back: getComputedStyle(document.body).backgroundColor,
	}
})`

func checkPage(t *testing.T, chromium string, html []byte, charts int) {
	file := filepath.Join(t.TempDir(), "index.html")
	require.NoError(t, os.WriteFile(file, html, 0o666))
	// It is our own page, and root has no sandbox.
	ctx, cancel := chromedp.NewContext(t.Context(), chromedp.WithAllocatorOptions(chromedp.ExecPath(chromium), chromedp.NoSandbox))
	defer cancel()
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(1000, 1200)))
	console, stop := context.WithCancel(ctx)
	messages := chromedp.Console(console)
	for scheme, back := range map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(13, 17, 23)"} {
		_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		require.NoError(t, err)
		require.NoError(t, chromedp.Do(ctx, chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String())))
		got, err := chromedp.Run(ctx, chromedp.Evaluate[look](looks+`("`+scheme+`")`))
		require.NoError(t, err)
		require.GreaterOrEqual(t, got.Shown, charts, scheme)
		require.Equal(t, look{Shown: got.Shown, Hidden: got.Shown, Back: back}, got, "%s: %d shown, those of the other theme hidden, none too wide, nothing loaded", scheme, got.Shown)
	}
	stop()
	for m, err := range messages {
		if err != nil {
			break // it was stopped
		}
		require.Fail(t, "the page complains", "%v", m)
	}
	require.NoError(t, chromedp.Cancel(ctx))
}
