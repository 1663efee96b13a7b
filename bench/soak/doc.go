// Package soak runs transfers for a long time where everything is scarce and much goes wrong:
// a budget of a few parts, one to eight connections, HTTP/1.1 and HTTP/2, and a proxy that
// breaks, delays and refuses requests.
//
// A [Scenario] ends in an error if a transfer that succeeded has a wrong byte, if anybody has
// waited for 20 seconds, if the pool's or the client's gauges are not back at zero when all is
// done, if more than the budget was on lease, if goroutines are left, or if resident memory
// grows after the warm-up. A transfer may fail, since its requests do; what must not happen
// is that it fails because others had the budget for ever.
//
//	go run ./bench/cmd/soak -duration 1h
package soak
