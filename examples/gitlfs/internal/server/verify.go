package server

import (
	"net/http"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/auth"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/lfs"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

// verify says whether an object has arrived. One that went to S3 directly becomes the
// repository's here.
func (s *Server) verify(c *call) error {
	claims, err := c.token(auth.ForVerify)
	if err != nil {
		return err
	}
	var o lfs.Object
	if err := c.read(&o, false); err != nil {
		return err
	}
	if o.OID != claims.OID || o.Size != claims.Size {
		if lfs.ValidOID(o.OID) && o.OID != claims.OID {
			return wrongToken
		}
		return invalid("The object is not the one of this token.")
	}
	repo, known, err := s.locate(c, claims)
	if err != nil {
		return err
	}
	if known.Ours && known.State == store.OK {
		return c.reply(http.StatusOK, o) // a repeated request, too
	}
	if claims.Key == "" {
		return missing("The object has not arrived.")
	}
	ref := store.Reference{Repository: repo.ID, OID: claims.OID, Size: claims.Size, Quota: s.quota(repo)}
	if ref.Key, err = s.Content.Adopt(c.r.Context(), claims.Key, claims.OID, claims.Size); err != nil {
		return err
	}
	if err := s.commit(c, ref); err != nil {
		return err
	}
	if err := s.Content.Delete(c.r.Context(), claims.Key); err != nil {
		s.Log.Warn("a staged object was left for the janitor", "request_id", c.id, "key", claims.Key, "error", err)
	}
	return c.reply(http.StatusOK, o)
}
