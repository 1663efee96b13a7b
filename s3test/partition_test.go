package s3test_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/s3pool/s3pool/internal/check"
	"github.com/s3pool/s3pool/internal/require"
	"github.com/s3pool/s3pool/s3test"
)

var epoch = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// ask asks evenly for n requests a second over d, in steps of 10 ms, and returns how
// many were served in a second.
func ask(p *s3test.Partitions, key func() string, write bool, n int, from time.Time, d time.Duration) float64 {
	served, asked := 0, 0
	for t := time.Duration(0); t < d; t += 10 * time.Millisecond {
		for due := int(float64(n) * t.Seconds()); asked < due; asked++ {
			if p.Admit("b", key(), write, from.Add(t)) {
				served++
			}
		}
	}
	return float64(served) / d.Seconds()
}

func always(key string) func() string { return func() string { return key } }

func TestPartitionRates(t *testing.T) {
	for name, tc := range map[string]struct {
		write     bool
		asked     int
		want      float64
		configure func(*s3test.PartitionOptions)
	}{
		"writes below":  {true, 3000, 3000, nil},
		"writes above":  {true, 20000, 3500, nil},
		"reads below":   {false, 5000, 5000, nil},
		"reads above":   {false, 20000, 5500, nil},
		"configured":    {true, 1000, 10, func(o *s3test.PartitionOptions) { o.Writes = 10 }},
		"two of them":   {true, 20000, 7000, func(o *s3test.PartitionOptions) { o.Cuts = []string{"k5"} }},
		"a slow trifle": {false, 100, 0.5, func(o *s3test.PartitionOptions) { o.Reads = 0.5 }},
	} {
		t.Run(name, func(t *testing.T) {
			p := s3test.NewPartitions(func(o *s3test.PartitionOptions) {
				if tc.configure != nil {
					tc.configure(o)
				}
			})
			n := 0
			keys := func() string { n++; return fmt.Sprintf("k%d", n%10) }
			got := ask(p, keys, tc.write, tc.asked, epoch, 20*time.Second)
			require.InDelta(t, tc.want, got, max(0.1, tc.want*0.006)) // the burst of an idle partition
		})
	}
}

// Reads and writes are limited apart, and so are buckets.
func TestPartitionKinds(t *testing.T) {
	p := s3test.NewPartitions()
	require.Equal(t, 350, p.AdmitN("b", "k", true, 1e6, epoch))
	require.Equal(t, 550, p.AdmitN("b", "k", false, 1e6, epoch))
	require.Equal(t, 350, p.AdmitN("c", "k", true, 1e6, epoch))
	require.Zero(t, p.AdmitN("b", "k", true, 1, epoch))
	require.Zero(t, p.AdmitN("b", "k", true, 1, epoch.Add(-time.Hour)), "no time passes backwards")
	s := p.Stats("b", epoch)
	require.Equal(t, s3test.Traffic{Reads: 550, Writes: 350}, s.Served)
	require.Equal(t, s3test.Traffic{Reads: 1e6 - 550, Writes: 1e6 - 350 + 2}, s.Refused)
	require.Empty(t, p.Stats("nothing", epoch))
}

func TestPartitionSplit(t *testing.T) {
	p := s3test.NewPartitions(func(o *s3test.PartitionOptions) { o.SplitAfter = 10 * time.Second })
	rng := rand.New(rand.NewPCG(1, 1))
	// Half of the load is on one host of 20: the cut is beside it.
	key := func() string {
		if rng.IntN(2) == 0 {
			return "logs/host07/x"
		}
		return fmt.Sprintf("logs/host%02d/x", rng.IntN(20))
	}
	require.InDelta(t, 3500, ask(p, key, true, 6000, epoch, 8*time.Second), 50)
	require.Len(t, p.Stats("b", epoch.Add(8*time.Second)).Partitions, 1)
	require.Greater(t, ask(p, key, true, 6000, epoch.Add(8*time.Second), 60*time.Second), 4800.)
	s := p.Stats("b", epoch.Add(68*time.Second))
	require.GreaterOrEqual(t, s.Splits, 1)
	require.Len(t, s.Partitions, 1+s.Splits)
	require.Contains(t, []string{"logs/host07", "logs/host08"}, s.Partitions[1].Start)
	require.Contains(t, s.String(), `[""`)
	var sum int64
	for i, part := range s.Partitions {
		sum += part.Served.Writes
		if i > 0 {
			require.Equal(t, s.Partitions[i-1].End, part.Start)
		}
	}
	require.Equal(t, s.Served.Writes, sum)
}

// A uniform load is halved and halved again until each part bears it.
func TestPartitionBalance(t *testing.T) {
	p := s3test.NewPartitions(func(o *s3test.PartitionOptions) { o.SplitAfter = 30 * time.Second })
	rng := rand.New(rand.NewPCG(1, 2))
	key := func() string { return fmt.Sprintf("%08x", rng.Uint32()) }
	require.InDelta(t, 3500, ask(p, key, true, 10000, epoch, 20*time.Second), 50)
	ask(p, key, true, 10000, epoch.Add(20*time.Second), 200*time.Second)
	require.Greater(t, ask(p, key, true, 10000, epoch.Add(220*time.Second), 10*time.Second), 9700.)
	s := p.Stats("b", epoch.Add(230*time.Second))
	require.GreaterOrEqual(t, len(s.Partitions), 4)
	require.LessOrEqual(t, len(s.Partitions), 8)
}

// The load of one key cannot be split.
func TestPartitionOneKey(t *testing.T) {
	p := s3test.NewPartitions(func(o *s3test.PartitionOptions) { o.SplitAfter = time.Second })
	require.InDelta(t, 3500, ask(p, always("k"), true, 5000, epoch, 30*time.Second), 20)
	require.Zero(t, p.Stats("b", epoch.Add(time.Minute)).Splits)
}

func TestPartitionMerge(t *testing.T) {
	for _, after := range []time.Duration{0, time.Minute} {
		p := s3test.NewPartitions(func(o *s3test.PartitionOptions) {
			o.Cuts = []string{"", "d", "b", "c", "b"}
			o.MergeAfter = after
		})
		for s := range 300 {
			p.AdmitN("b", "a", true, 3000, epoch.Add(time.Duration(s)*time.Second))
			p.AdmitN("b", "b", true, 10, epoch.Add(time.Duration(s)*time.Second))
		}
		stats := p.Stats("b", epoch.Add(300*time.Second))
		if after == 0 {
			require.Len(t, stats.Partitions, 4)
			continue
		}
		require.Len(t, stats.Partitions, 2, "the loaded one, and the others in one")
		require.Equal(t, 2, stats.Merges)
	}
}

// By default a partition splits 30 to 60 minutes after the load has come, and a day
// of it is counted in no time. The same seed has the same day.
func TestPartitionDay(t *testing.T) {
	hours := 24
	if check.Enabled {
		hours = 3 // the race detector is slow, and there is one goroutine
	}
	day := func(seed uint64) (s3test.PartitionStats, []time.Duration) {
		p := s3test.NewPartitions(func(o *s3test.PartitionOptions) { o.Seed = seed })
		var splits []time.Duration
		const hosts = 20
		for s := range hours * 60 * 60 {
			at := time.Duration(s) * time.Second
			for h := range hosts {
				p.AdmitN("b", keys[h], true, 500, epoch.Add(at))
			}
			if s%60 == 0 {
				if n := p.Stats("b", epoch.Add(at)).Splits; n > len(splits) {
					splits = append(splits, at)
				}
			}
		}
		return p.Stats("b", epoch.Add(time.Duration(hours)*time.Hour)), splits
	}
	a, splits := day(1)
	require.GreaterOrEqual(t, splits[0], 30*time.Minute)
	require.LessOrEqual(t, splits[0], 62*time.Minute)
	again, _ := day(1)
	require.Equal(t, a, again)
	other, _ := day(2)
	require.NotEqual(t, a, other)
}

var keys = func() (keys [20]string) {
	for i := range keys {
		keys[i] = fmt.Sprintf("20261122/host%02d/log", i)
	}
	return keys
}()

func TestPartitionOptions(t *testing.T) {
	require.PanicsWithValue(t, "s3test: PartitionOptions.Writes is -1; it must not be negative", func() {
		s3test.NewPartitions(func(o *s3test.PartitionOptions) { o.Writes = -1 })
	})
}

// In front of an S3, in each of the ways there are.
func TestPartitionHTTP(t *testing.T) {
	put := func(c *s3.Client) error {
		_, err := c.PutObject(context.Background(), &s3.PutObjectInput{
			Bucket: aws.String("b"), Key: aws.String("k"), Body: strings.NewReader("x"),
		})
		return err
	}
	test := func(t *testing.T, p *s3test.Partitions, c *s3.Client) {
		require.NoError(t, put(c))
		requireAPIError(t, put(c), 503, "SlowDown")
		out, err := c.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
		require.NoError(t, err)
		require.Equal(t, "x", string(readAll(t, out)))
		_, err = c.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: aws.String("b"), Prefix: aws.String("k")})
		require.NoError(t, err)
		s := p.Stats("b", time.Now())
		require.Equal(t, s3test.Traffic{Reads: 2, Writes: 1}, s.Served)
		require.Equal(t, s3test.Traffic{Writes: 1}, s.Refused)
	}
	once := func(o *s3test.PartitionOptions) { o.Writes = 1e-3 }

	t.Run("server", func(t *testing.T) {
		p := s3test.NewPartitions(once)
		srv := s3test.NewServer(func(o *s3test.ServerOptions) { o.Partitions = p })
		defer srv.Close()
		srv.CreateBucket("b", false)
		test(t, p, srv.Client(noRetry))
	})
	t.Run("transport", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p, fake := s3test.NewPartitions(once), s3test.New()
			fake.CreateBucket("b", false)
			hc := &http.Client{Transport: p.Transport(fake.HTTPClient().Transport)}
			c := s3test.NewClient("https://"+s3test.Domain, hc, noRetry)
			test(t, p, c)
			time.Sleep(1000 * time.Second)
			require.NoError(t, put(c), "the bucket has filled")
		})
	})
	t.Run("handler", func(t *testing.T) {
		p, fake := s3test.NewPartitions(once), s3test.New()
		fake.CreateBucket("b", false)
		hc := &http.Client{Transport: &s3test.Transport{Handler: p.Handler(fake)}}
		test(t, p, s3test.NewClient("https://"+s3test.Domain, hc, noRetry))
	})
}

func BenchmarkPartitionsAdmit(b *testing.B) {
	p := s3test.NewPartitions(func(o *s3test.PartitionOptions) { o.Cuts = []string{"20261122/host05", "20261122/host1"} })
	b.ReportAllocs()
	now := epoch
	for i := 0; b.Loop(); i++ {
		now = now.Add(100 * time.Microsecond)
		p.Admit("b", keys[i%len(keys)], true, now)
	}
}
