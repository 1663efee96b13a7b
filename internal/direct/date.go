package direct

import (
	"strings"
	"time"

	smithytime "github.com/aws/smithy-go/time"
)

// parseDate is smithytime.ParseHTTPDate, without its errors for each form that a date does not
// have. The form that S3 sends, of RFC 9110, is read without time.Parse.
func parseDate(s string) (time.Time, error) {
	const form = "Mon, 02 Jan 2006 15:04:05 GMT"
	if len(s) != len(form) || s[3:5] != ", " || s[7] != ' ' || s[11] != ' ' || s[16] != ' ' || s[19] != ':' || s[22] != ':' || s[25:] != " GMT" {
		return smithytime.ParseHTTPDate(s)
	}
	day, month, year := number(s[5:7]), months(s[8:11]), number(s[12:16])
	hour, minute, second := number(s[17:19]), number(s[20:22]), number(s[23:25])
	t := time.Date(year, time.Month(month), day, hour, minute, second, 0, time.UTC)
	if !isWeekday(s[:3]) || month < 1 || day < 1 || t.Day() != day || year < 0 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return smithytime.ParseHTTPDate(s)
	}
	return t, nil
}

// number returns what the digits say, or -1.
func number(s string) (n int) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = 10*n + int(s[i]-'0')
	}
	return n
}

// months returns the number of a month by its three letters, or 0.
func months(s string) int {
	i := strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", s)
	if i%3 != 0 {
		return 0
	}
	return i/3 + 1
}

func isWeekday(s string) bool { return strings.Index("MonTueWedThuFriSatSun", s)%3 == 0 }
