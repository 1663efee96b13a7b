package s3pool_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/s3pool/s3pool/internal/pooltest"
	"github.com/s3pool/s3pool/internal/require"
)

// TestRangesAreNotLogged: the SDK warns of each answer that has no checksum, and answers to
// ranges never have one. A client option of the caller's has the last word.
func TestRangesAreNotLogged(t *testing.T) {
	var mu sync.Mutex
	var lines []string
	o := pooltest.HTTPS3(t, pattern(3*testPart)).Options()
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenSupported
	o.Logger = logging.LoggerFunc(func(_ logging.Classification, format string, v ...any) {
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, fmt.Sprintf(format, v...))
	})
	client := s3.New(o)
	small := func(d *manager.Downloader) { d.PartSize = testPart }
	loud := manager.WithDownloaderClientOptions(func(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = false })
	logged := func(d *manager.Downloader) int {
		lines = nil
		_, err := d.Download(t.Context(), manager.NewWriteAtBuffer(nil), get(""))
		require.NoError(t, err)
		return len(lines)
	}
	// The oldest SDK that we build with does not warn.
	stock := logged(manager.NewDownloader(client, small, loud))
	require.True(t, stock == 3 || stock == 0, "the SDK has changed: %q", lines)
	require.Zero(t, logged(newPool(t).NewDownloader(client, small)), "%q", lines)
	require.Equal(t, stock, logged(newPool(t).NewDownloader(client, small, loud)), "%q", lines)

	t.Logf("the stock Downloader logs %d times: %q", logged(manager.NewDownloader(client, small)), lines)
}
