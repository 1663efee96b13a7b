// Package rival holds the ways to move an object that are compared: the stock
// manager, the manager with the known one-line fix, s3pool, and as floors the
// bare SDK and bare net/http.
package rival

import (
	"context"
	"sync"

	"github.com/s3pool/s3pool/bench/server"
)

// A Rival moves one object, again and again, over connections of its own. It is
// not safe for concurrent use.
type Rival interface {
	// Move moves the object once. If see is not nil it is shown the object as it
	// arrived at the other end, in memory that is valid during the call only.
	Move(ctx context.Context, see func([]byte)) error
}

// A Scene is what all rivals of a comparison have in common.
type Scene struct {
	Target *server.Target
	Size   Size
	Dir    string // an existing directory, for the files of the rivals

	content func() []byte // the object, made once if anybody asks
}

// NewScene returns a scene with an object of that size. The rivals write below
// dir, which must exist; its owner removes it.
func NewScene(target *server.Target, size Size, dir string) *Scene {
	return &Scene{Target: target, Size: size, Dir: dir, content: sync.OnceValue(func() []byte {
		return server.Content(int(size))
	})}
}

// An Entry is a rival by name.
type Entry struct {
	Name string
	New  func(context.Context, *Scene) (Rival, error)
}

// A Contest is a list of rivals that do the same work.
type Contest struct {
	Verb     string // "download" or "upload"
	Via      string // what is downloaded into, or uploaded from
	Baseline string // the rival that reports compare the others with
	Entries  []Entry
}

// Names of the rivals.
const (
	Manager     = "manager"   // as its constructor makes it
	Manager5MiB = "manager5m" // with a pooled provider of 5 MiB, the known one-line fix
	S3pool      = "s3pool"    // ours
	SDK         = "sdk"       // GetObject and io.ReadFull into a pooled slice
	Raw         = "raw"       // net/http and io.ReadFull into a pooled slice
)

// Contests returns all comparisons, downloads first.
func Contests() []Contest {
	pooled := downloads("pooled", SDK, intoPooled, S3pool)
	pooled.Entries = append(pooled.Entries, Entry{SDK, newSDKFloor}, Entry{Raw, newRawFloor})
	return []Contest{
		downloads("memory", Manager5MiB, intoMemory, Manager, Manager5MiB, S3pool),
		pooled,
		downloads("file", Manager, intoFile, Manager, Manager5MiB, S3pool),
		uploads("file", fromFile),
		uploads("bytes", fromBytes),
		uploads("stream", fromStream),
	}
}

func downloads(via, baseline string, into into, names ...string) Contest {
	c := Contest{Verb: "download", Via: via, Baseline: baseline}
	for _, name := range names {
		c.Entries = append(c.Entries, Entry{name, newDownload(name, into)})
	}
	return c
}

func uploads(via string, from from) Contest {
	c := Contest{Verb: "upload", Via: via, Baseline: Manager}
	for _, name := range []string{Manager, S3pool} {
		c.Entries = append(c.Entries, Entry{name, newUpload(name, from)})
	}
	return c
}
