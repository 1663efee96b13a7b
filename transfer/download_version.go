package transfer

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A version is what the first answer says about which version of the object it is. All
// later requests ask for that one, and all answers are compared with it.
type version struct {
	out *s3.GetObjectOutput // the first answer

	// tagged reports whether there is an ETag, and it is the object's: of a part of an
	// object, some stores tell the part's own.
	tagged bool

	// dated reports whether Last-Modified names the version: it lies at least a second
	// before the answer, so that whatever replaces the object has another (RFC 9110,
	// section 8.8.2.2).
	dated bool
}

// versionOf reads the first answer.
func versionOf(out *s3.GetObjectOutput, ofPart bool) version {
	v := version{out: out, tagged: aws.ToString(out.ETag) != ""}
	if ofPart && partsOf(out) < 2 && aws.ToInt32(out.PartsCount) > 1 {
		v.tagged = false
	}
	if out.LastModified != nil {
		if now, ok := awsmiddleware.GetServerTime(out.ResultMetadata); ok {
			v.dated = !now.Before(out.LastModified.Truncate(time.Second).Add(time.Second))
		}
	}
	return v
}

// id returns the version id, or "" in a bucket without versions. There, "null" is one, and
// changes with the object.
func (v *version) id() string {
	if id := aws.ToString(v.out.VersionId); id != "null" {
		return id
	}
	return ""
}

// strong reports whether the ETag names the bytes: a weak one does not (RFC 9110, section
// 8.8.1).
func (v *version) strong() bool { return v.tagged && !strings.HasPrefix(*v.out.ETag, "W/") }

// pinned reports whether later requests can ask for the same version. Where they cannot,
// nothing is fetched but the first body, and if that breaks, it cannot be continued.
func (v *version) pinned() bool { return v.strong() || v.id() != "" || v.dated }

// pin makes a request ask for the version. The id comes second, since asking for one
// takes a permission of its own, s3:GetObjectVersion.
func (v *version) pin(ifMatch, versionID **string, ifUnmodifiedSince **time.Time) {
	switch {
	case v.strong():
		*ifMatch = v.out.ETag
	case v.id() != "":
		*versionID = v.out.VersionId
	case v.dated:
		*ifUnmodifiedSince = v.out.LastModified
	}
}

// same returns ErrChanged if an answer is of another version.
func (v *version) same(out *s3.GetObjectOutput) error {
	if is := aws.ToString(out.ETag); v.tagged && is != "" {
		if was := *v.out.ETag; is != was {
			return fmt.Errorf("%w: its ETag was %s and is %s", ErrChanged, was, is)
		}
		if v.strong() {
			return nil
		}
	}
	if was, is := v.id(), aws.ToString(out.VersionId); was != "" && is != "" && is != was {
		return fmt.Errorf("%w: its version was %q and is %q", ErrChanged, was, is)
	}
	if was, is := v.out.LastModified, out.LastModified; was != nil && is != nil && !was.Equal(*is) {
		return fmt.Errorf("%w: it was last modified at %v and then at %v", ErrChanged, was.UTC(), is.UTC())
	}
	return nil
}
