package load

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/bench/server"
)

// An Object is what a request is about. Size is what the service's database says; the ways
// that need no size do not look at it.
type Object struct {
	Bucket, Key string
	Size        int64
}

func (o Object) input() *s3.GetObjectInput {
	return &s3.GetObjectInput{Bucket: &o.Bucket, Key: &o.Key}
}

// A Fetch brings an object into memory. The caller calls release when it is done with data,
// unless there is an error. It is safe for concurrent use.
type Fetch func(ctx context.Context, o Object) (data []byte, release func(), err error)

// Budget is what the pools of our ways may hold, in bytes.
const Budget = 256 << 20

// A Way is one way to write the API server.
type Way struct {
	Name string
	Text string // what the server's author has written
	Ours bool
	Pool bool // it has a pool, of [Budget]

	// New returns the way on a server. The bytes of a budget are for the ways that have one.
	New func(t *server.Target, budget int64) (Fetch, error)
}

// Names of the ways.
const (
	Manager      = "manager"
	ManagerSized = "manager-sized"
	Manager5MiB  = "manager5m"
	TM           = "tm"
	TMSized      = "tm-sized"
	Minio        = "minio"
	DropIn       = "s3pool"
	DropInPooled = "s3pool-pooled"
	Client       = "client"
	SDK          = "sdk"
	Raw          = "raw"
)

// Ways returns all ways, the stock one first, then what else people do, ours, and the
// floors.
func Ways() []Way {
	return []Way{
		{Manager, "manager.NewDownloader into manager.NewWriteAtBuffer(nil)", false, false, newManager(stock, unsized)},
		{ManagerSized, "the same into a buffer of the object's size", false, false, newManager(stock, sized)},
		{Manager5MiB, "the same with the pooled provider of 5 MiB, unsized", false, false, newManager(withProvider, unsized)},
		{TM, "transfermanager.DownloadObject into an unsized buffer", false, false, newTM(unsized)},
		{TMSized, "the same into a buffer of the object's size", false, false, newTM(sized)},
		{Minio, "minio-go GetObject, read into a slice of the object's size", false, false, newMinio},
		{DropIn, "s3pool.NewDownloader into manager.NewWriteAtBuffer(nil)", true, false, newManager(pooledDownloader, unsized)},
		{DropInPooled, "s3pool.NewDownloader into s3pool.WriteAtBuffer", true, true, newDropInPooled},
		{Client, "transfer.Client.Get, which verifies", true, true, newClient},
		{SDK, "GetObject, read into recycled slices of the object's size", false, false, newSDK},
		{Raw, "net/http on a presigned URL, the same slices", false, false, newRaw},
	}
}

// Find returns the ways of those names, in the order of [Ways].
func Find(names ...string) ([]Way, error) {
	var list []Way
	for _, w := range Ways() {
		if slices.Contains(names, w.Name) {
			list = append(list, w)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(list, func(w Way) bool { return w.Name == name }) {
			return nil, fmt.Errorf("no way to download is called %q", name)
		}
	}
	return list, nil
}

// bare leaves the client's checksum settings as s3.New(s3.Options{…}) does: nobody but our
// Client verifies.
func bare(o *s3.Options) {
	o.RequestChecksumCalculation = aws.RequestChecksumCalculation(0)
	o.ResponseChecksumValidation = aws.ResponseChecksumValidation(0)
}

func nothing() {}

// whole returns an error unless data has the object's size.
func whole(o Object, n int64) error {
	if n != o.Size {
		return fmt.Errorf("%d bytes of an object of %d", n, o.Size)
	}
	return nil
}
