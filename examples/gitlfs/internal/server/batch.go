package server

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// batch answers how to transfer objects. It is three statements at most, one of them for who
// is asking, and no request to S3.
func (s *Server) batch(c *call) error {
	access, err := c.authorize(auth.Read)
	if err != nil {
		return err
	}
	var req lfs.BatchRequest
	if err := c.read(&req, false); err != nil {
		return err
	}
	if len(req.Objects) > lfs.MaxObjects {
		return &problem{status: http.StatusRequestEntityTooLarge, message: fmt.Sprintf("A batch has %d objects at most.", lfs.MaxObjects), cause: metrics.CauseSize}
	}
	var repo store.Repository
	var known map[string]store.Object
	switch req.Operation {
	case lfs.Upload:
		if err := c.must(access, auth.Write, c.user != ""); err != nil {
			return err
		}
		var fresh bool
		if repo, fresh, err = s.Store.EnsureRepository(c.r.Context(), c.repo); err != nil {
			return err
		}
		if !fresh {
			known, err = s.Store.Objects(c.r.Context(), repo.ID, oids(req.Objects))
		}
	case lfs.Download:
		repo, err = s.Store.Repository(c.r.Context(), c.repo)
		if errors.Is(err, store.ErrNotFound) {
			err = nil // nobody has pushed to it yet
		} else if err == nil {
			known, err = s.Store.Objects(c.r.Context(), repo.ID, oids(req.Objects))
		}
	default:
		return invalid("The operation is neither upload nor download.")
	}
	if err != nil {
		return err
	}
	b := &batch{c: c, repo: repo, base: c.base(), room: -1}
	if quota := s.quota(repo); quota > 0 {
		b.room = max(quota-repo.Bytes, 0)
	}
	out := lfs.BatchResponse{Transfer: "basic", HashAlgo: "sha256", Objects: make([]lfs.ObjectResponse, 0, len(req.Objects))}
	for _, o := range req.Objects {
		r, err := b.object(req, o, known[o.OID])
		if err != nil {
			return err
		}
		out.Objects = append(out.Objects, r)
	}
	return c.reply(http.StatusOK, out)
}

func oids(objects []lfs.Object) []string {
	var list []string
	for _, o := range objects {
		if lfs.ValidOID(o.OID) {
			list = append(list, o.OID)
		}
	}
	return list
}

// quota returns a repository's quota, 0 for none.
func (s *Server) quota(r store.Repository) int64 {
	if r.Quota.Valid {
		return r.Quota.Int64
	}
	return s.Quota
}

// A batch is one answer on its way.
type batch struct {
	c    *call
	repo store.Repository
	base string
	room int64 // bytes left of the quota; negative means any
}

// object answers for one object.
func (b *batch) object(req lfs.BatchRequest, o lfs.Object, known store.Object) (lfs.ObjectResponse, error) {
	s := b.c.s
	refuse := func(code int, cause, message string) (lfs.ObjectResponse, error) {
		s.Metrics.Refusals.WithLabelValues(cause).Inc()
		return o.Fail(code, message), nil
	}
	switch {
	case req.HashAlgo != "" && req.HashAlgo != "sha256":
		return refuse(http.StatusConflict, metrics.CauseInvalid, "Objects are named by their sha256.")
	case !lfs.ValidOID(o.OID):
		return refuse(http.StatusUnprocessableEntity, metrics.CauseInvalid, "The oid is not a SHA-256 in lower case.")
	case o.Size < 0:
		return refuse(http.StatusUnprocessableEntity, metrics.CauseInvalid, "The size is negative.")
	case known.Ours && known.Size != o.Size:
		return refuse(http.StatusUnprocessableEntity, metrics.CauseInvalid, fmt.Sprintf("The object has %d bytes.", known.Size))
	}
	if req.Operation == lfs.Download {
		if !known.Ours || known.State == store.Lost || known.State == store.Deleting {
			return o.Fail(http.StatusNotFound, "The repository does not have this object."), nil
		}
		a, err := b.action(auth.ForDownload, o, "/content/"+o.OID, "")
		return lfs.ObjectResponse{Object: o, Authenticated: true, Actions: map[string]lfs.Action{"download": a}}, err
	}
	if known.Ours && known.State == store.OK {
		return lfs.ObjectResponse{Object: o}, nil
	}
	if o.Size > s.MaxObject {
		return refuse(http.StatusUnprocessableEntity, metrics.CauseSize, fmt.Sprintf("Objects have %d bytes at most.", s.MaxObject))
	}
	if b.room >= 0 && !known.Ours {
		if o.Size > b.room {
			return refuse(http.StatusInsufficientStorage, metrics.CauseQuota, "The repository's quota has no room for this object.")
		}
		b.room -= o.Size
	}
	return b.offerUpload(o)
}

func (b *batch) offerUpload(o lfs.Object) (lfs.ObjectResponse, error) {
	s := b.c.s
	r := lfs.ObjectResponse{Object: o, Authenticated: true, Actions: map[string]lfs.Action{}}
	staged := ""
	if s.Content.CanPresign() && s.PresignAbove > 0 && o.Size > s.PresignAbove && o.Size <= content.MaxPresigned {
		p, err := s.Content.Presign(b.c.r.Context(), b.repo.ID, o.OID, o.Size, s.TokenTTL)
		if err != nil {
			return r, err
		}
		staged = p.Key
		r.Actions["upload"] = lfs.Action{Href: p.URL, Header: p.Header, ExpiresIn: seconds(s.TokenTTL)}
	} else {
		a, err := b.action(auth.ForUpload, o, "/content/"+o.OID, "")
		if err != nil {
			return r, err
		}
		r.Actions["upload"] = a
	}
	if staged != "" || s.VerifyProxied {
		a, err := b.action(auth.ForVerify, o, "/verify", staged)
		if err != nil {
			return r, err
		}
		r.Actions["verify"] = a
	}
	return r, nil
}

// action returns a request to this server, with a token that is good for it alone.
func (b *batch) action(purpose string, o lfs.Object, path, staged string) (lfs.Action, error) {
	s := b.c.s
	token, err := s.Keys.Sign(auth.Claims{
		For: purpose, Repository: b.c.repo, ID: b.repo.ID, OID: o.OID, Size: o.Size, Key: staged,
	}, b.c.user, s.TokenTTL)
	return lfs.Action{
		Href:      b.base + path,
		Header:    map[string]string{"Authorization": "Bearer " + token},
		ExpiresIn: seconds(s.TokenTTL),
	}, err
}

func seconds(d time.Duration) int { return int(d / time.Second) }
