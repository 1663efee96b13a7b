package prefix

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// An item is an object or a common prefix, as S3 has listed it.
type item struct {
	s3Key  string       // decoded
	object types.Object // Key is nil for a common prefix
}

// request returns the input for the first page of those keys of st that begin with
// s3Prefix.
func (l *lister) request(st *stream, s3Prefix string) *s3.ListObjectsV2Input {
	in := l.in
	in.Prefix = &s3Prefix
	if l.after != "" {
		in.StartAfter = aws.String(cutKey(st.root + l.after))
	}
	return &in
}

// cutKey returns the first MaxKeyLen bytes of a key, or a little less so that it is
// UTF-8.
func cutKey(key string) string {
	if len(key) <= MaxKeyLen {
		return key
	}
	n := MaxKeyLen
	for !utf8.RuneStart(key[n]) {
		n--
	}
	return key[:n]
}

// do asks for one page, when there is a slot for the request, and makes in the
// input for the next one: there is none if its ContinuationToken is nil then.
func (l *lister) do(ctx context.Context, in *s3.ListObjectsV2Input) ([]item, error) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, listError(ctx.Err())
	}
	req := *in // the client may keep it
	out, err := l.api.ListObjectsV2(ctx, &req)
	<-l.slots
	if err != nil {
		return nil, fmt.Errorf("prefix: list %q in bucket %s: %w", aws.ToString(in.Prefix), aws.ToString(in.Bucket), err)
	}
	in.ContinuationToken = nil
	if aws.ToBool(out.IsTruncated) {
		if aws.ToString(out.NextContinuationToken) == "" {
			return nil, errors.New("prefix: the store's list is truncated, without a token to continue it")
		}
		in.ContinuationToken = out.NextContinuationToken
	}
	return items(out)
}

// items returns what an answer has, objects and common prefixes in one order.
func items(out *s3.ListObjectsV2Output) ([]item, error) {
	decode := func(s *string) (string, error) { return aws.ToString(s), nil }
	// A store that does not know the parameter does not say that it has obeyed.
	if out.EncodingType == types.EncodingTypeUrl {
		decode = func(s *string) (string, error) { return url.QueryUnescape(aws.ToString(s)) }
	}
	var errs []error
	objects := make([]item, len(out.Contents))
	for i, o := range out.Contents {
		key, err := decode(o.Key)
		errs = append(errs, err)
		o.Key = &key
		objects[i] = item{key, o}
	}
	commons := make([]item, len(out.CommonPrefixes))
	for i, c := range out.CommonPrefixes {
		key, err := decode(c.Prefix)
		errs = append(errs, err)
		commons[i] = item{s3Key: key}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("prefix: key in the store's list: %w", err)
	}
	return interleave(objects, commons), nil
}

func interleave(a, b []item) []item {
	if len(b) == 0 {
		return a
	}
	list := make([]item, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].s3Key < b[0].s3Key {
			list, a = append(list, a[0]), a[1:]
		} else {
			list, b = append(list, b[0]), b[1:]
		}
	}
	return append(append(list, a...), b...)
}
