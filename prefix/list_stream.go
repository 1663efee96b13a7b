package prefix

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// A stream is the list of one shard, or of the plain keys.
//
// Its goroutine fetches pages and hands them over one by one: pages has no buffer,
// so that one is in the merger's hands and at most one waits.
type stream struct {
	root  string // what all its keys in S3 begin with, before the original key
	plain bool
	pages chan page // closed behind the last

	last string // the last key of S3's list; the goroutine's

	page []Entry // what is left of the page that is merged; the merger's
}

// A page has entries, or the error or the panic that ends the stream.
type page struct {
	entries []Entry
	err     error

	panicked bool
	value    any
}

// next goes to the next entry, which is then st.page[0], and reports whether there
// is one.
func (st *stream) next(ctx context.Context) (bool, error) {
	if len(st.page) > 0 {
		st.page[0] = Entry{} // what the caller drops must not live as long as the page
		st.page = st.page[1:]
	}
	if len(st.page) > 0 {
		return true, nil
	}
	select {
	case p, ok := <-st.pages:
		if p.panicked {
			panic(p.value)
		}
		if ok {
			st.page = p.entries
			return p.err == nil, p.err
		}
	case <-ctx.Done():
	}
	if ctx.Err() != nil { // which closes pages too
		return false, listError(ctx.Err())
	}
	return false, nil
}

// run hands the pages of st over until the last, or until ctx ends. The client is the
// caller's code: what it panics with is handed over too.
func (st *stream) run(ctx context.Context, l *lister) {
	defer close(st.pages)
	finished := false
	defer func() {
		if finished {
			return
		}
		p := page{panicked: true, value: recover()}
		if p.value == nil { // runtime.Goexit
			p = page{err: errors.New("prefix: the client has ended the goroutine that lists")}
		}
		select {
		case st.pages <- p:
		case <-ctx.Done():
		}
	}()
	l.fetch(ctx, st)
	finished = true
}

func (l *lister) fetch(ctx context.Context, st *stream) {
	c := l.cursor(st, st.root+l.prefix)
	for {
		var p page
		items, err := l.next(ctx, c)
		if err == nil {
			p.entries, err = l.entries(ctx, st, items)
		}
		p.err = err
		if err != nil || len(p.entries) > 0 { // a page may be empty and not the last
			select {
			case st.pages <- p:
			case <-ctx.Done():
				return
			}
		}
		if err != nil || c.done {
			return
		}
	}
}

// entries returns those of items that are of the list.
func (l *lister) entries(ctx context.Context, st *stream, items []item) ([]Entry, error) {
	list := make([]Entry, 0, len(items))
	for _, it := range items {
		isPrefix := it.object.Key == nil
		switch {
		case !strings.HasPrefix(it.s3Key, st.root+l.prefix):
			return nil, fmt.Errorf("prefix: the store lists %q among the keys with prefix %q", it.s3Key, st.root+l.prefix)
		case it.s3Key == st.last && isPrefix:
			continue // some stores repeat one whose keys the end of a page has cut apart
		case it.s3Key <= st.last:
			return nil, fmt.Errorf("prefix: the store lists %q behind %q, which is not the order of S3", it.s3Key, st.last)
		}
		st.last = it.s3Key
		e, ok, err := l.entry(ctx, st, it)
		if err != nil {
			return nil, err
		}
		if ok {
			list = append(list, e)
		}
	}
	return list, nil
}

// entry returns what the list has for it. It reports false if that belongs to
// another stream, or to nobody, or has been listed before.
func (l *lister) entry(ctx context.Context, st *stream, it item) (e Entry, ok bool, err error) {
	key := it.s3Key[len(st.root):]
	switch {
	case l.behind != "" && strings.HasPrefix(key, l.behind):
		return Entry{}, false, nil
	case it.object.Key != nil:
		original, generation, ok := l.spread.resolve(it.s3Key)
		// What is not behind l.after S3 has left out, unless cutKey had to cut.
		ok = ok && original == key && key > l.after
		return Entry{Key: key, Object: it.object, Generation: generation}, ok, nil
	case !possible(it.s3Key):
		return Entry{}, false, nil
	case st.plain:
		ok, err = l.hasPlain(ctx, st, it.s3Key)
		return Entry{Key: key}, ok, err
	default: // only keys of the shard's form can be below
		return Entry{Key: key}, true, nil
	}
}

// hasPlain reports whether there are plain keys in what S3 has rolled up. Where
// there may be sharded keys too it lists one level down, and so on, for as many
// levels as a template has delimiters.
func (l *lister) hasPlain(ctx context.Context, st *stream, s3Prefix string) (bool, error) {
	if l.spread.sharded(s3Prefix) {
		return false, nil
	}
	if !l.spread.mayShard(s3Prefix) {
		return true, nil
	}
	c := l.cursor(st, s3Prefix)
	for {
		items, err := l.next(ctx, c)
		if err != nil {
			return false, err
		}
		for _, it := range items {
			has := !l.spread.sharded(it.s3Key)
			if has && it.object.Key == nil {
				if has, err = l.hasPlain(ctx, st, it.s3Key); err != nil {
					return false, err
				}
			}
			if has {
				return true, nil
			}
		}
		if c.done {
			return false, nil
		}
	}
}

func listError(err error) error { return fmt.Errorf("prefix: list: %w", err) }
