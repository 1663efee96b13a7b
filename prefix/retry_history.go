package prefix

import (
	"errors"
	"reflect"
	"sync"
)

// A past has what operations went through before the attempt that has just failed, by
// the error it failed with. It is for retryers without a Pacer. The SDK tells a retryer
// nothing by which to know an operation, but it releases the token of a retry with the
// error of the attempt that followed, and then asks about that same error: so the
// history goes from token to token. An entry is needed for as long as that takes, with
// nothing in between.
type past struct {
	mu sync.Mutex
	m  map[error]attemptCounts
}

type attemptCounts struct{ refusals, failures int }

// maxPast bounds what is left by operations that are given up between the two.
const maxPast = 256

func (p *past) put(err error, n attemptCounts) {
	if reflect.TypeOf(err).Kind() != reflect.Pointer { // it may be no key, or one for many
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.m == nil || len(p.m) >= maxPast {
		p.m = map[error]attemptCounts{} // to lose a history is to count anew
	}
	p.m[err] = n
}

// get returns what was put under err, or under an error within it.
func (p *past) get(err error, remove bool) (n attemptCounts, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.m) == 0 {
		return n, false
	}
	for ; err != nil; err = errors.Unwrap(err) {
		if reflect.TypeOf(err).Kind() != reflect.Pointer {
			continue
		}
		if n, ok = p.m[err]; ok {
			if remove {
				delete(p.m, err)
			}
			return n, true
		}
	}
	return n, false
}
