// Package prefix gets along with S3's limits on request rates.
//
// S3 serves at least 3,500 PUT, COPY, POST and DELETE and 5,500 GET and HEAD requests
// per second for each partition of a bucket's keys. Partitions are ranges of keys.
// They are cut where the load was, nobody is told where, and one that stays loaded
// splits, which takes half an hour or more. Until then what is above the rate is
// answered with 503 SlowDown. So a date at the beginning of keys makes every midnight
// a cold start: all new keys are in one partition, whatever yesterday's have become.
// See "Best practices design patterns: optimizing Amazon S3 performance" in the S3 user
// guide.
//
//   - [Pacer] keeps a client to the rates that S3 serves now. It is one option:
//     s3.NewFromConfig(cfg, pacer.Attach).
//   - [Spread] puts a shard in front of keys, so that new keys lie all over the
//     partitions that there are already.
//   - [NewRetryer] is a retryer that does not take a refusal for a failure. A Pacer
//     brings it along.
//
// # How a Pacer learns
//
// It does nothing before the first refusal: no limit, no lock, no counting, half a
// microsecond and 100 bytes a request. (To start from the documented rates would be wrong
// both ways: a bucket has any number of partitions, and a partition any number of
// clients.)
//
// With a refusal it begins to watch, for a fifth of a second, who is refused. If
// refusals lie on some prefix, that prefix gets a rate, and all else goes on without a
// limit. If they are all over the keys, the keys' common folder gets one rate: for a
// load that is spread evenly one rate serves as much as one for each partition would,
// and there is more to learn it from. The rate is what was served meanwhile.
//
// From then on the rate behaves like TCP's congestion window: it rises a little each
// second, more after seconds without a refusal, and falls at a refusal, by 1.5 divided
// by its root, or to what was served if that is less. Refusals of attempts that had
// started before are not counted again, so that a burst is one refusal, however long
// its answers take to come in. A rate only rises while somebody waits for it, and more
// slowly where refusals take seconds to come back: it must not run away before the
// first is heard. Attempts wait first come, first served, and as long as their context
// lets them.
//
// Keys that begin to come later, with a name that has not been among the keys of a
// rate, get a rate of their own at once. Digits do not count: numbers and times move
// on, and today's keys inherit yesterday's rate.
//
// Many clients need not know of each other: each is refused in proportion to what it
// asks for, and that makes them equal within seconds.
//
// Reads and writes are learnt apart, as S3 limits them apart. After a minute without a
// refusal and without anybody waiting, a prefix is forgotten; in a bucket that nobody
// asks any more, when somebody else needs the room or looks at [Pacer.Stats].
//
// # What to expect
//
// In a model of S3 ([github.com/s3pool/s3pool/s3test.Partitions]), with 50 ms to
// answer, at one, two and ten times what the partitions serve, for one client and for
// fifty, ten seconds after the load has changed: 95 % or more of what could have been
// served, less than 1 % of attempts refused, and less than a tenth taken from what
// goes to other partitions. TestPacerMatrix has the figures, and those of the SDK's
// retry modes.
//
// Where answers take long, or anything from no time to long, the figures are a little
// worse (TestPacerLatency, 0.1 to 20 s): 90 % of what could have been served, and less
// than 6 % refused; 80 % where requests take up to 10 s to get to S3 and ten times too
// many are sent. A thousand writers that begin at once, where 200 per second
// are served (TestPacerBurst), get all of it as soon as the answers to the burst are in:
//
//	answers over 2 s    150 per second or more from the third second on, all from the eighth
//	answers over 20 s   50 per second after 10 s, 100 after 25 s: all they can ask for
//
// After an outage in which everything is refused the rate is at one attempt per second
// and prefix. Once it is over, nine tenths of the rate are back (TestPacerOutage) in
//
//	answers within 50 ms, 200 per second      17 s
//	answers within 50 ms, 3,500 per second    20 s
//	answers over 2 s, 200 per second          20 s
//	answers after 5 s, 200 per second         53 s
//
// A restarted process has forgotten the outage. So has, after a minute, a Pacer whose
// callers have given up.
//
// What to know before:
//
//   - The first second of an overload is refused as without a Pacer; then it is over.
//   - Operations take as long as S3's rate makes them take. Give them a context with a
//     deadline if there is one.
//   - A cold prefix is told from a hot one by refusals. Where both have been there from
//     the beginning, in one folder, and there are few refusals (fifty clients, each with
//     a few requests a second), that can take a minute.
//   - The more clients share a partition, the more of their attempts are refused, since
//     each must be refused now and then to know its limit: 0.2 % with two, 0.7 % with
//     fifty, 1.3 % with a hundred, 5 % with five hundred. What is served stays the same.
package prefix
