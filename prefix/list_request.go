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

// A cursor goes through the pages of one of S3's lists.
type cursor struct {
	in   s3.ListObjectsV2Input // for the next page
	done bool                  // there is no next page

	// Brent's way to find a circle: every token is compared with one that is kept,
	// which is the latest when the number of pages is a power of two.
	kept  string
	pages uint64
}

// cursor starts before the first page of those keys of st that begin with s3Prefix.
func (l *lister) cursor(st *stream, s3Prefix string) *cursor {
	c := &cursor{in: l.in}
	c.in.Prefix = &s3Prefix
	if l.after != "" {
		c.in.StartAfter = aws.String(cutKey(st.root + l.after))
	}
	return c
}

// cutKey returns the first MaxKeyLen bytes of a key, or a little less so that the last
// character is whole. The key may be anything.
func cutKey(key string) string {
	if len(key) <= MaxKeyLen {
		return key
	}
	for n := MaxKeyLen; n > MaxKeyLen-utf8.UTFMax; n-- {
		if utf8.RuneStart(key[n]) {
			return key[:n]
		}
	}
	return key[:MaxKeyLen] // it is not UTF-8
}

// next asks for one page, when there is a slot for the request.
func (l *lister) next(ctx context.Context, c *cursor) ([]item, error) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, listError(ctx.Err())
	}
	defer func() { <-l.slots }()
	req := c.in // the client may keep it
	out, err := l.api.ListObjectsV2(ctx, &req)
	if err != nil {
		return nil, fmt.Errorf("prefix: list %q in bucket %s: %w", aws.ToString(c.in.Prefix), printable(aws.ToString(c.in.Bucket)), err)
	}
	if out == nil {
		return nil, errors.New("prefix: the client has neither a list nor an error")
	}
	if err := c.advance(out); err != nil {
		return nil, err
	}
	return items(out)
}

// advance goes to the page behind out.
func (c *cursor) advance(out *s3.ListObjectsV2Output) error {
	c.done = !aws.ToBool(out.IsTruncated)
	if c.done {
		return nil
	}
	token := aws.ToString(out.NextContinuationToken)
	switch {
	case token == "":
		return errors.New("prefix: the store's list is truncated, without a token to continue it")
	case token == c.kept, token == aws.ToString(c.in.ContinuationToken):
		return fmt.Errorf("prefix: the store's list of %q does not go on: it repeats the token %q", aws.ToString(c.in.Prefix), token)
	}
	c.pages++
	if c.pages&(c.pages-1) == 0 {
		c.kept = token
	}
	c.in.ContinuationToken = &token
	return nil
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
