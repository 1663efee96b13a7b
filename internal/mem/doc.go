// Package mem lends memory: blocks by size class, buffers on lease, a budget.
//
// A buffer's way begins and ends here: Acquire takes a block from its class and charges
// the budget, the holder fills it and hands it over, Release gives both back. Nothing
// here knows S3.
//
// Invariants:
//
//   - A block belongs to one holder: the one of its Buffer or Growth, or its borrower.
//   - A Buffer's handle is not used twice, so a second Release is noticed (TestBadInput of
//     the root).
//   - The bytes charged are those of the blocks on lease, and what a Growth may still need;
//     at most the budget (TestStress).
//   - What is charged and what is idle are together at most the budget: before a
//     block is made, others that are idle are given up (TestResident). Scratch blocks and
//     bufio's buffers do not count. A Growth has two blocks for as long as it copies.
//   - Whoever waits for the budget is served in the order of asking, with the exceptions
//     that budget.go lists: a small request passes a large one that it does not delay
//     (TestPassing), and one that leases older than patience keep out is stepped over
//     until these have ended (TestHolderForEver). As long as all leases end, nobody
//     waits for ever (TestEndlessSmall); a lease that does not end keeps out only those who
//     ask for more than it leaves (TestNewHoldersForEver).
//   - Nobody in this module waits for the budget while holding some of it, except what is
//     read ahead: whoever waits gets that back first (TestReclaim). ARCHITECTURE.md has the
//     proof that nobody waits for ever, and the tests.
//
// Files: class.go (size classes, blocks, leaks), pool.go (Acquire, and how much is idle),
// budget.go (who may lease how much, and when), queue.go (those who wait), ahead.go (memory
// that can be called back), buffer.go (the handle), growth.go (memory for a length that
// nobody knows), extents.go (which bytes of a memory have been written), bufio.go (bufio's
// readers and writers by size), stats.go (the snapshot).
package mem
