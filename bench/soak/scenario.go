package soak

// A Scenario is what is scarce, what goes wrong, and who transfers.
type Scenario struct {
	Name    string
	Work    map[string]int // kinds of work by weight, see works
	Workers int
	Budget  int64 // bytes
	Conns   int   // to the store; zero means no limit
	HTTP2   bool  // to the store, and to the front
	Faults  faults
}

// part is the part size of all transfers. The least size of a multipart upload's parts is
// S3's, but the store takes less.
const part = 64 << 10

var (
	reads  = map[string]int{"get": 3, "range": 1, "stream": 3, "peek": 1, "download": 2}
	writes = map[string]int{"put": 2, "putstream": 3, "putfile": 1}
	mixed  = map[string]int{"get": 3, "range": 1, "stream": 3, "peek": 1, "slow": 1, "download": 2, "put": 2, "putstream": 2, "putfile": 1, "copy": 1, "cancel": 2}
	dropIn = map[string]int{"dropin": 3, "dropinfile": 1, "upload": 2, "get": 1}
	server = map[string]int{"serve": 4, "receive": 2, "lfs": 2}
	all    = map[string]int{"get": 2, "stream": 2, "peek": 1, "download": 1, "put": 1, "putstream": 2, "copy": 1, "cancel": 2, "dropin": 1, "upload": 1, "serve": 2, "receive": 1, "lfs": 1}
)

// Scenarios returns all scenarios.
func Scenarios() []Scenario {
	return []Scenario{
		{"reads, one part for all", reads, 32, part, 8, false, faults{}},
		{"reads that break", reads, 16, 4 * part, 4, false, breaking},
		{"reads that break, one connection", reads, 8, 4 * part, 1, false, breaking},
		{"reads that break, HTTP/2", reads, 16, 4 * part, 2, true, breaking},
		{"reads of a busy store", reads, 16, 8 * part, 8, false, busy},
		{"reads of a silent store", reads, 16, 8 * part, 8, false, silent},
		{"writes, two parts for all", writes, 16, 2 * part, 4, false, faults{}},
		{"writes that break", writes, 16, 8 * part, 4, false, breaking},
		{"writes that break, HTTP/2", writes, 16, 8 * part, 2, true, breaking},
		{"writes to a busy store", writes, 16, 8 * part, 8, false, busy},
		{"a mixture, two connections", mixed, 24, 8 * part, 2, false, everything},
		{"a mixture, HTTP/2", mixed, 24, 8 * part, 2, true, everything},
		{"a mixture, no limits but the budget", mixed, 64, 16 * part, 0, false, everything},
		{"the drop-in, a busy store", dropIn, 16, 32 * part, 4, false, busy},
		{"serve, receive and LFS", server, 16, 8 * part, 4, false, breaking},
		{"serve, receive and LFS, HTTP/2", server, 16, 8 * part, 2, true, everything},
		{"slow readers and those in a hurry", map[string]int{"slow": 3, "get": 2, "peek": 1, "cancel": 1}, 24, 4 * part, 2, false, faults{}},
		{"everything, three connections", all, 32, 8 * part, 3, false, unflipped},
	}
}
