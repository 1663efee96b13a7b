package transfer

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/s3pool/s3pool/internal/crc"
	"github.com/s3pool/s3pool/internal/putbody"
	"github.com/s3pool/s3pool/internal/sdk"
)

// A ResumeToken is what another [Client.Put], in another process or on another day,
// needs to continue a multipart upload: see Options.Checkpoint and Options.Resume. It is
// meant to be marshalled, as JSON or otherwise, and holds no secrets.
//
// A token that is not the last one will do: S3 is asked which parts it has, and each is
// compared with the data before it is trusted. If S3 has the whole object already, Put
// succeeds without sending anything; if it no longer knows the upload, Put begins anew.
type ResumeToken struct {
	Bucket   string `json:"bucket"`
	Key      string `json:"key"`
	UploadID string `json:"uploadId"`
	Size     int64  `json:"size"`     // of the body, in bytes
	PartSize int64  `json:"partSize"` // of every part but the last, in bytes

	// Algorithm of the checksums, empty for none.
	Algorithm types.ChecksumAlgorithm `json:"algorithm,omitempty"`

	// Parts that S3 has confirmed, in the order in which it did.
	Parts []ResumePart `json:"parts,omitempty"`
}

// A ResumePart is a part of an upload that S3 has confirmed.
type ResumePart struct {
	Number   int32  `json:"number"` // from 1
	ETag     string `json:"etag"`
	Checksum string `json:"checksum,omitempty"` // in base64
}

// matches compares the token with what is to be uploaded.
func (k *ResumeToken) matches(u *upload) error {
	for _, f := range []struct {
		name      string
		want, got any
	}{
		{"Bucket", k.Bucket, aws.ToString(u.in.Bucket)},
		{"Key", k.Key, aws.ToString(u.in.Key)},
		{"Size", k.Size, u.body.Size},
	} {
		if f.want != f.got {
			return fmt.Errorf("Options.Resume is of another upload: its %s is %v, here it is %v", f.name, f.want, f.got)
		}
	}
	if k.UploadID == "" || k.PartSize <= 0 {
		return errors.New("Options.Resume has no UploadID or no PartSize")
	}
	return nil
}

// resume takes up the upload of the token. It returns false if S3 does not know it any
// more.
func (m *multipart) resume(k *ResumeToken) (bool, error) {
	algorithm, ok := crc.ParseAlgorithm(string(k.Algorithm))
	if k.Algorithm != "" && !ok {
		return false, fmt.Errorf("Options.Resume has the unknown algorithm %q", k.Algorithm)
	}
	if m.seal.sum.Algorithm != crc.None && m.seal.sum.Algorithm != algorithm {
		return false, fmt.Errorf("Options.Resume is of an upload with %s checksums, the one given is %v", k.Algorithm, m.seal.sum.Algorithm)
	}
	listed, err := m.listParts(k.UploadID)
	if sdk.Code(err) == "NoSuchUpload" {
		return false, m.find(algorithm)
	}
	if err != nil {
		return false, err
	}
	m.seal.algorithm = algorithm
	m.id, m.partSize, m.listed = k.UploadID, k.PartSize, listed
	for _, p := range k.Parts {
		// What the listing does not tell, the token may: S3 confirmed it.
		if l, ok := m.listed[p.Number]; ok && l.sum == "" && strings.Trim(p.ETag, `"`) == strings.Trim(l.etag, `"`) {
			l.sum = p.Checksum
			m.listed[p.Number] = l
		}
	}
	return true, nil
}

// find looks whether the upload was completed in another life.
func (m *multipart) find(a crc.Algorithm) error {
	if !a.Parallel() || m.conditional() {
		return nil
	}
	sum := crc.NewSum(a)
	whole := putbody.Payload{At: m.body.At, Base: m.body.Base, N: m.total}
	if err := whole.WriteTo(m.ctx, sum, m.set.pool); err != nil {
		return err
	}
	c := claim{size: m.total, by: a, sum: sum.Value().String()}
	if out := m.look(); c.holds(out, false) {
		m.seal.algorithm, m.sum, m.found = a, sum.Value(), out
	}
	return nil
}

// A listedPart is a part that S3 has.
type listedPart struct {
	size int64
	etag string
	sum  string
}

func (m *multipart) listParts(id string) (map[int32]listedPart, error) {
	listed := map[int32]listedPart{}
	in := listPartsInput(m.in, id)
	for {
		var out *s3.ListPartsOutput
		a := m.ask(0)
		a.begun = false
		err := a.do(m.ctx, func(ctx context.Context, opts []func(*s3.Options)) (err error) {
			out, err = m.api.ListParts(ctx, in, opts...)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("list the parts: %w", err)
		}
		for _, p := range out.Parts {
			l := listedPart{size: aws.ToInt64(p.Size), etag: aws.ToString(p.ETag)}
			for _, sum := range sumsOf(&p) {
				if sum != nil && *sum != nil {
					l.sum = **sum
				}
			}
			listed[aws.ToInt32(p.PartNumber)] = l
		}
		next := aws.ToString(out.NextPartNumberMarker)
		if !aws.ToBool(out.IsTruncated) {
			return listed, nil
		}
		if next == "" || next == aws.ToString(in.PartNumberMarker) {
			return nil, fmt.Errorf("list the parts: the list goes on, and at the marker %q that was sent", next)
		}
		in.PartNumberMarker = &next
	}
}

// has reports whether S3 has this part already, with these bytes. Without a checksum
// the ETag tells, if it is the MD5 that it is without encryption.
func (m *multipart) has(ctx context.Context, n int32, p putbody.Payload, sum crc.Value) (listedPart, bool, error) {
	l, ok := m.listed[n]
	if !ok || l.size != p.N {
		return l, false, nil
	}
	if sum.Algorithm != crc.None && l.sum != "" {
		return l, l.sum == sum.String(), nil
	}
	h := md5.New()
	if err := p.WriteTo(ctx, h, m.set.pool); err != nil {
		return l, false, err
	}
	return l, strings.Trim(l.etag, `"`) == hex.EncodeToString(h.Sum(nil)), nil
}
