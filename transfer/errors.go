package transfer

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrChanged is returned when the object was replaced or deleted while it was being
	// transferred. All bytes received are of the version that the transfer began with, and
	// some are missing.
	ErrChanged = errors.New("the object changed during the transfer")

	// ErrUnverified is returned with VerifyRequired for an object that cannot be checked.
	// The error's text says why.
	ErrUnverified = errors.New("the object cannot be verified")

	// ErrInvalid is in the error of a call that cannot be right whatever the object is
	// like: no input, or an option out of range.
	ErrInvalid = errors.New("the call is not valid")

	// ErrIntegrity is returned when the bytes received are not those that the
	// object's checksum was made of.
	ErrIntegrity = errors.New("the bytes received do not match the object's checksum")
)

// An Error is what a [Client]'s calls return. The errors of the SDK and of the
// context are found through it with errors.As and errors.Is.
type Error struct {
	Op          string // the method, such as "Get"
	Bucket, Key string
	Version     string // the version id that was asked for, if one was
	UploadID    string // of a multipart upload that is still there and is not being aborted
	Part        int    // counted from 1; 0 if the error is not about one part
	Err         error

	of any // the transfer or upload that made it
}

// Error names the call, the object, the part and the cause.
func (e *Error) Error() string {
	var b strings.Builder
	// Quoted, since a key may hold line breaks, and so forge lines of a log.
	fmt.Fprintf(&b, "s3pool: %s %q: ", e.Op, e.Bucket+"/"+e.Key)
	if e.Version != "" {
		fmt.Fprintf(&b, "version %q: ", e.Version)
	}
	if e.UploadID != "" {
		fmt.Fprintf(&b, "upload %q: ", e.UploadID)
	}
	if e.Part > 0 {
		fmt.Fprintf(&b, "part %d: ", e.Part)
	}
	if e.Err != nil {
		b.WriteString(strings.TrimPrefix(e.Err.Error(), "s3pool: "))
	}
	return b.String()
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// isOurs reports whether err is one that the transfer or upload has made already. What a
// caller's own Reader or Writer returns may hold an *Error too, of another call.
func isOurs(err error, of any) bool {
	e, ok := err.(*Error)
	return ok && e.of == of
}

// checkName refuses an empty name, which would make another operation of a request. (The
// SDK says what is missing where there is none.)
func checkName(bucket, key *string) error {
	switch {
	case bucket != nil && *bucket == "":
		return invalidError{errors.New("the bucket's name is empty")}
	case key != nil && *key == "":
		return invalidError{errors.New("the object's key is empty")}
	}
	return nil
}

// wrapError returns e for the caller, or nil if its Err is. Whatever goes wrong once the
// caller's context is done goes wrong because of it.
func wrapError(ctx context.Context, e Error) error {
	if e.Err == nil {
		return nil
	}
	if cerr := ctx.Err(); cerr != nil && !errors.Is(e.Err, cerr) {
		e.Err = fmt.Errorf("%w (%w)", cerr, e.Err)
	}
	return &e
}

// An invalidError is ErrInvalid in words of its own.
type invalidError struct{ error }

func (e invalidError) Is(target error) bool { return target == ErrInvalid }
func (e invalidError) Unwrap() error        { return e.error }

// A strayCancelError is the cause of a request that failed as cancelled although
// nobody cancelled it. net/http does that: it closes a connection whose request was
// cancelled as its answer came in, and the next request, which has got the connection
// by then, fails in the other's name. It does not unwrap: a caller who sees
// context.Canceled must be able to believe it.
type strayCancelError struct{ err error }

func (e *strayCancelError) Error() string {
	return "the connection was closed for another request: " + e.err.Error()
}

// stray returns err, or if it is a cancellation that ctx knows nothing of, what it is.
func stray(ctx context.Context, err error) error {
	if ctx.Err() == nil && errors.Is(err, context.Canceled) {
		return &strayCancelError{err}
	}
	return err
}
