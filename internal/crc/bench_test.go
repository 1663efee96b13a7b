package crc_test

import (
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"testing"

	"github.com/s3pool/s3pool/internal/crc"
)

// BenchmarkWrite hashes in writes of the sizes that bodies are read in: 4 KiB
// (bufio), 16 KiB (a TLS record), 32 KiB (io.Copy), and larger ones of our own.
// impl=sdk is the hash that the SDK's response validation writes to.
func BenchmarkWrite(b *testing.B) {
	sdk := map[crc.Algorithm]func() hash.Hash{
		crc.CRC32:     func() hash.Hash { return crc32.NewIEEE() },
		crc.CRC32C:    func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
		crc.CRC64NVME: func() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) },
		crc.SHA1:      sha1.New,
		crc.SHA256:    sha256.New,
	}
	for _, a := range []crc.Algorithm{crc.CRC32, crc.CRC32C, crc.CRC64NVME, crc.SHA1, crc.SHA256} {
		for _, size := range []int{4 << 10, 16 << 10, 32 << 10, 256 << 10, 1 << 20} {
			p := make([]byte, size)
			name := fmt.Sprintf("alg=%v/size=%dK", a, size>>10)
			b.Run(name+"/impl=s3pool", func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				if !a.Parallel() {
					s, _ := crc.NewStream(crc.FromDigest(a, make([]byte, a.Size())), crc.Layout{})
					for b.Loop() {
						s.Write(p)
					}
					return
				}
				v, _ := crc.NewVerifier(crc.FromCRC(a, 0), 0)
				c := v.Range(0)
				for b.Loop() {
					c.Write(p)
				}
			})
			b.Run(name+"/impl=sdk", func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				h := sdk[a]()
				for b.Loop() {
					h.Write(p)
				}
			})
		}
	}
}

func BenchmarkCombine(b *testing.B) {
	for _, a := range crcs {
		for _, n := range []int64{8 << 20, 8<<20 - 12345, 1<<42 - 1} {
			b.Run(fmt.Sprintf("alg=%v/len=%d", a, n), func(b *testing.B) {
				b.ReportAllocs()
				sum := uint64(1)
				for b.Loop() {
					sum = crc.Combine(a, sum, 2, n)
				}
			})
		}
	}
}

// BenchmarkRanges adds the 128 parts of a 1 GiB object from both ends.
func BenchmarkRanges(b *testing.B) {
	const part, parts = 8 << 20, 128
	set := crc.NewRanges(crc.CRC64NVME)
	b.ReportAllocs()
	for b.Loop() {
		set.Reset(crc.CRC64NVME)
		for i := range int64(parts / 2) {
			set.Add(i*part, part, 1)
			set.Add((parts-1-i)*part, part, 1)
		}
		if _, ok := set.Complete(parts * part); !ok {
			b.Fatal("incomplete")
		}
	}
}

// BenchmarkVerifier hashes 64 MiB in 8 parts that arrive in reads of 256 KiB, and verifies
// them: the parts cost nothing that shows.
func BenchmarkVerifier(b *testing.B) {
	const part, parts = 8 << 20, 8
	layout, _ := crc.EqualParts(part*parts, part, parts)
	p := make([]byte, 256<<10)
	composite, _ := crc.Parse(crc.CRC32C, "AAAAAA==-8")
	for _, want := range []crc.Value{crc.FromCRC(crc.CRC32C, 0), composite} {
		b.Run(fmt.Sprintf("composite=%v", want.Composite()), func(b *testing.B) {
			b.SetBytes(part * parts)
			b.ReportAllocs()
			for b.Loop() {
				v, _ := crc.NewVerifier(want, part*parts)
				for off := int64(0); off < part*parts; off += part {
					c := v.Range(off)
					for range part / len(p) {
						c.Write(p)
					}
					c.Flush()
				}
				if want.Composite() {
					_ = v.VerifyParts(layout, nil)
				} else {
					_ = v.Verify(part * parts)
				}
			}
		})
	}
}
