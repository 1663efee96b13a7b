package recipes

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/transfer"
)

// A manifest is written last: a backup without one was killed, and does not count.
type manifest struct{ Pieces []piece }

type piece struct {
	Key      string
	Size     int64
	Checksum string // CRC64NVME, in base64
}

// Backup stores a stream, such as that of tar, under a prefix, in pieces of size bytes. It
// can be killed at any time, kill -9 too: the same stream, backed up again, sends what is
// missing. Restore knows nothing of a backup that has not been completed. It returns how many
// pieces were sent and how many were there already.
func Backup(ctx context.Context, c *transfer.Client, bucket, prefix string, stream io.Reader, size int64) (sent, there int, err error) {
	var m manifest
	buf := make([]byte, size)
	for {
		n, err := io.ReadFull(stream, buf)
		if n == 0 && err == io.EOF {
			break
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return sent, there, err
		}
		p, fresh, err := putPiece(ctx, c, bucket, fmt.Sprintf("%s/%08d", prefix, len(m.Pieces)), buf[:n])
		if err != nil {
			return sent, there, err
		}
		if fresh {
			sent++
		} else {
			there++
		}
		m.Pieces = append(m.Pieces, p)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return sent, there, err
	}
	_, err = c.Put(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: new(prefix + "/manifest"), Body: bytes.NewReader(text)})
	return sent, there, err
}

// putPiece stores a piece unless it is there. Whether it is, is asked by its checksum.
func putPiece(ctx context.Context, c *transfer.Client, bucket, key string, data []byte) (p piece, sent bool, err error) {
	p = piece{key, int64(len(data)), checksum(data)}
	head, err := c.Head(ctx, &s3.HeadObjectInput{Bucket: &bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled})
	if err == nil && head.ChecksumCRC64NVME != nil && *head.ChecksumCRC64NVME == p.Checksum {
		return p, false, nil
	}
	if _, missing := errors.AsType[*types.NotFound](err); err != nil && !missing {
		return p, false, err
	}
	_, err = c.Put(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(data)})
	return p, true, err
}

// ErrNoBackup is returned for a backup that does not exist or was not completed.
var ErrNoBackup = errors.New("there is no complete backup")

// Restore writes the stream of a backup. Every piece is compared with the manifest before
// the next is written.
func Restore(ctx context.Context, c *transfer.Client, bucket, prefix string, w io.Writer) error {
	o, err := c.Get(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: new(prefix + "/manifest")})
	if _, missing := errors.AsType[*types.NoSuchKey](err); missing {
		return ErrNoBackup
	}
	if err != nil {
		return err
	}
	var m manifest
	err = json.Unmarshal(o.Bytes(), &m)
	o.Release()
	if err != nil {
		return err
	}
	for _, p := range m.Pieces {
		if err := restorePiece(ctx, c, bucket, p, w); err != nil {
			return err
		}
	}
	return nil
}

func restorePiece(ctx context.Context, c *transfer.Client, bucket string, p piece, w io.Writer) error {
	o, err := c.Get(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &p.Key})
	if err != nil {
		return err
	}
	defer o.Release()
	if int64(o.Len()) != p.Size || checksum(o.Bytes()) != p.Checksum {
		return fmt.Errorf("%s is not what was backed up", p.Key)
	}
	_, err = o.WriteTo(w)
	return err
}
