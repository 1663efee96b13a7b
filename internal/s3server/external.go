package s3server

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"
)

// The environment that names another server.
const (
	endpointEnv = "S3POOL_ENDPOINT"
	bucketEnv   = "S3POOL_BUCKET"
)

// external connects to the server at endpoint. A bucket that is not empty is
// the only one to be used.
func external(ctx context.Context, endpoint, bucket string) (*Server, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, fmt.Errorf("s3server: %s: %w", endpointEnv, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("s3server: %s: %q is not an http or https URL", endpointEnv, endpoint)
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithDefaultRegion(defaultRegion))
	if err != nil {
		return nil, fmt.Errorf("s3server: AWS configuration for %s: %w", endpoint, err)
	}
	// The SDK's logger writes to standard error, which is not ours to use.
	cfg.Logger = nil
	s := newServer("S3", strings.TrimSuffix(endpoint, "/"), cfg, sdkTransport(cfg.HTTPClient))
	if bucket != "" {
		s.buckets.shared = bucket
		s.buckets.prefix = "s3pool-" + strings.ToLower(rand.Text()) + "/"
	}
	return s, nil
}
