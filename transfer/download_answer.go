package transfer

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/s3pool/s3pool/internal/part"
)

// asks reads the caller's question, before it is sent. S3 answers a Range that it does not
// understand with the whole object, which is not what was asked for.
func (t *transfer) asks() (part.Spec, error) {
	spec, err := part.ParseRange(aws.ToString(t.in.Range))
	if err != nil {
		return spec, invalidError{err}
	}
	if t.in.PartNumber != nil && !spec.Whole() {
		return spec, invalidError{errors.New("both Range and PartNumber are set; S3 takes one of them")}
	}
	return spec, nil
}

// learn reads from the first answer what is going to arrive, and makes sure that it is
// what was asked for. It reports whether the body holds all of the object instead: the
// store has no ranges.
func (t *transfer) learn(asked part.Spec) (all bool, err error) {
	a, err := read(t.out)
	if err != nil {
		return false, err
	}
	t.total = a.total
	switch {
	case a.ranged:
		t.rng, t.known = a.rng, true
	case a.length >= 0:
		t.rng.To, t.known = a.length, true
	default:
		t.rng.To = maxInt64 // as far as the body goes
	}
	if t.in.PartNumber != nil {
		// One part has the number 1, of an object that was not uploaded in parts.
		if !a.ranged && (*t.in.PartNumber != 1 || partsOf(t.out) > 1) {
			return false, &answerError{fmt.Errorf("asked for part %d, the server sent the whole object", *t.in.PartNumber)}
		}
		return false, nil
	}
	if !a.ranged && asked.Whole() {
		return false, nil
	}
	want, err := wanted(asked, a)
	if err != nil {
		return false, &answerError{err}
	}
	if asked.Whole() {
		return false, nil
	}
	if !a.ranged {
		all, t.rng = true, want
	}
	// The caller sees the answer that he asked for.
	if a.total > 0 {
		t.out.ContentRange = aws.String(part.ContentRange{Range: t.rng, Total: a.total}.String())
		t.out.ContentLength = aws.Int64(t.rng.Len())
	}
	return all, nil
}

// wanted returns the bytes that were asked for, of an object as the first answer tells it.
func wanted(spec part.Spec, a answer) (part.Range, error) {
	asked := "the object"
	if !spec.Whole() {
		asked = "the range " + spec.String()
	}
	switch {
	case a.ranged && a.total == part.Unknown:
		// It may be all there is from there on, or not.
		if exact, ok := spec.Exact(); ok && exact == a.rng {
			return a.rng, nil
		}
		return part.Range{}, fmt.Errorf("asked for %s, the server sent the bytes %v of an object of unknown size", asked, a.rng)
	case !a.ranged && a.length < 0:
		return part.Range{}, fmt.Errorf("asked for %s, the server sent a body that does not say which bytes it is", asked)
	case a.total == 0:
		return part.Range{}, nil // a server without ranges has sent all there is
	}
	want, ok := spec.Resolve(a.total)
	if !ok {
		return part.Range{}, fmt.Errorf("asked for %s, which an object of %d bytes does not have, and the server did not refuse", asked, a.total)
	}
	if a.ranged && a.rng != want {
		return part.Range{}, fmt.Errorf("asked for %s, the server sent the bytes %v of %d", asked, a.rng, a.total)
	}
	return want, nil
}

// An answer is what a response says about its body.
type answer struct {
	length int64 // of the body, or -1
	ranged bool  // whether it said which bytes these are:
	rng    part.Range
	total  int64 // the size of the object, or part.Unknown
}

func read(out *s3.GetObjectOutput) (answer, error) {
	a := answer{length: -1, total: part.Unknown}
	if out.ContentLength != nil && *out.ContentLength >= 0 {
		a.length = *out.ContentLength
	}
	if out.ContentRange == nil {
		if raw, ok := awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response); ok && raw.StatusCode == http.StatusPartialContent {
			return a, &answerError{errors.New("the server sent a part of the object (206) and did not say which")}
		}
		a.total = a.length
		return a, nil
	}
	cr, err := part.ParseContentRange(*out.ContentRange)
	if err != nil {
		return a, &answerError{err}
	}
	if cr.Range.Empty() {
		return a, &answerError{fmt.Errorf("the server sent a body for the empty range %q", *out.ContentRange)}
	}
	if a.length >= 0 && a.length != cr.Range.Len() {
		return a, &answerError{fmt.Errorf("the server announced %d bytes and the range %v", a.length, cr.Range)}
	}
	a.ranged, a.rng, a.total = true, cr.Range, cr.Total
	return a, nil
}

// agrees checks that an answer is to the range r of the same object. It returns how many
// bytes of the body come before r.
func (t *transfer) agrees(out *s3.GetObjectOutput, r part.Range) (skip int64, err error) {
	if err := t.version.same(out); err != nil {
		return 0, err
	}
	a, err := read(out)
	if err != nil {
		return 0, err
	}
	if t.total != part.Unknown && a.total != part.Unknown && a.total != t.total {
		return 0, fmt.Errorf("%w: it had %d bytes and has %d", ErrChanged, t.total, a.total)
	}
	if !a.ranged {
		if a.length < 0 || r.To != maxInt64 && r.To > a.length {
			return 0, &answerError{fmt.Errorf("asked for the bytes %v, the server sent a body of %d bytes that does not say which", r, a.length)}
		}
		if r != (part.Range{To: a.length}) {
			t.whole.Store(true) // the server has no ranges
		}
		return r.From, nil
	}
	if err := (part.ContentRange{Range: a.rng, Total: a.total}).Check(r, t.total); err != nil {
		return 0, &answerError{err}
	}
	return 0, nil
}
