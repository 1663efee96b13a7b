package server

import (
	"net/http"
	"strings"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
)

// name returns the repository that the path names, without .git, or "" if nothing can have
// such a name.
func name(r *http.Request) string {
	owner, repo := r.PathValue("owner"), strings.TrimSuffix(r.PathValue("repo"), ".git")
	if !lfs.ValidName(owner) || !lfs.ValidName(repo) {
		return ""
	}
	return owner + "/" + repo
}

// authorize finds out who is asking and what they may do; need is the least. Without
// credentials nothing is learnt: a repository that is missing and one that is private look
// alike, and with wrong ones everything does.
func (c *call) authorize(need auth.Access) (auth.Access, error) {
	repo := name(c.r)
	grant, given, err := c.grant(repo)
	if err != nil {
		return auth.None, err
	}
	if repo == "" {
		grant.Access = auth.None
	}
	c.user, c.repo = grant.User, repo
	return grant.Access, c.must(grant.Access, need, given)
}

// must returns the problem of somebody who has access and needs more.
func (c *call) must(access, need auth.Access, given bool) error {
	switch {
	case access >= need:
		return nil
	case !given:
		return auth.ErrCredentials
	case access == auth.None:
		return &problem{status: http.StatusNotFound, message: "There is no such repository, or you may not see it.", cause: metrics.CauseAccess}
	}
	return &problem{status: http.StatusForbidden, message: "You need " + need.String() + " access to this repository.", cause: metrics.CauseAccess}
}

// grant returns what a request's credentials give: Basic ones, or a session's token.
func (c *call) grant(repo string) (g auth.Grant, given bool, err error) {
	header := c.r.Header.Get("Authorization")
	if token, ok := bearer(header); ok {
		claims, err := c.s.Keys.Verify(token)
		if err != nil {
			return g, true, auth.ErrCredentials
		}
		if claims.For != auth.ForSession || claims.Repository != repo {
			return g, true, wrongToken
		}
		access, err := auth.ParseAccess(claims.Access)
		if err != nil {
			return g, true, wrongToken
		}
		return auth.Grant{User: claims.Subject, Access: access}, true, nil
	}
	user, password, ok := c.r.BasicAuth()
	if !ok && header != "" {
		return g, true, auth.ErrCredentials
	}
	g, err = c.s.Auth.Authorize(c.r.Context(), auth.Credentials{User: user, Password: password, Given: ok}, repo)
	return g, ok, err
}

var wrongToken = &problem{status: http.StatusForbidden, message: "The token is for something else, or has expired.", cause: metrics.CauseToken}

// token returns what the token of an action says, if it is for this request.
func (c *call) token(purpose string) (auth.Claims, error) {
	header := c.r.Header.Get("Authorization")
	if header == "" {
		return auth.Claims{}, auth.ErrCredentials
	}
	token, ok := bearer(header)
	if !ok {
		return auth.Claims{}, wrongToken
	}
	claims, err := c.s.Keys.Verify(token)
	if err != nil || claims.For != purpose || claims.Repository != name(c.r) {
		return auth.Claims{}, wrongToken
	}
	if oid := c.r.PathValue("oid"); oid != "" && oid != claims.OID {
		return auth.Claims{}, wrongToken
	}
	c.user, c.repo = claims.Subject, claims.Repository
	return claims, nil
}

func bearer(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}
