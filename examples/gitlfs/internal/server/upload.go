package server

import (
	"net/http"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/metrics"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// upload takes an object: its bytes go straight into S3, then the row is written.
func (s *Server) upload(c *call) error {
	began := time.Now()
	claims, err := c.token(auth.ForUpload)
	if err != nil {
		return err
	}
	if n := c.r.ContentLength; n >= 0 && n != claims.Size {
		return &problem{status: http.StatusUnprocessableEntity, message: "The body has another length than the object.", cause: metrics.CauseContent}
	}
	release, err := s.uploads.take(c.r.Context())
	if err != nil {
		return err
	}
	defer release()
	repo, known, err := s.locate(c, claims)
	if err != nil {
		return err
	}
	quota := s.quota(repo)
	if !known.Ours && quota > 0 && repo.Bytes+claims.Size > quota {
		return store.ErrQuota
	}
	bytes := s.Metrics.Bytes.WithLabelValues(metrics.Upload)
	body := newProgressBody(c, func(n int) { bytes.Add(float64(n)) })
	ref := store.Reference{Repository: repo.ID, OID: claims.OID, Size: claims.Size, Quota: quota}
	if known.State == store.OK {
		// Somebody has it already. That is no reason to believe that this client does.
		err = s.Content.Check(body, claims.OID, claims.Size)
	} else {
		ref.Key, err = s.Content.Put(c.r.Context(), body, claims.OID, claims.Size)
	}
	if err != nil {
		return err
	}
	if err := s.commit(c, ref); err != nil {
		return err
	}
	s.Metrics.Transfers.WithLabelValues(metrics.Upload).Observe(time.Since(began).Seconds())
	s.Metrics.Sizes.WithLabelValues(metrics.Upload).Observe(float64(claims.Size))
	c.w.Header()["Content-Length"] = []string{"0"}
	c.w.WriteHeader(http.StatusOK)
	return nil
}

// locate returns the repository of a token, which must be the one that it was made for, and
// what is known of the object.
func (s *Server) locate(c *call, claims auth.Claims) (store.Repository, store.Object, error) {
	repo, err := s.Store.Repository(c.r.Context(), claims.Repository)
	if err != nil {
		return repo, store.Object{}, err
	}
	if repo.ID != claims.ID {
		return repo, store.Object{}, store.ErrNotFound // made again under its name
	}
	known, err := s.Store.Objects(c.r.Context(), repo.ID, []string{claims.OID})
	return repo, known[claims.OID], err
}

// commit writes the row of content that is in S3, and removes the copy if it is of no use.
// Whether the commit has been done is not known where the database was away, so the copy then
// stays for gc.
func (s *Server) commit(c *call, ref store.Reference) error {
	key, err := s.Store.Commit(c.r.Context(), ref)
	if err == nil && key != ref.Key && ref.Key != "" {
		if derr := s.Content.Delete(c.r.Context(), ref.Key); derr != nil {
			s.Log.Warn("a second copy was left for gc", "request_id", c.id, "key", ref.Key, "error", derr)
		}
	}
	return err
}
