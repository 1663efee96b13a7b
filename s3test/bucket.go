package s3test

import (
	"encoding/xml"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// A bucket is guarded by the mutex of its S3. The objects in it are never written
// again, so that a request may read one without the mutex.
type bucket struct {
	name       string
	created    time.Time
	versioning string               // "", "Enabled" or "Suspended"
	objects    map[string][]*Object // by key, the current version last
	names      ordered[string]      // the keys of objects
	uploads    map[string]*upload   // by upload id
	pending    ordered[uploadName]  // the keys and ids of uploads
	// completed lets a client repeat a CompleteMultipartUpload whose answer it
	// has missed, as S3 does: what the last uploads have become, without their data.
	completed map[string]*Object
	latest    []string // their ids, the latest last
}

// maxCompleted is of how many uploads a bucket remembers what they have become.
const maxCompleted = 1000

// remember notes that an upload has become o.
func (b *bucket) remember(id string, o Object) {
	o.Data = nil
	b.completed[id] = &o
	b.latest = append(b.latest, id)
	if len(b.latest) > maxCompleted {
		delete(b.completed, b.latest[0])
		b.latest = slices.Delete(b.latest, 0, 1)
	}
}

// CreateBucket makes a bucket, without a request, unless it exists. If versioning
// is true the bucket keeps versions. The name may be one that S3 refuses in a
// request, such as one of a single letter.
func (s *S3) CreateBucket(name string, versioning bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.ensureBucket(name)
	if versioning {
		b.versioning = "Enabled"
	}
}

// ensureBucket returns the bucket of that name. The caller holds s.mu.
func (s *S3) ensureBucket(name string) *bucket {
	b := s.buckets[name]
	if b == nil {
		b = &bucket{name: name, created: now(), objects: map[string][]*Object{},
			uploads: map[string]*upload{}, completed: map[string]*Object{}}
		b.names.compare, b.pending.compare = strings.Compare, uploadName.compare
		s.buckets[name] = b
	}
	return b
}

// find returns c's bucket. The caller holds s.mu.
func (s *S3) find(c *call) (*bucket, error) {
	if b := s.buckets[c.bucket]; b != nil {
		return b, nil
	}
	return nil, noSuchBucket(c.bucket)
}

// validBucketName reports whether S3 lets a bucket have that name. See
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html.
func validBucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") {
		return false
	}
	for i := range len(name) {
		c := name[i]
		inside := i > 0 && i < len(name)-1
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || inside && (c == '-' || c == '.')) {
			return false
		}
	}
	for _, prefix := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	for _, suffix := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, suffix) {
			return false
		}
	}
	_, err := netip.ParseAddr(name)
	return err != nil
}

// current returns the current version, a delete marker perhaps, or nil.
func (b *bucket) current(key string) *Object {
	if v := b.objects[key]; len(v) > 0 {
		return v[len(v)-1]
	}
	return nil
}

// version returns the version id of an object, or nil.
func (b *bucket) version(key, id string) *Object {
	for _, o := range b.objects[key] {
		if o.VersionID == id || o.VersionID == "" && id == "null" {
			return o
		}
	}
	return nil
}

// put makes o the current version. id is for its version, if it needs one.
func (b *bucket) put(o *Object, id string) {
	b.names.add(o.Key)
	switch b.versioning {
	case "":
		b.objects[o.Key] = []*Object{o}
		return
	case "Enabled":
		o.VersionID = "v" + id
	case "Suspended":
		o.VersionID = "null"
		b.objects[o.Key] = b.others(o.Key, "null")
	}
	b.objects[o.Key] = append(b.objects[o.Key], o)
}

// remove takes a version away.
func (b *bucket) remove(key, id string) {
	v := b.others(key, id)
	if len(v) == 0 {
		b.drop(key)
		return
	}
	b.objects[key] = v
}

// others returns the versions of an object but one.
func (b *bucket) others(key, id string) []*Object {
	return slices.DeleteFunc(slices.Clone(b.objects[key]), func(o *Object) bool {
		return o.VersionID == id || o.VersionID == "" && id == "null"
	})
}

// drop takes all versions of an object away.
func (b *bucket) drop(key string) {
	delete(b.objects, key)
	b.names.remove(key)
}

// keys returns the keys of the objects that are not deleted, sorted.
func (b *bucket) keys() []string {
	var list []string
	for key := range b.names.all() {
		if !b.current(key).DeleteMarker {
			list = append(list, key)
		}
	}
	return list
}

func (s *S3) createBucket(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !validBucketName(c.bucket) {
		return invalidBucketName(c.bucket)
	}
	if s.buckets[c.bucket] != nil {
		return &apiError{status: 409, code: "BucketAlreadyOwnedByYou",
			message: "Your previous request to create the named bucket succeeded and you already own it.",
			fields:  fields("BucketName", c.bucket)}
	}
	s.ensureBucket(c.bucket)
	c.w.Header().Set("Location", "/"+c.bucket)
	return writeEmpty(c, http.StatusOK)
}

func (s *S3) headBucket(c *call) error {
	s.mu.Lock()
	_, err := s.find(c)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	c.w.Header().Set("X-Amz-Bucket-Region", s.region())
	return writeEmpty(c, http.StatusOK)
}

func (s *S3) deleteBucket(c *call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(c)
	if err != nil {
		return err
	}
	if len(b.objects) > 0 {
		return &apiError{status: 409, code: "BucketNotEmpty", message: "The bucket you tried to delete is not empty",
			fields: fields("BucketName", c.bucket)}
	}
	delete(s.buckets, c.bucket)
	return writeEmpty(c, http.StatusNoContent)
}

func (s *S3) listBuckets(c *call) error {
	type entry struct{ Name, CreationDate string }
	var out struct {
		XMLName xml.Name `xml:"ListAllMyBucketsResult"`
		Owner   struct{ ID string }
		Buckets []entry `xml:"Buckets>Bucket"`
	}
	out.Owner.ID = s.opts.Owner
	s.mu.Lock()
	for _, name := range slices.Sorted(maps.Keys(s.buckets)) {
		out.Buckets = append(out.Buckets, entry{name, timestamp(s.buckets[name].created)})
	}
	s.mu.Unlock()
	return writeXML(c, out)
}

func (s *S3) getBucketLocation(c *call) error {
	s.mu.Lock()
	_, err := s.find(c)
	s.mu.Unlock()
	if err != nil {
		return err
	}
	var out struct {
		XMLName xml.Name `xml:"LocationConstraint"`
		Region  string   `xml:",chardata"`
	}
	if s.region() != "us-east-1" { // which S3 does not name
		out.Region = s.region()
	}
	return writeXML(c, out)
}

type versioningConfiguration struct {
	XMLName xml.Name `xml:"VersioningConfiguration"`
	Status  string   `xml:"Status,omitempty"`
}

func (s *S3) getBucketVersioning(c *call) error {
	s.mu.Lock()
	b, err := s.find(c)
	var out versioningConfiguration
	if err == nil {
		out.Status = b.versioning
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return writeXML(c, out)
}

func (s *S3) putBucketVersioning(c *call) error {
	body, err := readPayload(c.Request)
	if err != nil {
		return err
	}
	var in versioningConfiguration
	if xml.Unmarshal(body.data, &in) != nil || in.Status != "Enabled" && in.Status != "Suspended" {
		return errMalformedXML
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(c)
	if err != nil {
		return err
	}
	b.versioning = in.Status
	return writeEmpty(c, http.StatusOK)
}

func (s *S3) region() string {
	if s.opts.Region != "" {
		return s.opts.Region
	}
	return "us-east-1"
}

// writeEmpty answers c without a body.
func writeEmpty(c *call, status int) error {
	if status != http.StatusNoContent {
		c.w.Header().Set("Content-Length", "0")
	}
	c.w.WriteHeader(status)
	return nil
}

// timestamp returns t as S3 writes it in documents.
func timestamp(t time.Time) string { return t.Format("2006-01-02T15:04:05.000Z") }
