package direct

import (
	"net/http"
	"net/textproto"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	smithytime "github.com/aws/smithy-go/time"
)

// An outputField is where a header of an answer goes in the output.
type outputField struct {
	index int
	also  int  // a second field, the text of Expires; 0 if there is none
	ofDay bool // the time is a date and time of ISO 8601
}

// outputHeaders are the headers of answers, by the field. A field
// that the SDK in use does not have is left out.
var outputHeaders = map[string]string{
	"AcceptRanges":                     "Accept-Ranges",
	"ArchiveStatus":                    "X-Amz-Archive-Status",
	"BucketKeyEnabled":                 "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled",
	"CacheControl":                     "Cache-Control",
	"ChecksumCRC32":                    "X-Amz-Checksum-Crc32",
	"ChecksumCRC32C":                   "X-Amz-Checksum-Crc32c",
	"ChecksumCRC64NVME":                "X-Amz-Checksum-Crc64nvme",
	"ChecksumMD5":                      "X-Amz-Checksum-Md5",
	"ChecksumSHA1":                     "X-Amz-Checksum-Sha1",
	"ChecksumSHA256":                   "X-Amz-Checksum-Sha256",
	"ChecksumSHA512":                   "X-Amz-Checksum-Sha512",
	"ChecksumType":                     "X-Amz-Checksum-Type",
	"ChecksumXXHASH128":                "X-Amz-Checksum-Xxhash128",
	"ChecksumXXHASH3":                  "X-Amz-Checksum-Xxhash3",
	"ChecksumXXHASH64":                 "X-Amz-Checksum-Xxhash64",
	"ContentDisposition":               "Content-Disposition",
	"ContentEncoding":                  "Content-Encoding",
	"ContentLanguage":                  "Content-Language",
	"ContentLength":                    "Content-Length",
	"ContentRange":                     "Content-Range",
	"ContentType":                      "Content-Type",
	"DeleteMarker":                     "X-Amz-Delete-Marker",
	"ETag":                             "Etag",
	"Expiration":                       "X-Amz-Expiration",
	"Expires":                          "Expires",
	"LastModified":                     "Last-Modified",
	"MissingMeta":                      "X-Amz-Missing-Meta",
	"ObjectLockEventHold":              "X-Amz-Object-Lock-Event-Hold",
	"ObjectLockEventHoldDurationDays":  "X-Amz-Object-Lock-Event-Hold-Duration-Days",
	"ObjectLockEventHoldDurationYears": "X-Amz-Object-Lock-Event-Hold-Duration-Years",
	"ObjectLockLegalHoldStatus":        "X-Amz-Object-Lock-Legal-Hold",
	"ObjectLockMode":                   "X-Amz-Object-Lock-Mode",
	"ObjectLockRetainUntilDate":        "X-Amz-Object-Lock-Retain-Until-Date",
	"PartsCount":                       "X-Amz-Mp-Parts-Count",
	"ReplicationStatus":                "X-Amz-Replication-Status",
	"RequestCharged":                   "X-Amz-Request-Charged",
	"Restore":                          "X-Amz-Restore",
	"SSECustomerAlgorithm":             "X-Amz-Server-Side-Encryption-Customer-Algorithm",
	"SSECustomerKeyMD5":                "X-Amz-Server-Side-Encryption-Customer-Key-Md5",
	"SSEKMSEncryptionContext":          "X-Amz-Server-Side-Encryption-Context",
	"Size":                             "X-Amz-Object-Size",
	"SSEKMSKeyId":                      "X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id",
	"ServerSideEncryption":             "X-Amz-Server-Side-Encryption",
	"StorageClass":                     "X-Amz-Storage-Class",
	"TagCount":                         "X-Amz-Tagging-Count",
	"VersionId":                        "X-Amz-Version-Id",
	"WebsiteRedirectLocation":          "X-Amz-Website-Redirect-Location",
}

const metaHeader = "X-Amz-Meta-"

// unbound are headers of S3's that no field of an output stands for.
var unbound = map[string]bool{
	"X-Amz-Request-Id": true, "X-Amz-Id-2": true, "X-Amz-Bucket-Region": true,
}

func outputFields(t reflect.Type) map[string]*outputField {
	fields := map[string]*outputField{}
	for name, header := range outputHeaders {
		f, ok := t.FieldByName(name)
		if !ok {
			continue
		}
		of := &outputField{index: f.Index[0], ofDay: name == "ObjectLockRetainUntilDate"}
		if text, ok := t.FieldByName("ExpiresString"); ok && name == "Expires" {
			of.also = text.Index[0]
		}
		fields[header] = of
	}
	return fields
}

// read fills the output out, a pointer to a struct, from the headers of an answer, as the SDK
// does. It reports false where the SDK may know better: a header of S3's that is none of the
// above, or a value that is not what it should be.
func (op *operation) read(out any, h http.Header) bool {
	v := reflect.ValueOf(out).Elem()
	texts := make([]string, 0, len(h)+1)
	var meta map[string]string
	for name, values := range h {
		f := op.output[name]
		if f == nil {
			switch {
			case !strings.HasPrefix(name, "X-Amz-"):
				if name != textproto.CanonicalMIMEHeaderKey(name) {
					return false // not from net/http
				}
			case strings.HasPrefix(name, metaHeader) && !op.body && len(values) > 0:
				if meta == nil {
					meta = map[string]string{}
				}
				meta[strings.ToLower(name[len(metaHeader):])] = strings.TrimSpace(values[0])
			case !unbound[name] && !ignored.has(op, name):
				return false
			}
			continue
		}
		if len(values) == 0 {
			continue
		}
		text := strings.TrimSpace(values[0])
		if f.also != 0 {
			texts = append(texts, text)
			*v.Field(f.also).Addr().Interface().(**string) = &texts[len(texts)-1]
		}
		field := v.Field(f.index)
		if field.Kind() == reflect.String {
			field.SetString(text)
			continue
		}
		switch p := field.Addr().Interface().(type) {
		case **string:
			texts = append(texts, text)
			*p = &texts[len(texts)-1]
		case **int64:
			n, err := strconv.ParseInt(text, 0, 64)
			if err != nil {
				return false
			}
			*p = &n
		case **int32:
			n, err := strconv.ParseInt(text, 0, 32)
			if err != nil {
				return false
			}
			n32 := int32(n)
			*p = &n32
		case **bool:
			b, err := strconv.ParseBool(text)
			if err != nil {
				return false
			}
			*p = &b
		case **time.Time:
			parse := parseDate
			if f.ofDay {
				parse = smithytime.ParseDateTime
			}
			t, err := parse(text)
			if err != nil {
				return false
			}
			*p = &t
		default:
			return false
		}
	}
	if meta != nil {
		f := v.FieldByName("Metadata")
		if !f.IsValid() {
			return false
		}
		*f.Addr().Interface().(*map[string]string) = meta
	}
	return true
}

// ignored are headers that stores send, and that the SDK has been seen to make nothing of.
var ignored learnt

// A learnt is a set of headers of operations that grows, up to a bound.
type learnt struct {
	mu sync.RWMutex
	m  map[learntHeader]bool
}

type learntHeader struct {
	op   *operation
	name string
}

const maxLearnt = 256

func (l *learnt) has(op *operation, name string) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.m[learntHeader{op, name}]
}

func (l *learnt) add(op *operation, name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.m == nil {
		l.m = map[learntHeader]bool{}
	}
	if len(l.m) < maxLearnt {
		l.m[learntHeader{op, name}] = true
	}
}

// compareRead learns from the SDK's reading of an answer, of which read knew not all. A header
// that it was not used for is known from then on.
func (op *operation) compareRead(sdks any, h http.Header) {
	known := http.Header{}
	var strange []string
	for name, values := range h {
		if _, ok := op.output[name]; ok || !strings.HasPrefix(name, "X-Amz-") || strings.HasPrefix(name, metaHeader) && !op.body || unbound[name] || ignored.has(op, name) {
			known[name] = values
		} else {
			strange = append(strange, name)
		}
	}
	out := reflect.New(reflect.TypeOf(sdks).Elem())
	if len(strange) == 0 || !op.read(out.Interface(), known) {
		return
	}
	a, b := out.Elem(), reflect.ValueOf(sdks).Elem()
	for i := range a.NumField() {
		switch name := a.Type().Field(i).Name; {
		case name == "Body" || name == "ResultMetadata" || !a.Type().Field(i).IsExported():
		case !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()):
			return
		}
	}
	for _, name := range strange {
		ignored.add(op, strings.Clone(name))
	}
}
