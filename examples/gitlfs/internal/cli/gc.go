package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

type gcCmd struct {
	Grace     time.Duration `default:"24h" help:"How long nobody must have had content."`
	CopyGrace time.Duration `default:"24h" help:"How old a copy must be that no row names. An upload whose row is about to be written looks like one: longer than any upload takes."`
	DryRun    bool          `help:"Say what would be deleted, and delete nothing."`
	Delete    []string      `help:"Repositories to delete first: OWNER/REPO." placeholder:"OWNER/REPO"`
}

const gcPage = 1000

// Run implements the command.
func (c *gcCmd) Run(e *env) (err error) {
	s3, err := e.openS3()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s3.close(e.log)) }()
	return e.withStore(func(s *store.Store) error {
		before := time.Now().Add(-c.Grace)
		for _, name := range c.Delete {
			r, err := s.Repository(e.ctx, name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			fmt.Fprintf(e.stdout, "repository %s: %d bytes\n", name, r.Bytes)
			if c.DryRun {
				continue
			}
			if err := s.DeleteRepository(e.ctx, r.ID); err != nil {
				return err
			}
		}
		objects, err := c.objects(e, s, s3, before)
		if err != nil {
			return err
		}
		copies, err := c.copies(e, s, s3, time.Now().Add(-c.CopyGrace))
		fmt.Fprintf(e.stdout, "%d objects, %d copies\n", objects, copies)
		return err
	})
}

// objects deletes content that no repository has: first it is marked, so that no reference can
// be made to this copy any more, then it is deleted, then forgotten.
func (c *gcCmd) objects(e *env, s *store.Store, s3 *s3Deps, before time.Time) (n int, err error) {
	for after := ""; ; {
		list, err := s.Unreferenced(e.ctx, before, after, gcPage)
		if err != nil || len(list) == 0 {
			return n, err
		}
		for _, o := range list {
			after = o.OID
			if !c.DryRun {
				ok, err := s.Condemn(e.ctx, o)
				if err != nil {
					return n, err
				}
				if !ok {
					continue
				}
				if err := s3.content.Delete(e.ctx, o.Key); err != nil {
					return n, err
				}
				if err := s.Forget(e.ctx, o); err != nil {
					return n, err
				}
			}
			n++
			fmt.Fprintf(e.stdout, "object %s: %d bytes\n", o.OID, o.Size)
		}
	}
}

// copies deletes what is in S3 and no row names: second copies, those that were replaced, and
// those of uploads whose row was never written.
func (c *gcCmd) copies(e *env, s *store.Store, s3 *s3Deps, before time.Time) (n int, err error) {
	err = s3.content.Old(e.ctx, before, func(keys []string) error {
		known, err := s.KnownKeys(e.ctx, keys)
		if err != nil {
			return err
		}
		for _, key := range keys {
			if known[key] {
				continue
			}
			n++
			fmt.Fprintf(e.stdout, "copy %s\n", key)
			if c.DryRun {
				continue
			}
			if err := s3.content.Delete(e.ctx, key); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
