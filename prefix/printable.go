package prefix

import "strconv"

// printable returns a bucket or a key as it is if it can stand in a line of a log, and
// quoted if not: a key may hold line breaks, and so forge lines.
func printable(s string) string {
	if q := strconv.Quote(s); q[1:len(q)-1] != s {
		return q
	}
	return s
}
