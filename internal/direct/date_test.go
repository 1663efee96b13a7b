package direct_test

import (
	"testing"
	"time"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/s3pool/s3pool/internal/direct"
	"github.com/s3pool/s3pool/internal/require"
)

// FuzzDate: dates are read as the SDK reads them.
func FuzzDate(f *testing.F) {
	for _, s := range []string{
		"Fri, 27 Nov 2026 07:00:00 GMT", "Fri, 31 Feb 2026 07:00:00 GMT", "Xyz, 27 Nov 2026 07:00:00 GMT", "Mon, 00 Jan 2026 00:00:00 GMT",
		"Mon, 29 Feb 2000 23:59:59 GMT", "Mon, 29 Feb 1900 23:59:59 GMT", "Fri, 27 Nov 2026 24:00:00 GMT", "Fri, 27 Nov 2026 07:60:00 GMT",
		"Fri, 27 Nov 2026 07:00:60 GMT", "Fri, 27 nov 2026 07:00:00 GMT", "Fri, 27 ovD 2026 07:00:00 GMT", "Fri, 27 Nov 0000 07:00:00 GMT",
		"Fri,  7 Nov 2026 07:00:00 GMT", "Fri, 7 Nov 2026 07:00:00 GMT", "Fri, 27 Nov 2026 07:00:00.5 GMT", "friday", "",
		"Fri, 27 Nov 2026 -7:00:00 GMT", "onT, 27 Nov 2026 07:00:00 GMT",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, wantErr := smithytime.ParseHTTPDate(s)
		got, err := direct.ParseDate(s)
		require.Equal(t, wantErr == nil, err == nil, s)
		if err == nil {
			require.True(t, want.Equal(got), s)
			require.Equal(t, want.Format(time.RFC3339Nano), got.Format(time.RFC3339Nano))
		}
	})
}
