package rival

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The floors are what a program could reach that knows the size of its object
// and writes the loop itself: one request, one read, memory that is recycled.

// bodies recycles slices of one size. A sync.Pool was rejected: large objects are few in a
// block, and the collections between them empty it, so that what is meant to be a floor would
// make its memory anew each time.
type bodies struct {
	mu   sync.Mutex
	free [][]byte
}

// lend has load fill a recycled slice of the scene's size, and shows it to see.
func (b *bodies) lend(scene *Scene, load func([]byte) error, see func([]byte)) error {
	body := b.take(int(scene.Size))
	defer b.giveBack(body)
	if err := load(body); err != nil {
		return err
	}
	if see != nil {
		see(body)
	}
	return nil
}

func (b *bodies) take(size int) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.free); n > 0 {
		body := b.free[n-1]
		b.free = b.free[:n-1]
		return body
	}
	return make([]byte, size)
}

func (b *bodies) giveBack(body []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = append(b.free, body)
}

// readFull reads a body of n bytes into a recycled slice and closes it.
func (b *bodies) readFull(scene *Scene, body io.ReadCloser, n int64, see func([]byte)) error {
	defer body.Close()
	if err := wantSize(scene, n); err != nil {
		return err
	}
	return b.lend(scene, func(p []byte) error {
		_, err := io.ReadFull(body, p)
		return err
	}, see)
}

// withoutChecksums leaves the checksum settings as a bare s3.New(s3.Options{…})
// does: nothing is validated. Validation costs more than the whole transfer, so
// with it this would be no floor. All downloads have it so, since the manager's
// ranges are not validated either way.
func withoutChecksums(o *s3.Options) {
	o.RequestChecksumCalculation = 0
	o.ResponseChecksumValidation = 0
}

// sdkFloor is GetObject without a manager.
type sdkFloor struct {
	scene  *Scene
	client *s3.Client
	in     s3.GetObjectInput
	bodies bodies
}

func newSDKFloor(ctx context.Context, scene *Scene) (Rival, error) {
	in, err := object(ctx, scene)
	if err != nil {
		return nil, err
	}
	return &sdkFloor{scene: scene, client: scene.Target.Client(withoutChecksums), in: in}, nil
}

func (f *sdkFloor) Move(ctx context.Context, see func([]byte)) error {
	out, err := f.client.GetObject(ctx, &f.in)
	if err != nil {
		return err
	}
	return f.bodies.readFull(f.scene, out.Body, aws.ToInt64(out.ContentLength), see)
}

// presignedFor is longer than anybody waits for one contest.
const presignedFor = 2 * time.Hour

// rawFloor is net/http without the SDK, on a URL that was signed beforehand.
type rawFloor struct {
	scene  *Scene
	client s3.HTTPClient
	url    string
	bodies bodies
}

func newRawFloor(ctx context.Context, scene *Scene) (Rival, error) {
	in, err := object(ctx, scene)
	if err != nil {
		return nil, err
	}
	client := scene.Target.Client(withoutChecksums)
	signed, err := s3.NewPresignClient(client).PresignGetObject(ctx, &in, s3.WithPresignExpires(presignedFor))
	if err != nil {
		return nil, err
	}
	return &rawFloor{scene: scene, client: client.Options().HTTPClient, url: signed.URL}, nil
}

func (f *rawFloor) Move(ctx context.Context, see func([]byte)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return err
	}
	resp, err := f.client.Do(req)
	if err != nil {
		// The URL in a url.Error is as good as a credential.
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return fmt.Errorf("GET: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return fmt.Errorf("GET: %s", resp.Status)
	}
	return f.bodies.readFull(f.scene, resp.Body, resp.ContentLength, see)
}
