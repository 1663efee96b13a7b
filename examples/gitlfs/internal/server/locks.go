package server

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

func wire(l store.Lock) lfs.Lock {
	return lfs.Lock{
		ID: strconv.FormatInt(l.ID, 10), Path: l.Path, LockedAt: l.LockedAt.Truncate(time.Second), Owner: lfs.Owner{Name: l.Owner},
	}
}

// createLock locks a path, for everybody but its owner.
func (s *Server) createLock(c *call) error {
	if err := c.mayLock(); err != nil {
		return err
	}
	var req lfs.LockRequest
	if err := c.read(&req, false); err != nil {
		return err
	}
	if err := lfs.CheckPath(req.Path); err != nil {
		return invalid(sentence(err))
	}
	repo, _, err := s.Store.EnsureRepository(c.r.Context(), c.repo)
	if err != nil {
		return err
	}
	l, fresh, err := s.Store.CreateLock(c.r.Context(), repo.ID, req.Path, c.user)
	switch {
	case err != nil:
		return err
	case !fresh:
		s.Metrics.Locks.WithLabelValues("conflict").Inc()
		message := "The path is locked by " + l.Owner + "."
		return &problem{status: http.StatusConflict, message: message, body: lfs.LockResponse{Lock: wire(l), Message: message, RequestID: c.id}}
	}
	s.Metrics.Locks.WithLabelValues("created").Inc()
	return c.reply(http.StatusCreated, lfs.LockResponse{Lock: wire(l)})
}

// mayLock refuses those who have no name, too: a lock has an owner.
func (c *call) mayLock() error {
	if _, err := c.authorize(auth.Write); err != nil {
		return err
	}
	if c.user == "" {
		return auth.ErrCredentials
	}
	return nil
}

// listLocks lists locks, page by page.
func (s *Server) listLocks(c *call) error {
	if _, err := c.authorize(auth.Read); err != nil {
		return err
	}
	if err := c.read(nil, true); err != nil {
		return err
	}
	query, err := url.ParseQuery(c.r.URL.RawQuery)
	if err != nil {
		return invalid("The query cannot be read.")
	}
	q := store.LockQuery{}
	if path := query.Get("path"); path != "" {
		if err := lfs.CheckPath(path); err != nil {
			return invalid(sentence(err))
		}
		q.Path = path
	}
	if q.Limit, err = lfs.ParseLimit(query.Get("limit")); err != nil {
		return invalid(sentence(err))
	}
	if q.After, err = lfs.Cursor(query.Get("cursor")); err != nil {
		return invalid(sentence(err))
	}
	if id := query.Get("id"); id != "" {
		if q.ID, err = lfs.LockID(id); err != nil {
			return c.reply(http.StatusOK, lfs.LockList{Locks: []lfs.Lock{}})
		}
	}
	locks, next, err := c.page(q)
	if err != nil {
		return err
	}
	out := lfs.LockList{Locks: []lfs.Lock{}, NextCursor: next}
	for _, l := range locks {
		out.Locks = append(out.Locks, wire(l))
	}
	return c.reply(http.StatusOK, out)
}

// verifyLocks lists all locks before a push, sorted by whose they are.
func (s *Server) verifyLocks(c *call) error {
	if err := c.mayLock(); err != nil {
		return err
	}
	var req lfs.VerifyLocksRequest
	err := c.read(&req, true)
	if err != nil {
		return err
	}
	q := store.LockQuery{}
	if q.Limit, err = lfs.Limit(req.Limit); err != nil {
		return invalid(sentence(err))
	}
	if q.After, err = lfs.Cursor(req.Cursor); err != nil {
		return invalid(sentence(err))
	}
	locks, next, err := c.page(q)
	if err != nil {
		return err
	}
	out := lfs.VerifiedLocks{Ours: []lfs.Lock{}, Theirs: []lfs.Lock{}, NextCursor: next}
	for _, l := range locks {
		if l.Owner == c.user {
			out.Ours = append(out.Ours, wire(l))
		} else {
			out.Theirs = append(out.Theirs, wire(l))
		}
	}
	return c.reply(http.StatusOK, out)
}

// page returns a page of the repository's locks, and the cursor of the next one.
func (c *call) page(q store.LockQuery) ([]store.Lock, string, error) {
	repo, err := c.s.Store.Repository(c.r.Context(), c.repo)
	if errors.Is(err, store.ErrNotFound) {
		return nil, "", nil // nobody has pushed to it yet
	}
	if err != nil {
		return nil, "", err
	}
	q.Repository = repo.ID
	locks, more, err := c.s.Store.Locks(c.r.Context(), q)
	if err != nil || !more {
		return locks, "", err
	}
	return locks, strconv.FormatInt(locks[len(locks)-1].ID, 10), nil
}

// releaseLock releases a lock: one's own, or by force another's.
func (s *Server) releaseLock(c *call) error {
	if err := c.mayLock(); err != nil {
		return err
	}
	var req lfs.UnlockRequest
	if err := c.read(&req, true); err != nil {
		return err
	}
	id, err := lfs.LockID(c.r.PathValue("id"))
	if err != nil {
		return missing("There is no such lock.")
	}
	force := req.Force
	if force && s.ForceNeedsAdmin {
		access, err := c.authorize(auth.Write)
		if err != nil {
			return err
		}
		force = access >= auth.Admin
	}
	repo, err := s.Store.Repository(c.r.Context(), c.repo)
	if err != nil {
		return err
	}
	l, err := s.Store.ReleaseLock(c.r.Context(), repo.ID, id, c.user, force)
	switch {
	case errors.Is(err, store.ErrNotOwner):
		message := "The lock is " + l.Owner + "'s."
		if req.Force {
			message += " Only admins release it by force."
		}
		return &problem{status: http.StatusForbidden, message: message}
	case errors.Is(err, store.ErrNotFound):
		return missing("There is no such lock.")
	case err != nil:
		return err
	}
	change := "released"
	if l.Owner != c.user {
		change = "forced"
	}
	s.Metrics.Locks.WithLabelValues(change).Inc()
	return c.reply(http.StatusOK, lfs.LockResponse{Lock: wire(l)})
}
