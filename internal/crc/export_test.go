package crc

// Add and End are what a Verifier's cursors call.
func (g *Granules) Add(off, n int64, crc uint64) { g.add(off, n, crc) }
func (g *Granules) End(off int64) int64          { return g.end(off) }
