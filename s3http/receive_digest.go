package s3http

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"strings"

	"github.com/minio/crc64nvme"

	"github.com/s3pool/s3pool/transfer"
)

// incoming is the body of a request, with the digests it is checked against. It reports
// a mismatch instead of io.EOF.
type incoming struct {
	r       *http.Request
	body    io.Reader
	digests []digest
	err     error // sticky
}

// A digest is one value to compare with.
type digest struct {
	field, algorithm string // the algorithm is that of a field which has several
	hash             hash.Hash
	want             []byte // nil if it comes in a trailer
}

// digestFields are the fields that a digest comes in, by their canonical names.
var digestFields = []struct {
	name       string
	algorithms []digestAlgorithm
}{
	{"Content-Md5", []digestAlgorithm{{"", md5.New}}},
	{"Content-Digest", rfc9530},
	{"Repr-Digest", rfc9530},
	{"X-Amz-Checksum-Crc32", []digestAlgorithm{{"", func() hash.Hash { return crc32.NewIEEE() }}}},
	{"X-Amz-Checksum-Crc32c", []digestAlgorithm{{"", func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) }}}},
	{"X-Amz-Checksum-Crc64nvme", []digestAlgorithm{{"", func() hash.Hash { return crc64nvme.New() }}}},
	{"X-Amz-Checksum-Sha1", []digestAlgorithm{{"", sha1.New}}},
	{"X-Amz-Checksum-Sha256", []digestAlgorithm{{"", sha256.New}}},
}

type digestAlgorithm struct {
	name string
	new  func() hash.Hash
}

var rfc9530 = []digestAlgorithm{{"sha-256", sha256.New}, {"sha-512", sha512.New}}

// announced prepares for the digests in the request's header, and for those that are to
// come behind its body. Which algorithm these will be of is not known yet.
func (b *incoming) announced() error {
	for _, f := range digestFields {
		_, later := b.r.Trailer[f.name]
		lines := b.r.Header[f.name]
		for _, a := range f.algorithms {
			d := digest{field: f.name, algorithm: a.name}
			if len(lines) > 0 {
				d.hash = a.new()
				want, err := d.read(lines)
				if err != nil {
					return err
				}
				if d.want = want; want != nil {
					b.digests = append(b.digests, d)
				}
			}
			if later {
				d.want, d.hash = nil, a.new()
				b.digests = append(b.digests, d)
			}
		}
	}
	return nil
}

// read reads the value of d's algorithm in a field. It is nil if there is none.
func (d *digest) read(lines []string) ([]byte, error) {
	value := joined(lines)
	if d.algorithm != "" {
		member, ok := lookup(value, d.algorithm)
		if !ok {
			return nil, nil
		}
		// A byte sequence (RFC 9651, section 3.3.5), parameters cut off.
		member, _, _ = strings.Cut(member, ";")
		inner, opened := strings.CutPrefix(strings.TrimSpace(member), ":")
		inner, closed := strings.CutSuffix(inner, ":")
		if !opened || !closed {
			return nil, fmt.Errorf("%s: %s is no byte sequence", d.field, d.algorithm)
		}
		value = inner
	}
	want, err := base64.StdEncoding.DecodeString(value)
	if err != nil || len(want) != d.hash.Size() {
		return nil, fmt.Errorf("%s: %q is no digest of %d bytes in base64", d.field, value, d.hash.Size())
	}
	return want, nil
}

// lookup finds the last member of a dictionary (RFC 9651, section 3.2) with the given
// key. Commas in strings separate nothing.
func lookup(dictionary, key string) (value string, ok bool) {
	quoted, start := false, 0
	for i := 0; i <= len(dictionary); i++ {
		switch {
		case i == len(dictionary) || dictionary[i] == ',' && !quoted:
			k, v, _ := strings.Cut(strings.Trim(dictionary[start:i], " \t"), "=")
			if k == key {
				value, ok = v, true
			}
			start = i + 1
		case dictionary[i] == '"':
			quoted = !quoted
		case dictionary[i] == '\\' && quoted:
			i++
		}
	}
	return value, ok
}

// Read implements io.Reader.
func (b *incoming) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.body.Read(p)
	if n < 0 || n > len(p) {
		return n, err // Put says what is wrong with that
	}
	for _, d := range b.digests {
		d.hash.Write(p[:n])
	}
	if err == io.EOF {
		err = b.check()
		if err == nil {
			b.err = io.EOF
			return n, io.EOF
		}
	}
	if err != nil {
		b.err = &bodyError{err}
	}
	return n, b.err
}

// check compares, at the end of the body, when the trailers are there.
func (b *incoming) check() error {
	for _, d := range b.digests {
		want := d.want
		if want == nil {
			lines := b.r.Trailer[d.field]
			if len(lines) == 0 {
				return fmt.Errorf("the trailer %s was announced and did not come", d.field)
			}
			var err error
			if want, err = d.read(lines); err != nil {
				return err
			}
			if want == nil {
				continue
			}
		}
		if got := d.hash.Sum(nil); !bytes.Equal(want, got) {
			return fmt.Errorf("%w: %s %s", transfer.ErrIntegrity, d.field, d.algorithm)
		}
	}
	return nil
}
