package main

import (
	"bufio"
	"context"
	"image"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// start runs the program and returns the URLs that it logs, of its services and
// of pictures to try, and a function that ends it and returns its error.
func start(t *testing.T, args ...string) (urls map[string]string, pictures []string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	logs, stderr := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := command(ctx, append([]string{"-addr", "127.0.0.1:0", "-pprof", "127.0.0.1:0"}, args...), stderr)
		stderr.Close()
		done <- err
	}()
	stop = func() error {
		cancel()
		go io.Copy(io.Discard, logs)
		return <-done
	}

	service := regexp.MustCompile(`msg=(profiles|serving) url=(http://[^/]+)`)
	try := regexp.MustCompile(`msg=try url="?([^"]+)"?$`)
	urls = map[string]string{}
	for lines := bufio.NewScanner(logs); len(pictures) < 3; {
		if !lines.Scan() {
			t.Fatal("the program ended: ", stop())
		}
		if m := service.FindStringSubmatch(lines.Text()); m != nil {
			urls[m[1]] = m[2]
		}
		if m := try.FindStringSubmatch(lines.Text()); m != nil {
			pictures = append(pictures, m[1])
		}
	}
	return urls, pictures, stop
}

func TestProgram(t *testing.T) {
	for name, args := range map[string][]string{"client": nil, "manager": {"-manager"}, "stock": {"-stock"}} {
		t.Run(name, func(t *testing.T) {
			urls, pictures, stop := start(t, args...)
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			for _, url := range pictures {
				resp, err := client.Get(url)
				require.NoError(t, err)
				cfg, _, err := image.DecodeConfig(resp.Body)
				resp.Body.Close()
				require.NoError(t, err, url)
				require.Equal(t, 320, cfg.Width, url)
			}
			resp, err := client.Get(urls["profiles"] + "/debug/pprof/goroutine?debug=1")
			require.NoError(t, err)
			resp.Body.Close()
			require.Equal(t, http.StatusOK, resp.StatusCode)
			resp, err = client.Get(urls["serving"] + "/debug/pprof/")
			require.NoError(t, err)
			resp.Body.Close()
			require.Equal(t, http.StatusNotFound, resp.StatusCode, "the API shows profiles")

			require.NoError(t, stop())
			_, err = client.Get(urls["serving"])
			require.Error(t, err, "it still answers")
		})
	}
}

func TestBadFlags(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want string
	}{
		"unknown":       {[]string{"-nonsense"}, "not defined"},
		"both":          {[]string{"-manager", "-stock"}, "exclude each other"},
		"public pprof":  {[]string{"-addr", "127.0.0.1:0", "-pprof", ":6060"}, "not a loopback address"},
		"pprof no port": {[]string{"-addr", "127.0.0.1:0", "-pprof", "localhost"}, "missing port"},
		"bad address":   {[]string{"-addr", "nowhere"}, "missing port"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr strings.Builder
			require.ErrorContains(t, command(t.Context(), tc.args, &stderr), tc.want)
		})
	}
}
