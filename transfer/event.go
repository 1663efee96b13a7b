package transfer

import (
	"sync/atomic"
	"time"
)

// An Event is something that happened on the way of a transfer, for logs, metrics and
// traces: see RequestOptions.OnEvent. [Client.Stats] counts the same.
type Event struct {
	Kind        EventKind
	Op          string // the method, such as "Get"
	Bucket, Key string
	Part        int           // counted from 1; 0 if the event is not about one part
	Try         int           // of a Retry: how many in a row, from 1
	Wait        time.Duration // of a Stall: how long nothing was heard
	Err         error         // the cause of a Retry or Stall, or the Mismatch

	// Verification of a Verified or Unverified download.
	Verification Verification
}

// EventKind says what happened.
type EventKind int

const (
	EventRetry      EventKind = iota // a request failed and is made again
	EventStall                       // a request was silent for too long and is made again
	EventResume                      // a body broke and is continued behind its last byte
	EventVerified                    // a download matches its checksum
	EventUnverified                  // a download is complete and could not be checked
	EventMismatch                    // a download does not match its checksum
	numEvents
)

var eventNames = [numEvents]string{"retry", "stall", "resume", "verified", "unverified", "mismatch"}

// String returns the kind in one lower-case word.
func (k EventKind) String() string {
	if k < 0 || k >= numEvents {
		return "unknown"
	}
	return eventNames[k]
}

// Stats counts what a [Client] has met since it was made.
type Stats struct {
	Retries    uint64 // requests that failed and were made again
	Stalls     uint64 // of silence, after which a request was made again
	Resumes    uint64 // bodies that broke and were continued
	Verified   uint64 // downloads that matched their checksum
	Unverified uint64 // downloads that could not be checked
	Mismatches uint64 // downloads that did not match

	Requests        int // requests under way now
	RequestsWaiting int // and those that wait until one of these is over
	Aborting        int // uploads that are being aborted behind a Put that has returned

	// Direct counts calls of GetObject, HeadObject, PutObject and UploadPart that took the
	// direct path, and SDK those that did not, the last of them because of WhySDK. See Options.NoDirect.
	Direct, SDK uint64
	WhySDK      string
}

// Stats returns a snapshot.
func (c *Client) Stats() Stats {
	n := func(k EventKind) uint64 { return c.counters[k].Load() }
	path := c.path()
	return Stats{
		Retries: n(EventRetry), Stalls: n(EventStall), Resumes: n(EventResume),
		Verified: n(EventVerified), Unverified: n(EventUnverified), Mismatches: n(EventMismatch),
		Requests: int(c.flights.underway.Load()), RequestsWaiting: int(c.flights.waiting.Load()),
		Aborting: c.behind.count(),
		Direct:   path.Direct, SDK: path.SDK, WhySDK: path.Why,
	}
}

type counters [numEvents]atomic.Uint64

// note counts an event and passes it on.
func (s *settings) note(e Event) {
	s.client.counters[e.Kind].Add(1)
	if s.OnEvent != nil {
		s.OnEvent(e)
	}
}
