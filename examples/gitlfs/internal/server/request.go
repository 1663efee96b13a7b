package server

import (
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
)

// read reads a request in JSON. No body at all is an empty request where that makes sense.
func (c *call) read(into any, mayBeEmpty bool) error {
	if !acceptsJSON(c.r.Header.Values("Accept")) {
		return &problem{status: http.StatusNotAcceptable, message: "The answer would be " + lfs.MediaType + ".", cause: metrics.CauseInvalid}
	}
	if into == nil {
		return nil
	}
	body := newProgressBody(c, func(int) {})
	data, err := io.ReadAll(http.MaxBytesReader(c.w, body, maxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem{status: http.StatusRequestEntityTooLarge, message: "The request is larger than 4 MiB.", cause: metrics.CauseSize, err: err}
	}
	if err != nil {
		return &problem{status: http.StatusUnprocessableEntity, message: "The request broke off.", cause: metrics.CauseInvalid, err: err}
	}
	if mayBeEmpty && len(data) == 0 {
		return nil
	}
	if err := lfs.Decode(data, into); err != nil {
		return invalid(sentence(err))
	}
	return nil
}

// sentence makes a sentence of an error of package lfs, which are for the client.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

// acceptsJSON reports whether a client takes our answers: it does unless what it lists
// excludes all JSON. What cannot be read excludes nothing.
func acceptsJSON(accept []string) bool {
	listed := false
	for _, line := range accept {
		for item := range strings.SplitSeq(line, ",") {
			if item = strings.TrimSpace(item); item == "" {
				continue
			}
			kind, params, err := mime.ParseMediaType(item)
			if err != nil {
				kind, _, _ = strings.Cut(item, ";")
				kind = strings.ToLower(strings.TrimSpace(kind))
			}
			listed = true
			if q, err := strconv.ParseFloat(params["q"], 64); err == nil && q <= 0 {
				continue
			}
			switch {
			case kind == "*/*", kind == "*", kind == "application/*", kind == "application/json",
				strings.HasPrefix(kind, "application/") && strings.HasSuffix(kind, "+json"):
				return true
			}
		}
	}
	return !listed
}

// base returns the URL of a repository's API as its clients see it.
func (c *call) base() string {
	repo := "/" + c.repo + "/info/lfs"
	if u := c.s.PublicURL; u != nil {
		return u.Scheme + "://" + u.Host + c.s.prefix() + repo
	}
	scheme, host := "http", c.r.Host
	if c.r.TLS != nil {
		scheme = "https"
	}
	if c.s.trusts(c.r.RemoteAddr) {
		if v := last(c.r.Header, "X-Forwarded-Proto"); v == "http" || v == "https" {
			scheme = v
		}
		if v := last(c.r.Header, "X-Forwarded-Host"); v != "" {
			host = v
		}
	}
	// What is not a host makes no URL. net/http has looked at Host, and a proxy's header may
	// have come through it from a client.
	if u, err := url.Parse(scheme + "://" + host); err != nil || u.Host != host || host == "" || u.User != nil {
		host = "localhost"
	}
	return scheme + "://" + host + repo
}

// last returns the value that the proxy before us has written: the last one.
func last(h http.Header, name string) string {
	lines := h.Values(name)
	if len(lines) == 0 {
		return ""
	}
	parts := strings.Split(lines[len(lines)-1], ",")
	return strings.TrimSpace(parts[len(parts)-1])
}

// trusts reports whether addr is a proxy of ours.
func (s *Server) trusts(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range s.TrustedProxies {
		if p.Contains(ip.Unmap()) {
			return true
		}
	}
	return false
}

// clientAddr returns the address of the client, behind the proxies that we trust.
func (s *Server) clientAddr(r *http.Request) string {
	if s.trusts(r.RemoteAddr) {
		if v := last(r.Header, "X-Forwarded-For"); v != "" {
			if ip, err := netip.ParseAddr(v); err == nil {
				return ip.String()
			}
		}
	}
	host, _, _ := net.SplitHostPort(r.RemoteAddr)
	return host
}
