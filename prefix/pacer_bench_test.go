package prefix

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// BenchmarkMiddleware is what a Pacer adds to a call, beside what the SDK costs, which
// is a hundred times as much and hides it: the difference between the two.
func BenchmarkMiddleware(b *testing.B) {
	for _, paced := range []bool{false, true} {
		b.Run(fmt.Sprintf("paced=%t", paced), func(b *testing.B) {
			p := NewPacer()
			var in any = &s3.HeadObjectInput{Bucket: aws.String("bucket"), Key: aws.String("key")}
			req := smithyhttp.NewStackRequest().(*smithyhttp.Request)
			req.Method = http.MethodHead
			handler := middleware.HandlerFunc(func(context.Context, any) (any, middleware.Metadata, error) {
				return nil, middleware.Metadata{}, nil
			})
			b.ReportAllocs()
			b.SetParallelism(32) // 64 goroutines on 2 cores
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					stack := middleware.NewStack("", func() any { return req })
					_ = stack.Serialize.Add(input{}, middleware.After)
					for _, id := range []string{"ResolveAuthScheme", "Signing"} {
						_ = stack.Finalize.Add(named(id), middleware.After)
					}
					_ = stack.Finalize.Insert(named(sdkRetry), "ResolveAuthScheme", middleware.Before)
					_ = stack.Finalize.Insert(&smithyhttp.InterceptBeforeRetryLoop{}, sdkRetry, middleware.Before)
					_ = stack.Finalize.Insert(&smithyhttp.InterceptAttempt{}, sdkRetry, middleware.After)
					if paced {
						if err := p.addTo(stack, nil); err != nil {
							b.Error(err)
						}
					}
					_, _, err := middleware.DecorateHandler(handler, stack).Handle(context.Background(), in)
					if err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

// input and named are middlewares with the names of the SDK's.
type input struct{}

func (input) ID() string { return sdkInput }
func (input) HandleSerialize(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (middleware.SerializeOutput, middleware.Metadata, error) {
	return next.HandleSerialize(ctx, in)
}

type named string

func (n named) ID() string { return string(n) }
func (named) HandleFinalize(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	return next.HandleFinalize(ctx, in)
}
