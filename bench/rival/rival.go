// Package rival holds the ways to move an object that are compared: the stock
// manager, the manager with the known one-line fix, transfermanager, minio-go,
// s3pool, and as floors the bare SDK and bare net/http.
package rival

import (
	"context"
	"sync"
	"time"

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
	Verb     string // "download" and "upload" for what a manager does, "client" for what a Client does
	Via      string // what is downloaded into or uploaded from, or the client's call
	Baseline string // the rival that reports compare the others with
	Entries  []Entry

	Sizes []Size      // nil means that any will do
	Link  server.Link // that the contest is about; such a contest is for the range server over HTTP
	Procs int         // GOMAXPROCS of the rivals in processes of their own; zero means as it is
	Slow  bool        // one operation takes so long that it is enough for a block
}

// Is reports whether c is the contest of that name.
func (c Contest) Is(verb, via string) bool { return c.Verb == verb && c.Via == via }

// A FirstByter is a rival that knows when the first byte of its last move came.
type FirstByter interface {
	// FirstByte returns the time from the beginning of the last Move.
	FirstByte() time.Duration
}

// Names of the rivals.
const (
	Manager     = "manager"           // as its constructor makes it
	Manager5MiB = "manager5m"         // with a pooled provider of 5 MiB, the known one-line fix
	S3pool      = "s3pool"            // ours
	Unverified  = "s3pool-unverified" // ours, with VerifyNever and ChecksumNever
	SDK         = "sdk"               // GetObject and io.ReadFull into a pooled slice; io.ReadFull from a stream and PutObject
	SDKVerified = "sdk-verified"      // the same, with the SDK's validation
	ReadAll     = "sdk-readall"       // GetObject and io.ReadAll
	Raw         = "raw"               // net/http and io.ReadFull into a pooled slice
	TMDownload  = "tm-download"       // transfermanager, DownloadObject by ranges
	TMGet       = "tm-get"            // transfermanager, GetObject by ranges
	TMUpload    = "tm-upload"         // transfermanager, UploadObject
	Minio       = "minio"             // minio-go, GetObject, PutObject

	// The stock Uploader with a bytes.Reader, where the others have a stream.
	ManagerBytes = "manager-bytes"

	// An HTTP handler that copies GetObject's body with io.Copy, with io.CopyBuffer and
	// pooled buffers, and with s3pool.Copy; one that writes a request's body into a file
	// and uploads that.
	Handler    = "handler"
	CopyBuffer = "copybuffer"
	Copy       = "copy"
	Spool      = "spool"

	// Ours as a stream, by the way it is read.
	S3pool4K      = "s3pool-4K"
	S3pool32K     = "s3pool-32K"
	S3pool1M      = "s3pool-1M"
	S3poolWriteTo = "s3pool-writeto"

	// The same with VerifyNever.
	Unverified32K     = "s3pool-32K-unverified"
	UnverifiedWriteTo = "s3pool-writeto-unverified"
)

// Contests returns all comparisons: downloads, uploads, the calls of a client.
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
		getContest(), verifiedContest(), openContest(), openContest1(),
		putContest("put", fromBytes), putContest("putfile", fromFile), putStreamContest(), putManyContest(),
		serveContest(), receiveContest(),
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
		c.Entries = append(c.Entries, Entry{name, newUpload(name, from, viaUploader(name))})
	}
	return c
}
