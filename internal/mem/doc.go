// Package mem lends memory: blocks by size class, buffers on lease, a budget.
//
// A buffer's way begins and ends here: Acquire takes a block from its class and charges
// the budget, the holder fills it and hands it over, Release gives both back. Nothing
// here knows S3.
//
// Invariants:
//
//   - A block belongs to one holder: the one of its Buffer or Growth, or its borrower.
//   - A Buffer's handle is never used twice, so a second Release is always noticed.
//   - The bytes charged are those of the blocks on lease, and never more than the budget.
//   - Whoever waits for the budget is served in the order of asking, and nobody in this
//     module waits for it while holding some of it.
//
// Files: class.go (size classes, blocks, leaks), pool.go (Acquire and the budget),
// buffer.go (the handle), growth.go (memory for a length that nobody knows), extents.go
// (which bytes of a memory have been written), bufio.go (bufio's readers and writers by
// size), stats.go (the snapshot).
package mem
