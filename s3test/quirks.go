package s3test

import (
	"net/http"
	"slices"
)

// Quirks returns a rule for each thing that stores, proxies and networks have been
// seen to do to the clients of S3, in public bug reports. A program that is tried
// against each of them, in a script of that rule alone,
//
//	for _, rule := range s3test.Quirks() {
//		t.Run(rule.String(), func(t *testing.T) {
//			faults.SetScript(s3test.Rules(rule))
//
// may fail, but must not take wrong bytes for right, or a write for done that is not.
// Of those that hang, the rules' Fault ends only when the client gives up. Set Times
// to have a quirk once, and Skip to have it later.
func Quirks() []Rule {
	var list []Rule
	add := func(operations []string, faults ...Fault) {
		for _, op := range operations {
			for _, f := range faults {
				list = append(list, Rule{Operation: op, Fault: f})
			}
		}
	}
	read := []string{"GetObject"}
	heads := []string{"HeadObject"}
	stores := []string{"PutObject", "UploadPart"}
	finishes := []string{"CompleteMultipartUpload", "CopyObject"}
	writes := slices.Concat(stores, finishes, []string{"CreateMultipartUpload", "AbortMultipartUpload"})

	// The lying store.
	add(read, IgnoreRange(), ShiftRange(1), AnswerRange("bytes=0-0"), ContentRange("bytes 1-1/2"),
		AlwaysContentRange(), StarContentRange(), WholeRangeAs200(),
		ContentLength(0), ContentLength(1), ContentLength(1<<40), NoContentLength(), Truncate(1), Lengthen(1),
		Flip(0), Spin(1))
	add(slices.Concat(read, heads), NoETag(), WeakETag(), UnquotedETag(), PartETag(), IgnoreConditions(), IgnorePartNumber(),
		SetHeader("Last-Modified", ""), SetHeader("Content-Type", ""), NoChecksum(), WrongChecksum(), BareChecksum())
	add(heads, ContentLength(0), ContentLength(1<<40))
	add(slices.Concat(stores, finishes), NoETag(), NoChecksum())
	add(writes, Answer(200, "", ""), Answer(200, "application/xml", " \n "), Answer(200, "text/html", "<html>It works!</html>"),
		Answer(200, "application/xml", "<?xml version=\"1.0\"?><Complete"))
	add(finishes, ErrorIn200("InternalError"), ErrorIn200("AccessDenied"))
	add([]string{"ListObjects", "ListObjectsV2", "ListMultipartUploads", "ListParts"}, RepeatToken())
	// The silent store, and connections that break.
	add(slices.Concat(writes, heads, read), Hang(), Reset(), LoseAnswer())
	add(slices.Concat(stores, finishes), HangAfterBody())
	add(writes, WithholdAnswer())
	add(read, Stall(0, 0), Stall(1, 0), Cut(0), Cut(1), ResetAfter(1))
	// The busy store.
	add([]string{""}, SlowDown(0), InternalError(), Status(http.StatusTooManyRequests, "TooManyRequests"),
		Status(http.StatusConflict, "OperationAborted"), Answer(499, "text/html", "<html>"), Answer(520, "text/html", "<html>"),
		Status(http.StatusBadRequest, "ExpiredToken"), Status(http.StatusBadRequest, "RequestTimeout"))
	add(slices.Concat(stores, finishes), Status(http.StatusConflict, "ConditionalRequestConflict"))
	return list
}

// Together returns a Script that does to a request what all of the scripts say, as
// [Join] does: a store's quirks, which last, and what goes wrong now and then.
func Together(scripts ...Script) Script {
	return func(r *http.Request, n int) Fault {
		var faults []Fault
		for _, s := range scripts {
			faults = append(faults, s(r, n))
		}
		return Join(faults...)
	}
}
