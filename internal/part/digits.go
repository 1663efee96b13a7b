package part

import "math"

// digits reads s as a decimal number without sign, as HTTP writes them.
// strconv was rejected: it takes a sign.
func digits(s string) (n int64, ok bool) {
	if s == "" {
		return 0, false
	}
	for i := range len(s) {
		d := int64(s[i]) - '0'
		if d < 0 || d > 9 || n > (math.MaxInt64-d)/10 {
			return 0, false
		}
		n = 10*n + d
	}
	return n, true
}
