package prefix

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// The control law: additive increase, multiplicative decrease. A client in
// equilibrium gains rise × time between two refusals and loses a step at each, which
// is refused/sent = rise / (step × rate²). A fixed step would be too coarse for a
// client that has a partition to itself, and cost it throughput, or too fine for one
// of fifty that share it, and cost refusals: so it goes with the root of the rate.
// Who has more is refused more often and rises less: that is what makes it fair.
// TestPacerMatrix holds the figures to what they are to achieve.
const (
	// rise is the requests per second by which a rate rises each second. Rates below
	// lowRate rise as a tenth of themselves: the fewer requests there are, the later
	// comes the refusal that ends it.
	rise    = 5
	lowRate = 50

	// surge/s³ is what a rate rises by in addition, as a fraction of itself, times the
	// square of the seconds without a refusal. It more than doubles a rate in the ten
	// seconds after a partition has split; a client of fifty, which is refused every two
	// seconds or so, does not run away in between.
	surge = 0.04 / (4 * 4)

	// step/√rate is the relative decrease at a refusal, from minStep to maxStep.
	step    = 1.5
	minStep = 0.03
	maxStep = 0.25

	// settle is how long refusals are counted, from the first, before the rate
	// follows what was served. firstSettle is the same for a rate that is not limited
	// yet.
	settle      = 100 * time.Millisecond
	firstSettle = 200 * time.Millisecond

	// The first refusals are many, and tell where among the keys they come from; in
	// equilibrium they are too few for that. A client of fifty does not see enough of
	// them at first: until it has seen plenty, or for survey, it asks for more than
	// what it was served.
	plenty = 50
	survey = 2 * time.Second
	more   = 1.5

	// enough attempts must have been served to hold them against those refused, and
	// maxLost is the most by which a rate falls at once.
	enough  = 5
	maxLost = 0.95

	// burst is the time in which a flow that had nothing to send may make up for it,
	// or a late timer. S3's own tolerance is not published; this is well below it.
	burst = 20 * time.Millisecond

	// minRate is what is left, in requests per second, where everything is refused:
	// enough to see that it no longer is.
	minRate = 1

	// maxRate is out of reach: it keeps the arithmetic finite.
	maxRate = 1e9
)

var unlimited = math.Inf(1)

// A flow is the rate of the requests for the keys below a prefix. It is a pure
// model: it knows the time by being told. The tree's lock guards it.
type flow struct {
	prefix string
	rate   float64 // requests per second, or unlimited
	limit  *rate.Limiter
	queue  queue // empty while unlimited
	pumped bool  // somebody will drain the queue

	// Attempts are numbered in the order they start. One that started before the
	// last decrease is late news of what has been dealt with: it does not count.
	started uint64
	counted uint64
	fresh   bool // nothing has been dealt with yet

	heardOf bool          // an attempt that started after the last decrease has come back
	lag     time.Duration // how long refusals take to come back, on average

	// A congestion begins with a refusal that counts, and is settled a moment later.
	congested bool
	surveying bool
	since     time.Time
	base      uint64    // the attempt, or the number of attempts, it began with
	baseAt    time.Time // when that one started
	last      uint64    // the latest attempt heard of since
	lastAt    time.Time // when that one started
	heard     time.Time // when the first attempt after base came back
	refused   uint64    // attempts after base
	taken     uint64    // attempts after base that were not

	grown  time.Time     // until when growth has been accounted for
	quiet  time.Duration // under pressure and not refused
	pushed bool          // somebody has had to wait since grown

	idleSince time.Time // no refusal and no waiting since
	scatter   scatter

	served, throttled, waited int64
	waitTime                  time.Duration
}

func newFlow(prefix string, now time.Time) *flow {
	return &flow{prefix: prefix, rate: unlimited, grown: now, idleSince: now}
}

func (f *flow) limited() bool { return f.rate < unlimited }

// start numbers an attempt that starts now.
func (f *flow) start(now time.Time) ticket {
	f.started++
	return ticket{f, f.started, now, f.rate}
}

// take reports whether an attempt may start at now, and if not, after which time to
// ask again. That is a millisecond at least: the burst makes up for it, and a timer
// for each of thousands of requests a second would cost more than they do.
func (f *flow) take(now time.Time) (bool, time.Duration) {
	if !f.limited() || f.limit.AllowN(now, 1) {
		return true, 0
	}
	d := time.Duration((1 - f.limit.TokensAt(now)) / f.rate * float64(time.Second))
	return false, max(d, time.Millisecond)
}

// setRate changes the rate. tokens is how much of a request a fresh limiter has to
// begin with.
func (f *flow) setRate(r float64, tokens float64, now time.Time) {
	f.rate = min(max(r, minRate), maxRate)
	n := max(1, int(f.rate*burst.Seconds()))
	if f.limit == nil {
		f.limit = rate.NewLimiter(rate.Limit(f.rate), n)
		f.limit.AllowN(now.Add(-time.Duration(tokens/f.rate*float64(time.Second))), n) // a new one is full
		return
	}
	f.limit.SetLimitAt(now, rate.Limit(f.rate))
	f.limit.SetBurstAt(now, n)
}

// release lifts the limit.
func (f *flow) release(now time.Time) {
	f.rate, f.limit = unlimited, nil
	f.settle(now)
}

// accept takes note of an attempt that was not refused.
func (f *flow) accept(tk ticket, now time.Time) {
	f.served++
	f.hear(tk, now)
	if f.congested && tk.n > f.base {
		f.taken++
	}
	if !f.congested {
		f.grow(now)
	}
}

// hear takes note of an attempt that has come back.
func (f *flow) hear(tk ticket, now time.Time) {
	if !f.heardOf && tk.n > f.counted {
		f.heardOf, f.grown = true, now
	}
	if f.congested && tk.n > f.base {
		if f.last == f.base {
			f.heard = now
		}
		if tk.n > f.last {
			f.last, f.lastAt = tk.n, tk.at
		}
	}
}

// grow lets the rate rise for the time that has passed, if somebody had to wait in
// it: a rate that is not used says nothing about what S3 would give. Nor is anything
// known of a rate before the first of its attempts has come back.
func (f *flow) grow(now time.Time) {
	dt := now.Sub(f.grown)
	if !f.limited() || !f.heardOf || dt <= 0 {
		return
	}
	f.grown = now
	if !f.pushed && f.queue.n == 0 {
		return
	}
	f.pushed = false
	dt = min(dt, time.Second) // there may have been nothing to send for long
	f.quiet += dt
	f.setRate(f.rate*math.Exp(growth(f.rate, f.quiet, f.lag)*dt.Seconds()), 0, now)
}

// refuse takes note of an attempt that was refused.
func (f *flow) refuse(tk ticket, now time.Time, x random) {
	f.throttled++
	f.idleSince = now
	f.hear(tk, now)
	n := tk.n
	if n > 0 {
		if took := now.Sub(tk.at); f.lag == 0 {
			f.lag = took
		} else {
			f.lag += (took - f.lag) / 8
		}
	}
	if n <= f.counted && !f.fresh {
		return
	}
	if f.congested {
		if n > f.base {
			f.refused++
		}
		return
	}
	if n == 0 {
		n = f.started
	}
	f.watch(n, now)
	if tk.n > 0 {
		f.baseAt = tk.at
	}
	if !f.limited() {
		f.scatter = scatter{}
	} else {
		// At once, since what is above the capacity is refused until then. It is the rate
		// of then that was too much: it may have risen since.
		r := min(f.rate, tk.rate)
		f.setRate(r*(1-x.step(r)), 0, now)
	}
}

// due reports whether a congestion has been watched for long enough.
func (f *flow) due(now time.Time) bool {
	d := now.Sub(f.since)
	switch {
	case !f.congested:
		return false
	case f.surveying:
		if d < survey && f.refused < plenty {
			_, _, _, g := f.scatter.odd()
			return g >= evidence
		}
		return true
	case f.limited():
		return d >= max(settle, f.lag/10)
	default:
		return d >= firstSettle && f.last > f.base && now.Sub(f.heard) >= firstSettle/2
	}
}

// fraction is how many of the attempts since the first refusal were refused. Those
// that have not come back, and started before one that has, count as served: refusals
// are often quicker than what they refuse. Where both have come back in numbers, these
// tell more.
func (f *flow) fraction() float64 {
	if f.last <= f.base {
		return 0
	}
	refused := float64(f.refused)
	lost := refused / float64(f.last-f.base)
	if f.taken >= enough {
		lost = max(lost, refused/float64(f.refused+f.taken))
	}
	return lost
}

// sending is the attempts per second that started after the first one that was
// refused, by those that have come back: a burst is as fast as it was sent, however long its answers take.
func (f *flow) sending() float64 {
	if f.last <= f.base {
		return 0
	}
	return float64(f.last-f.base) / max(f.lastAt.Sub(f.baseAt), burst).Seconds()
}

// decrease ends a congestion: the rate becomes what was served, or stays if the
// step at the first refusal has done it.
func (f *flow) decrease(now time.Time, x random) {
	if f.limited() {
		if lost := min(f.fraction(), maxLost); lost > x.step(f.rate) {
			f.setRate(f.rate*(1-lost), 0, now)
		}
	} else {
		// As if one more had been served: a few refusals are not all there is.
		r := f.sending() * (1 - f.fraction()*float64(f.last-f.base)/float64(f.last-f.base+1))
		if f.scatter.total().refused < plenty {
			f.setRate(r*more, x(), now)
			f.surveying = true
			f.watch(f.started, now)
			return
		}
		f.setRate(r*(1-x.step(r)), x(), now)
	}
	f.settle(now)
}

// watch begins to count refusals, of attempts after the n-th.
func (f *flow) watch(n uint64, now time.Time) {
	f.congested, f.since, f.baseAt = true, now, now
	f.base, f.last, f.refused, f.taken = n, n, 0, 0
}

// settle forgets a congestion that has been dealt with.
func (f *flow) settle(now time.Time) {
	f.congested, f.surveying, f.counted, f.fresh = false, false, f.started, false
	f.heardOf = false
	f.grown, f.quiet, f.pushed = now, 0, false
}

// growth is the relative growth per second of rate r after so long without a refusal.
// Where refusals take long to come back the law's clock runs slower, so that the rate
// does not run away before the first is heard.
func growth(r float64, quiet, lag time.Duration) float64 {
	slow := max(1, lag.Seconds()/2)
	q := quiet.Seconds() / slow
	return min(rise/max(r, lowRate)+surge*q*q, 1) / slow
}

// random draws from [0, 1). Tests have their own.
type random func() float64

// step is the relative decrease of rate r at a refusal. It is never quite the same,
// so that clients which were refused together do not come back together.
func (x random) step(r float64) float64 {
	return min(max(step/math.Sqrt(r), minStep), maxStep) * (0.75 + x()/2)
}
