// Package bench measures s3pool against the alternatives: the stock manager, the
// manager with the known one-line fix, and as floors the bare SDK and bare
// net/http. Against a server of objects in memory (range) and a real S3
// (versitygw), over HTTP and HTTPS, each in a child process, so that all CPU
// figures are the client's alone.
//
// Its benchmarks are for looking at one case, or with a profiler:
//
//	go test -bench Download/server=range/scheme=http/dst=memory/size=1200K ./bench
//
// All of them, -bench ., take about as long as the go command's default timeout:
// add -timeout 0.
//
// Beside the usual figures they report cpu-ns/op, user and system time of this
// process, and gc/GiB, garbage collections per GiB moved.
//
// Claims need alternating rounds, which the testing package does not have:
//
//	go run ./bench/cmd/compare -out report.md
//
// measures all rivals in each round, gives ratios taken within rounds, and says
// which of the project's bounds they reach. A whole run takes about twenty
// minutes; -quick takes seconds, and the flags narrow it down.
//
// One thing to know when reading the figures: in a process with nothing else on
// its heap a collection comes every 4 MB of garbage, and then costs more than the
// download. A rival that keeps 5 MiB buffers is rewarded for it, since they make
// the heap larger and collections rarer. With -heap 64M the process has a heap
// like an application's; claims should hold with it and without.
//
//	server       the servers, in child processes
//	rival        the ways to move an object
//	meter        what this process has used
//	trial        alternating rounds and their statistics
//	report       the tables and the bounds
//	cmd/compare  the command
package bench
