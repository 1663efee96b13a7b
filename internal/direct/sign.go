package direct

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// A signature of version 4 (IAM User Guide, "Create a signed AWS API request"). The SDK's
// public signer makes the same in 2.1 KB and 32 allocations; this one has its key and its
// memory at hand. TestSignature compares the two, and so does every rehearsal.

const (
	algorithm  = "AWS4-HMAC-SHA256"
	timeFormat = "20060102T150405Z"
)

// A signingKey is what a day's requests of one region are signed with.
type signingKey struct {
	access, secret  string
	day             string
	region, service string
	macs            sync.Pool // of hash.Hash
}

func (k *signingKey) fits(c *aws.Credentials, day []byte, region, service string) bool {
	return k != nil && k.access == c.AccessKeyID && k.secret == c.SecretAccessKey && k.day == string(day) && k.region == region && k.service == service
}

func newSigningKey(c *aws.Credentials, day []byte, region, service string) *signingKey {
	k := &signingKey{access: c.AccessKeyID, secret: c.SecretAccessKey, day: string(day), region: region, service: service}
	key := []byte("AWS4" + k.secret)
	for _, s := range []string{k.day, region, service, "aws4_request"} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(s))
		key = mac.Sum(nil)
	}
	k.macs.New = func() any { return hmac.New(sha256.New, key) }
	return k
}

// authorization signs the request that w holds, which is sorted, and returns the value of its
// Authorization header. at is the time that the request tells. contentLength is signed if it
// is more than zero.
func (w *wire) authorization(k *signingKey, method, host, path, query, payload string, at []byte, contentLength int64) string {
	b := w.buf[:0]
	b = append(append(b, method...), '\n')
	b = append(append(b, path...), '\n')
	b = append(append(b, query...), '\n')
	b = w.canonicalHeaders(b, host, contentLength)
	b = append(b, '\n')
	names := len(b)
	b = append(b, w.names...)
	namesEnd := len(b)
	b = append(append(b, '\n'), payload...)
	sum := sha256.Sum256(b)

	text := len(b)
	b = append(append(b, algorithm...), '\n')
	b = append(append(b, at...), '\n')
	scope := len(b)
	b = append(append(b, k.day...), '/')
	b = append(append(b, k.region...), '/')
	b = append(append(b, k.service...), "/aws4_request"...)
	scopeEnd := len(b)
	b = append(b, '\n')
	b = hex.AppendEncode(b, sum[:])
	mac := k.macs.Get().(hash.Hash)
	mac.Reset()
	mac.Write(b[text:])
	signature := mac.Sum(sum[:0])
	k.macs.Put(mac)

	value := len(b)
	b = append(append(b, algorithm+" Credential="...), k.access...)
	b = append(append(b, '/'), b[scope:scopeEnd]...)
	b = append(append(b, ", SignedHeaders="...), b[names:namesEnd]...)
	b = append(b, ", Signature="...)
	b = hex.AppendEncode(b, signature)
	w.buf = b
	return string(b[value:])
}

// canonicalHeaders appends the lines that are signed, in order, and notes their names. The
// host's and the length's are no lines of the header that w has.
func (w *wire) canonicalHeaders(b []byte, host string, length int64) []byte {
	w.names = w.names[:0]
	told, hosted := length <= 0, false
	for i := 0; i <= len(w.headers); i++ {
		next := "~" // behind every name
		if i < len(w.headers) {
			if w.headers[i].unsigned {
				continue
			}
			next = w.headers[i].lower
		}
		if !told && "content-length" < next {
			told = true
			b = append(strconv.AppendInt(append(b, "content-length:"...), length, 10), '\n')
			w.names = append(w.names, "content-length;"...)
		}
		if !hosted && "host" < next {
			hosted = true
			b = append(appendTrimmed(append(b, "host:"...), host), '\n')
			w.names = append(w.names, "host;"...)
		}
		if i < len(w.headers) {
			b = append(append(b, next...), ':')
			b = append(appendTrimmed(b, w.headers[i].value), '\n')
			w.names = append(append(w.names, next...), ';')
		}
	}
	w.names = w.names[:len(w.names)-1] // the last semicolon
	return b
}

// appendTrimmed appends a header's value as it is signed: without space around it, and with
// one blank where there are several.
func appendTrimmed(b []byte, s string) []byte {
	s = strings.Trim(s, " ")
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "  ") {
		return append(b, s...)
	}
	for i := range len(s) {
		if s[i] != ' ' || s[i-1] != ' ' {
			b = append(b, s[i])
		}
	}
	return b
}

// signingTime returns the time that a request tells.
func signingTime(t time.Time) (at [len(timeFormat)]byte) {
	t.UTC().AppendFormat(at[:0], timeFormat)
	return at
}
