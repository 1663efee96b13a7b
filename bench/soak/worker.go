package soak

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool"
	"github.com/s3pool/s3pool/transfer"
)

// worker makes one transfer after another.
type worker struct {
	*world
	id  int
	rng *rand.Rand
	n   int    // transfers made
	key string // of an upload that is to be removed

	what    atomic.Pointer[string] // it is doing now
	moved   atomic.Int64           // when something last moved, in Unix nanoseconds
	done    atomic.Int64
	failed  atomic.Int64
	idleMax atomic.Int64
}

func newWorker(w *world, id int, seed uint64) *worker {
	return &worker{world: w, id: id, rng: rand.New(rand.NewPCG(seed, uint64(id)))}
}

// step notes that something has moved.
func (w *worker) step() {
	now := time.Now().UnixNano()
	if last := w.moved.Swap(now); last > 0 {
		if idle := now - last; idle > w.idleMax.Load() {
			w.idleMax.Store(idle)
		}
	}
}

// wrong is an error that nothing excuses.
type wrong struct{ error }

// work makes transfers until ctx ends. Its error is what must not be.
func (w *worker) work(ctx context.Context) error {
	kinds := slices.Sorted(maps.Keys(w.sc.Work))
	sum := 0
	for _, k := range kinds {
		sum += w.sc.Work[k]
	}
	for ctx.Err() == nil {
		at := w.rng.IntN(sum)
		for _, k := range kinds {
			if at -= w.sc.Work[k]; at >= 0 {
				continue
			}
			if err := w.one(ctx, k); err != nil {
				return fmt.Errorf("worker %d, transfer %d, %s: %w", w.id, w.n, *w.what.Load(), err)
			}
			break
		}
	}
	return nil
}

// one makes a transfer of a kind. A failure that the faults explain is counted.
func (w *worker) one(ctx context.Context, kind string) error {
	w.n++
	w.what.Store(&kind)
	w.step()
	err := works[kind](w, ctx)
	if w.key != "" {
		w.store.Delete(bucket, w.key)
		w.key = ""
	}
	w.step()
	_, isWrong := errors.AsType[wrong](err)
	switch {
	case err == nil:
		w.done.Add(1)
	case ctx.Err() != nil || errors.Is(err, context.Canceled):
		// the end of the soak, or a caller who gave up
	case isWrong, starved(err) && kind != "dropin":
		return err
	case !w.sc.Faults.any():
		return fmt.Errorf("nothing went wrong, and yet: %w", err)
	default:
		w.failed.Add(1)
	}
	return nil
}

// starved is that the budget had no room, which a WriteAtBuffer alone may say: it does not
// wait when it grows.
func starved(err error) bool {
	return errors.Is(err, s3pool.ErrBudget) || errors.Is(err, s3pool.ErrTooLarge)
}

// pick returns one of the store's objects.
func (w *worker) pick() object { return w.objects[w.rng.IntN(len(w.objects))] }

// small returns an object of at most n bytes.
func (w *worker) small(n int64) object {
	for {
		if o := w.pick(); int64(len(o.data)) <= n {
			return o
		}
	}
}

// upload returns a key that nobody has used and what to put there. When the transfer is over,
// the object is removed.
func (w *worker) upload() (key string, data []byte) {
	w.key = fmt.Sprintf("upload-%d-%d", w.id, w.n)
	size := w.rng.IntN(5 * part)
	from := w.rng.IntN(len(w.noise) - size)
	return w.key, w.noise[from : from+size]
}

// look compares what is in the store with what was put there. lost is that the outcome of
// the upload is not known.
func (w *worker) look(key string, data []byte) error {
	o, ok := w.store.Object(bucket, key)
	if !ok || !bytes.Equal(o.Data, data) {
		return wrong{fmt.Errorf("%s: an upload of %d bytes succeeded, and the store has %d: wrong bytes", key, len(data), len(o.Data))}
	}
	return nil
}

// same compares what was downloaded with what the object is.
func same(o object, got []byte) error {
	if !bytes.Equal(o.data, got) {
		return wrong{fmt.Errorf("%s: a download succeeded with wrong bytes, %d of %d", o.key, len(got), len(o.data))}
	}
	return nil
}

func (o object) in() *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: new(bucket), Key: &o.key}
}

func putInput(key string) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: new(bucket), Key: &key}
}

func (w *worker) progress(o *transfer.DownloadOptions) {
	o.Progress = func(transfer.Progress) { w.step() }
	o.OnEvent = func(transfer.Event) { w.step() }
}

func (w *worker) putProgress(o *transfer.PutOptions) {
	o.Progress = func(transfer.Progress) { w.step() }
	o.OnEvent = func(transfer.Event) { w.step() }
}

func (w *worker) path() string { return w.dir + "/" + strconv.Itoa(w.id) }
