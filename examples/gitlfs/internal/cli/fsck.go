package cli

import (
	"errors"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/s3pool/s3pool/examples/gitlfs/internal/content"
	"github.com/s3pool/s3pool/examples/gitlfs/internal/store"
)

type fsckCmd struct {
	Repository string `arg:"" optional:"" help:"Only what this repository has."`
	DryRun     bool   `help:"Say what is wrong, and mark nothing."`
	Jobs       int    `default:"4" help:"Objects that are read at a time."`
}

const fsckPage = 500

// Run implements the command. What is wrong is marked, and the next push brings it again; what
// was marked and is right is marked so.
func (c *fsckCmd) Run(e *env) (err error) {
	if c.Jobs < 1 {
		return errors.New("--jobs must be positive")
	}
	s3, err := e.openS3()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s3.close(e.log)) }()
	return e.withStore(func(s *store.Store) error {
		repository := ""
		if c.Repository != "" {
			r, err := s.Repository(e.ctx, c.Repository)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Repository, err)
			}
			repository = r.ID
		}
		var checked, wrong atomic.Int64
		for after := ""; ; {
			list, err := s.AllObjects(e.ctx, repository, after, fsckPage)
			if err != nil {
				return err
			}
			if len(list) == 0 {
				break
			}
			after = list[len(list)-1].OID
			g, ctx := errgroup.WithContext(e.ctx)
			g.SetLimit(c.Jobs)
			for _, o := range list {
				g.Go(func() error {
					state := store.OK
					err := s3.content.Rehash(ctx, o.Key, o.OID, o.Size)
					switch {
					case content.IsMissing(err):
						state = store.Lost
					case errors.Is(err, content.ErrContent):
						state = store.Suspect
					case err != nil:
						return fmt.Errorf("%s: %w", o.OID, err)
					}
					checked.Add(1)
					if state != store.OK {
						wrong.Add(1)
						e.log.Error("content is wrong", "oid", o.OID, "key", o.Key, "state", state, "error", err)
					}
					if state == o.State || c.DryRun {
						return nil
					}
					return s.Mark(ctx, o.OID, o.Key, state)
				})
			}
			if err := g.Wait(); err != nil {
				return err
			}
		}
		fmt.Fprintf(e.stdout, "%d objects, %d wrong\n", checked.Load(), wrong.Load())
		if wrong.Load() > 0 {
			return errors.New("some content is lost or wrong")
		}
		return nil
	})
}
