package prefix

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// An Entry is an object in a list, or a common prefix of objects.
type Entry struct {
	// Key is the original key of the object, or the common prefix of original keys.
	Key string

	// Object is what S3 says of the object. Its Key is the one in S3, decoded. Of a
	// common prefix all fields are zero.
	Object types.Object

	// Generation is the layout that the object was found in: 0 is the one that the
	// Spread writes, 1 the first former one. It is 0 for a common prefix.
	Generation int
}

// IsPrefix reports whether e is a common prefix.
func (e Entry) IsPrefix() bool { return e.Object.Key == nil }

// ListOptions configures [Spread.List].
type ListOptions struct {
	// Concurrency is the most requests of one list that are under way at a time.
	// Zero means 16. S3 allows 5,500 per second and partition, and answers most
	// within 100 ms.
	Concurrency int
}

// List lists the objects of all shards and layouts as one sequence in the order of
// their original keys, which is that of their bytes, with each key once. Objects
// whose keys are not of this Spread are left out; what is below a common prefix is
// not looked at.
//
// The input is that of a plain list, in terms of original keys: Bucket, Prefix,
// Delimiter and StartAfter mean what they mean to S3. With a Delimiter, keys are
// rolled up into common prefixes over all shards, each listed once, in order with
// the objects. These fields have a meaning of their own:
//
//   - ContinuationToken is the [Entry.Position] of an entry of the same list; the
//     sequence continues behind it, and StartAfter is ignored. Anything else is an
//     error before anything is sent, so that it may come from a web page.
//   - MaxKeys is the number of keys in one request, 1 to 1,000, not in the sequence.
//     Nil means 1,000.
//   - EncodingType is set by List, so that keys may have any characters; entries are
//     decoded.
//
// The first error ends the sequence, after all the entries that come before it; to
// try again, continue behind the last. A context that ends is such an error. To
// break out of the loop cancels the requests under way and waits for them. There is
// no snapshot, as there is none of a plain list: what is written, deleted or moved
// to another layout meanwhile may or may not be seen.
//
// While one page of a shard is merged, the next one is fetched. So it holds two
// pages per shard and layout at most, some 600 bytes a key: 18 MiB for 16 shards,
// which 256 shards need with a MaxKeys of 60. A loop that is left early has asked for
// as many. To iterate twice makes the requests twice.
//
// A plain former layout whose keys are not set apart by text of their own has the
// sharded ones in its pages, where they are skipped: that part of the list takes as
// long as one of all the bucket.
//
// Buckets that do not list in order (directory buckets, S3 Express One Zone) give an
// error, as does a store whose continuation tokens go round in a circle. A panic of api
// goes on in the goroutine that ranges over the sequence.
func (s *Spread) List(ctx context.Context, api s3.ListObjectsV2APIClient, in *s3.ListObjectsV2Input, optFns ...func(*ListOptions)) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		l, err := s.newLister(api, in, optFns)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		var wg sync.WaitGroup
		defer wg.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		streams := l.streams()
		for _, st := range streams {
			wg.Go(func() { st.run(ctx, l) })
		}
		if err := mergeStreams(ctx, streams, yield); err != nil {
			yield(Entry{}, err)
		}
	}
}

// A lister is what the streams of one list share.
type lister struct {
	spread *Spread
	api    s3.ListObjectsV2APIClient
	in     s3.ListObjectsV2Input // never written, but copied
	prefix string
	delim  string
	after  string // StartAfter, or what a position has
	behind string // a common prefix that has been listed, with all there is in it
	slots  chan struct{}
}

func (s *Spread) newLister(api s3.ListObjectsV2APIClient, in *s3.ListObjectsV2Input, optFns []func(*ListOptions)) (*lister, error) {
	var o ListOptions
	for _, fn := range optFns {
		fn(&o)
	}
	o.Concurrency = cmp.Or(o.Concurrency, 16)
	if o.Concurrency < 0 {
		return nil, fmt.Errorf("prefix: ListOptions.Concurrency is %d", o.Concurrency)
	}
	if in == nil {
		return nil, errors.New("prefix: list without an input")
	}
	if api == nil {
		return nil, errors.New("prefix: list without a client")
	}
	if in.MaxKeys != nil && *in.MaxKeys < 1 {
		return nil, fmt.Errorf("prefix: MaxKeys is %d, the number of keys in one request", *in.MaxKeys)
	}
	if !utf8.ValidString(aws.ToString(in.Delimiter)) { // common prefixes would end within a character
		return nil, fmt.Errorf("prefix: Delimiter %q is not UTF-8", *in.Delimiter)
	}
	l := &lister{
		spread: s,
		api:    api,
		in:     *in,
		prefix: aws.ToString(in.Prefix),
		delim:  aws.ToString(in.Delimiter),
		after:  aws.ToString(in.StartAfter),
		slots:  make(chan struct{}, o.Concurrency),
	}
	l.in.EncodingType = types.EncodingTypeUrl
	l.in.ContinuationToken, l.in.StartAfter = nil, nil
	if token := aws.ToString(in.ContinuationToken); token != "" {
		p, err := parsePosition(token)
		if err != nil {
			return nil, err
		}
		if !p.of(l.prefix, l.delim) {
			return nil, errors.New("prefix: ContinuationToken is the Position of an Entry, of a list with another Prefix or Delimiter")
		}
		l.after = p.key
		if p.common {
			l.behind = p.key
		}
	}
	return l, nil
}

// streams returns a stream for each root that may have keys of the list. Layouts
// may share roots.
func (l *lister) streams() []*stream {
	var list []*stream
	seen := map[string]bool{}
	for _, layout := range l.spread.layouts {
		for _, root := range layout.roots() {
			switch {
			case seen[root]:
			case len(root)+len(l.prefix) > MaxKeyLen: // S3 has no such keys
			case layout.shards == 0 && l.spread.sharded(root+l.prefix): // another stream has them
			default:
				list = append(list, &stream{root: root, plain: layout.shards == 0, pages: make(chan page)})
			}
			seen[root] = true
		}
	}
	return list
}
