package main

import (
	"fmt"
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/prefix"
	"github.com/s3pool/s3pool/s3test"
)

// What S3 gives, by its documentation: a partition takes this many writes a second,
// and splits 30 to 60 minutes after the load has come.
const (
	partitionWrites = 3500
	partitionReads  = 5500
	splitMinutes    = 30
)

// A world is S3 and those who write, made small: a Pacer learns in seconds and the SDK
// waits for seconds, which stays as it is.
type world struct {
	slower float64 // by which the rates are divided
	faster float64 // by which the times are, but for those of the clients

	hosts      int // have logs
	shippers   int // are programs that write them, each the logs of some hosts
	workers    int // uploads of a shipper at a time
	partitions int // there are when the night begins, with as much load as they bear

	before, after time.Duration // midnight, as the program runs
	sample        time.Duration
}

var night = world{
	slower: 50, faster: 180,
	hosts: 50, shippers: 5, workers: 20, partitions: 10,
	before: 10 * time.Second, after: 35 * time.Second,
	sample: 500 * time.Millisecond,
}

// due is the number of files that are due in a second: as many as the partitions
// take.
func (w world) due() float64 { return float64(w.partitions) * partitionWrites / w.slower }

// A setup is what is compared.
type setup struct {
	shards int // 0: the keys as they are
	client string
	attach func() func(*s3.Options) // what makes a shipper's client
}

var setups = []setup{
	{0, "stock SDK", stock},
	{0, "Pacer", paced},
	{10, "stock SDK", stock},
	{10, "Pacer", paced},
}

func paced() func(*s3.Options) { return prefix.NewPacer().Attach }

func stock() func(*s3.Options) { return func(*s3.Options) {} }

func (s setup) keys() string {
	if s.shards == 0 {
		return "plain keys"
	}
	return fmt.Sprintf("%d shards", s.shards)
}

// spread returns how keys are written: without shards, as they are.
func (s setup) spread() (*prefix.Spread, error) {
	return prefix.NewSpread(prefix.Layout{Shards: s.shards})
}

// newPartitions returns the partitions as yesterday's load has made them: plain keys
// are cut between the hosts of that day, shards between the shards.
func (w world) newPartitions(s setup) *s3test.Partitions {
	var cuts []string
	for i := 1; i < w.partitions; i++ {
		cut := yesterday + "/" + hostName(i*w.hosts/w.partitions)
		if s.shards > 0 {
			cut = fmt.Sprintf("%x/", i*s.shards/w.partitions)
		}
		cuts = append(cuts, cut)
	}
	return s3test.NewPartitions(func(o *s3test.PartitionOptions) {
		o.Writes, o.Reads = partitionWrites/w.slower, partitionReads/w.slower
		o.SplitAfter = time.Duration(float64(splitMinutes*time.Minute) / w.faster)
		// Few requests scatter more than many, by the square root.
		o.Burst = time.Duration(float64(100*time.Millisecond) * math.Sqrt(w.slower))
		o.Cuts = cuts
	})
}

// A store is an S3, and what reaches it.
type store struct {
	client func(optFns ...func(*s3.Options)) *s3.Client
	close  func()
}

// overHTTP is a server on loopback.
func overHTTP(p *s3test.Partitions) store {
	srv := s3test.NewServer(func(o *s3test.ServerOptions) { o.Partitions, o.LogSize = p, -1 })
	return store{srv.Client, srv.Close}
}
