package transfer

import (
	"context"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// ownOptions takes validation out of the SDK's hands, which hashes at a thirtieth of
// the speed and does not know ranges, and signs with our name.
func ownOptions(o *s3.Options) {
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	o.APIOptions = append(o.APIOptions, addPlain)
}

// askForChecksum does the same for a request that wants to be told the checksum.
func askForChecksum(o *s3.Options) {
	o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	o.APIOptions = append(o.APIOptions, addChecksum)
}

// A signature is the middleware that adds to a request what is ours. The SDK has
// functions for both headers, at ten allocations a request.
type signature struct {
	checksum bool
	agent    atomic.Pointer[agent] // of the last request; most are equal
}

// An agent is the user agent that the SDK had, and what we made of it.
type agent struct {
	sdk string
	all []string
}

var plainRequest, checksumRequest = &signature{}, &signature{checksum: true}

// addPlain and addChecksum are functions, and no methods or closures, so that the direct path
// knows them.
func addPlain(stack *middleware.Stack) error { return stack.Build.Add(plainRequest, middleware.After) }
func addChecksum(stack *middleware.Stack) error {
	return stack.Build.Add(checksumRequest, middleware.After)
}

// OnDirectPath says that the direct path learns in a rehearsal what the middleware adds.
func (*signature) OnDirectPath() (instead []string, rehearses bool) { return nil, true }

// ID implements middleware.BuildMiddleware.
func (*signature) ID() string { return "s3pool" }

// HandleBuild implements middleware.BuildMiddleware. The step comes before the one
// that signs.
func (s *signature) HandleBuild(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
	if w := watchOf(ctx); w != nil {
		w.disarm() // until the first attempt
	}
	if req, ok := in.Request.(*smithyhttp.Request); ok {
		if s.checksum {
			// What GetObjectInput.ChecksumMode stands for. The field itself would
			// make the SDK validate.
			req.Header["X-Amz-Checksum-Mode"] = enabled
		}
		req.Header["User-Agent"] = s.sign(req.Header.Get("User-Agent"))
	}
	return next.HandleBuild(ctx, in)
}

// enabled is a header's value that nobody changes, for the reasons that sign gives.
var enabled = []string{"ENABLED"}

// sign returns the user agent with our name behind the SDK's. Nobody changes the slice:
// Header.Set makes a new one, Add has no room in this one.
func (s *signature) sign(sdk string) []string {
	a := s.agent.Load()
	if a == nil || a.sdk != sdk {
		a = &agent{sdk: sdk, all: []string{strings.TrimSpace(sdk + " s3pool/" + Version)}}
		s.agent.Store(a)
	}
	return a.all
}
