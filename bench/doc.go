// Package bench measures s3pool against the alternatives: the stock manager, the
// manager with the known one-line fix, transfermanager, minio-go, and as floors the
// bare SDK and bare net/http. Against a server of objects in memory (range) and a real S3
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
// which of the project's bounds they reach. A whole run takes about half an hour;
// -quick takes seconds, and the flags narrow it down. The calls of a Client alone:
//
//	go run ./bench/cmd/compare -dst "" -src "" -calls get,verified
//	go run ./bench/cmd/compare -dst "" -src "" -calls open,open1 -slow 4
//	go run ./bench/cmd/compare -dst "" -src "" -calls put,putfile,putstream,putmany -sizes 10K,100K,1200K,10M,64M
//	go run ./bench/cmd/compare -dst "" -src "" -calls serve
//
// The streams of the second are 256 MiB from a range server that is as slow as S3
// is for one request, 90 MB/s and 20 ms to the first byte. Their rounds take twenty
// seconds, so they have a number of their own.
//
// The streams of the third come in reads of 32 KiB, as from a connection, and nobody is
// told their length but the bare SDK. What they are held to is the stock upload of a
// bytes.Reader, which is a rival among them.
//
// What is no matter of speed, bodies that break and what memory a budget and uploads
// take, is shown by
//
//	go run ./bench/cmd/limits
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
//	limit        broken bodies, memory on a budget
//	load         API servers that download objects, under load
//	classic      the stories that the project comes from
//	soak         mixed transfers through faults, for hours
//	figure       what the report shows, a section a file
//	page         how the report is drawn
//	cmd/compare  the command for what takes rounds
//	cmd/limits   the command for what does not
//	cmd/load     the command for load
//	cmd/soak     the command for hours
//	cmd/report   the command that measures everything, for docs/report
package bench
