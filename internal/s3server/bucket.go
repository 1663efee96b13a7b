package s3server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// cleanupTimeout bounds the removal of everything that was made on another
// server. It does not obey the caller's context, which is over by then.
const cleanupTimeout = 2 * time.Minute

// buckets keeps account of where objects of ours may be.
type buckets struct {
	shared string // S3POOL_BUCKET: not ours, used only under prefix
	prefix string // not empty only with shared

	mu   sync.Mutex
	made []string // to be removed
}

// Bucket makes a fresh bucket and returns its name. With S3POOL_BUCKET it
// returns that one, every time: put everything under [Server.Prefix].
func (s *Server) Bucket(ctx context.Context) (string, error) {
	if s.buckets.shared != "" {
		return s.buckets.shared, nil
	}
	name := "s3pool-" + strings.ToLower(rand.Text())
	in := &s3.CreateBucketInput{Bucket: aws.String(name)}
	// us-east-1 is the one region that must not be named.
	if s.cfg.Region != defaultRegion {
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(s.cfg.Region),
		}
	}
	if _, err := s.Client().CreateBucket(ctx, in); err != nil {
		return "", fmt.Errorf("s3server: create bucket %s: %w", name, err)
	}
	s.buckets.mu.Lock()
	defer s.buckets.mu.Unlock()
	s.buckets.made = append(s.buckets.made, name)
	return name, nil
}

// Prefix returns what every key must begin with: nothing in fresh buckets, and
// in an existing one a name of this Server alone, under which Close removes
// everything.
func (s *Server) Prefix() string { return s.buckets.prefix }

// removeBuckets removes what Bucket made and what was put under Prefix.
func (s *Server) removeBuckets() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()

	if s.buckets.shared != "" {
		return s.empty(ctx, s.buckets.shared, s.buckets.prefix)
	}
	s.buckets.mu.Lock()
	made := s.buckets.made
	s.buckets.made = nil
	s.buckets.mu.Unlock()

	var errs []error
	for _, name := range made {
		if err := s.empty(ctx, name, ""); err != nil {
			errs = append(errs, err)
			continue
		}
		if _, err := s.Client().DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(name)}); err != nil {
			errs = append(errs, fmt.Errorf("s3server: delete bucket %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// empty deletes the objects below prefix and aborts the uploads there.
func (s *Server) empty(ctx context.Context, bucket, prefix string) error {
	if err := s.abortUploads(ctx, bucket, prefix); err != nil {
		return fmt.Errorf("s3server: abort the uploads in %s/%s: %w", bucket, prefix, err)
	}
	if err := s.deleteObjects(ctx, bucket, prefix); err != nil {
		return fmt.Errorf("s3server: empty %s/%s: %w", bucket, prefix, err)
	}
	return nil
}

func (s *Server) abortUploads(ctx context.Context, bucket, prefix string) error {
	client := s.Client()
	pages := s3.NewListMultipartUploadsPaginator(client, &s3.ListMultipartUploadsInput{
		Bucket: aws.String(bucket),
		Prefix: aws.String(prefix),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, u := range page.Uploads {
			_, err := client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
				Bucket:   aws.String(bucket),
				Key:      u.Key,
				UploadId: u.UploadId,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Server) deleteObjects(ctx context.Context, bucket, prefix string) error {
	client := s.Client()
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{
		Bucket: aws.String(bucket),
		Prefix: aws.String(prefix),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		// One by one: not every S3 has DeleteObjects, and we make few objects.
		for _, o := range page.Contents {
			if _, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: o.Key}); err != nil {
				return err
			}
		}
	}
	return nil
}
