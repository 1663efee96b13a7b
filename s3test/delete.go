package s3test

import (
	"encoding/xml"
	"errors"
	"net/http"
)

func (s *S3) deleteObject(c *call) error {
	if err := checkDeleteHeaders(c.Header); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(c)
	if err != nil {
		return err
	}
	if v := c.Header.Get("If-Match"); v != "" {
		if err := checkWrite(http.Header{"If-Match": {v}}, c.key, b.current(c.key)); err != nil {
			return err
		}
	}
	if o := s.delete(b, c.key, c.query.Get("versionId")); o != nil {
		setVersion(c.w.Header(), o)
		if o.DeleteMarker {
			c.w.Header().Set("X-Amz-Delete-Marker", "true")
		}
	}
	return writeEmpty(c, http.StatusNoContent)
}

// delete removes a version, or if version is empty the object, which in a bucket
// with versions puts a marker on it. It returns what has been removed, or the
// marker, or nil. The caller holds s.mu.
func (s *S3) delete(b *bucket, key, version string) *Object {
	switch {
	case version != "":
		o := b.version(key, version)
		b.remove(key, version)
		return o
	case b.versioning == "":
		b.drop(key)
		return nil
	default:
		o := &Object{Key: key, DeleteMarker: true, LastModified: now()}
		b.put(o, s.nextID())
		return o
	}
}

// deletedObject is an object as DeleteObjects names it, in requests and answers.
type deletedObject struct {
	Key                   string
	VersionID             string  `xml:"VersionId,omitempty"`
	ETag                  string  `xml:",omitempty"`
	LastModifiedTime      *string `xml:",omitempty"`
	Size                  *string `xml:",omitempty"`
	DeleteMarker          bool    `xml:",omitempty"`
	DeleteMarkerVersionID string  `xml:"DeleteMarkerVersionId,omitempty"`
}

type deleteError struct {
	Key       string
	VersionID string `xml:"VersionId,omitempty"`
	Code      string
	Message   string
}

func (s *S3) deleteObjects(c *call) error {
	body, err := readPayload(c.Request)
	if err != nil {
		return err
	}
	if body.algorithm == "" && c.Header.Get("Content-Md5") == "" {
		return invalidRequest("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")
	}
	var in struct {
		XMLName xml.Name `xml:"Delete"`
		Quiet   bool
		Objects []deletedObject `xml:"Object"`
	}
	if xml.Unmarshal(body.data, &in) != nil || len(in.Objects) == 0 || len(in.Objects) > 1000 {
		return errMalformedXML
	}
	for _, e := range in.Objects {
		if e.LastModifiedTime != nil || e.Size != nil { // for directory buckets only
			return errNotImplemented
		}
	}
	var out struct {
		XMLName xml.Name `xml:"DeleteResult"`
		Deleted []deletedObject
		Errors  []deleteError `xml:"Error"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b, err := s.find(c)
	if err != nil {
		return err
	}
	for _, e := range in.Objects {
		done, err := s.deleteOne(b, e)
		if e2, ok := errors.AsType[*apiError](err); ok {
			out.Errors = append(out.Errors, deleteError{e.Key, e.VersionID, e2.code, e2.message})
		} else if !in.Quiet {
			out.Deleted = append(out.Deleted, done)
		}
	}
	return writeXML(c, out)
}

// deleteOne deletes what e names, if its condition holds, and returns what has been
// done. The caller holds s.mu.
func (s *S3) deleteOne(b *bucket, e deletedObject) (deletedObject, error) {
	if e.Key == "" {
		return e, &apiError{status: 400, code: "UserKeyMustBeSpecified",
			message: "The bucket POST must contain the specified field name. If it is specified, check the order of the fields."}
	}
	if err := checkKey(e.Key); err != nil {
		return e, err
	}
	if e.ETag != "" {
		if err := checkWrite(http.Header{"If-Match": {e.ETag}}, e.Key, b.current(e.Key)); err != nil {
			return e, err
		}
	}
	done := deletedObject{Key: e.Key, VersionID: e.VersionID}
	if o := s.delete(b, e.Key, e.VersionID); o != nil && o.DeleteMarker {
		done.DeleteMarker, done.DeleteMarkerVersionID = true, o.VersionID
	}
	return done, nil
}
