package prefix

import (
	"container/heap"
	"context"
)

// mergeStreams yields what the streams have, in order, until yield returns false. Of
// entries with one key it yields the newest.
func mergeStreams(ctx context.Context, streams []*stream, yield func(Entry, error) bool) error {
	h := make(streamHeap, 0, len(streams))
	for _, st := range streams {
		ok, err := st.next(ctx)
		if err != nil {
			return err
		}
		if ok {
			h = append(h, st)
		}
	}
	heap.Init(&h)
	last := "" // no key is empty
	for len(h) > 0 {
		if err := ctx.Err(); err != nil {
			return listError(err)
		}
		e := h[0].page[0]
		if e.Key != last {
			last = e.Key
			if !yield(e, nil) {
				return nil
			}
		}
		ok, err := h[0].next(ctx)
		switch {
		case err != nil:
			return err
		case ok:
			heap.Fix(&h, 0)
		default:
			heap.Pop(&h)
		}
	}
	return nil
}

// A streamHeap has the stream with the least entry in front.
type streamHeap []*stream

func (h streamHeap) Len() int { return len(h) }

func (h streamHeap) Less(i, j int) bool {
	a, b := &h[i].page[0], &h[j].page[0]
	if a.Key != b.Key {
		return a.Key < b.Key
	}
	return a.Generation < b.Generation
}

func (h streamHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *streamHeap) Push(x any)   { *h = append(*h, x.(*stream)) }

func (h *streamHeap) Pop() any {
	n := len(*h) - 1
	st := (*h)[n]
	(*h)[n] = nil
	*h = (*h)[:n]
	return st
}
