package transfer

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool/internal/putbody"
	"github.com/s3pool/s3pool/internal/sdk"
)

// What is tried again: what the client's own Retryer says, and what stores and proxies
// answer that the SDK's does not know.

// mayRetry asks r about err, and adds to its answer. A Retryer that retries nothing turns
// the SDK's retries off and not ours, for which there is MaxRetries: then the SDK's own
// rules hold.
func mayRetry(r aws.Retryer, err error) bool {
	if _, ok := errors.AsType[*putbody.Error](err); ok {
		return false // the body is the caller's, and no better another time
	}
	if inSuccess(err) && !slices.Contains(passing, sdk.Code(err)) && !throttles.IsErrorThrottle(err).Bool() {
		return false
	}
	if r.IsErrorRetryable(err) {
		return true
	}
	return added.IsErrorRetryable(err).Bool()
}

// added is what is tried again although the SDK does not.
var added = retry.IsErrorRetryables{
	retry.NoRetryCanceledError{},
	retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{
		http.StatusRequestTimeout: {}, http.StatusTooManyRequests: {},
		499: {}, // a proxy's client, which is another proxy, has gone
		// A proxy has no answer, or none that it understands.
		520: {}, 521: {}, 522: {}, 523: {}, 524: {},
	}},
	retry.RetryableErrorCode{Codes: map[string]struct{}{
		"ConditionalRequestConflict": {}, "OperationAborted": {}, "TooManyRequests": {},
	}},
}

var throttles = retry.ThrottleErrorCode{Codes: retry.DefaultThrottleErrorCodes}

// passing are the codes of errors in a success that are worth another try. To the SDK all
// of them are server errors, with the status 500.
var passing = []string{
	"InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted", "ConditionalRequestConflict",
	"TooManyRequests", "", "UnknownError",
}

// inSuccess reports whether S3 put err into an answer of status 200, as it does where it
// has answered before it was done. The SDK makes a 500 of it, but leaves the words.
func inSuccess(err error) bool {
	e, ok := errors.AsType[*smithyhttp.ResponseError](err)
	return ok && e.Response != nil && e.Response.Response != nil &&
		e.Response.StatusCode == http.StatusInternalServerError && strings.HasPrefix(e.Response.Status, "2")
}

// hasExpired reports whether err says that credentials have: in the midst of a transfer
// there are new ones, or will be soon.
func hasExpired(err error) bool {
	switch sdk.Code(err) {
	case "ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired":
		return true
	}
	return false
}

// retryer returns the one that requests are made with. It is looked for when something has
// failed.
func (s *settings) retryer() aws.Retryer {
	var o s3.Options
	if api, ok := s.client.api.(interface{ Options() s3.Options }); ok {
		o = api.Options()
	}
	for _, fn := range s.ClientOptions {
		fn(&o)
	}
	if o.Retryer == nil || retriesNothing(o.Retryer) {
		return defaultRetryer
	}
	return o.Retryer
}

var defaultRetryer = retry.NewStandard()

// retriesNothing reports whether r is an aws.NopRetryer or another of that kind.
func retriesNothing(r aws.Retryer) bool {
	return !slices.ContainsFunc([]error{
		&smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusServiceUnavailable}},
			Err:      &smithy.GenericAPIError{Code: "SlowDown"},
		},
		&smithyhttp.RequestSendError{Err: errors.New("connection reset")},
	}, r.IsErrorRetryable)
}
