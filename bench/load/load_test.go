package load

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
	"github.com/s3pool/s3pool/internal/transfertest"
)

func TestMain(m *testing.M) {
	server.Main()
	Main()
	os.Exit(m.Run())
}

// TestWaysFetchTheObject: a way that is fast because it brings something else would be no
// rival.
func TestWaysFetchTheObject(t *testing.T) {
	for _, tls := range []bool{false, true} {
		target, err := server.Start(t.Context(), "range", server.Options{TLS: tls})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, target.Close()) })
		for _, way := range Ways() {
			fetch, err := way.New(target, 64<<20)
			require.NoError(t, err, way.Name)
			for _, size := range []int{1, 100 << 10, 17<<20 + 7, 100 << 10} {
				want := sha256.Sum256(server.Content(size))
				key, err := target.Object(t.Context(), size)
				require.NoError(t, err)
				data, release, err := fetch(t.Context(), Object{target.Bucket, key, int64(size)})
				require.NoError(t, err, "%s, %d bytes", way.Name, size)
				require.Equal(t, want, sha256.Sum256(data), "%s, %d bytes", way.Name, size)
				release()
				_, _, err = fetch(t.Context(), Object{target.Bucket, "nobody", int64(size)})
				require.Error(t, err, way.Name)
				require.NotContains(t, err.Error(), "X-Amz-Signature", way.Name)
			}
		}
	}
}

func TestFind(t *testing.T) {
	list, err := Find(Client, Manager)
	require.NoError(t, err)
	require.Equal(t, []string{Manager, Client}, []string{list[0].Name, list[1].Name})
	_, err = Find("nobody")
	require.ErrorContains(t, err, `"nobody"`)
}

// TestMixIsTheSameForAll: the ways download the same objects in the same order.
func TestMixIsTheSameForAll(t *testing.T) {
	a, b, other := Usual.Sequence(7), Usual.Sequence(7), Usual.Sequence(8)
	sum, differ := 0.0, false
	const n = 20_000
	for range n {
		size := a()
		require.Equal(t, size, b())
		differ = differ || size != other()
		sum += float64(size)
	}
	require.True(t, differ)
	require.InEpsilon(t, Usual.Mean(), sum/n, 0.1)
}

// fakeLoop is a loop whose API server is h, in virtual time.
func fakeLoop(t *testing.T, plan Plan, h http.HandlerFunc) *loop {
	mux := http.NewServeMux()
	mux.HandleFunc(pathObject, h)
	mux.Handle("/", &api{})
	network := transfertest.NewNetwork(mux, false)
	t.Cleanup(func() { require.NoError(t, network.Close()) })
	network.Transport.MaxConnsPerHost = 1
	api := &API{url: "http://api.test", client: &http.Client{Transport: network.Transport}}
	control := network.Transport.Clone()
	t.Cleanup(control.CloseIdleConnections)
	api.control = &http.Client{Transport: control}
	plan.Mix = Mix{{100, 1}}
	return &loop{api: api, plan: plan, keys: map[rival.Size]string{100: "x"}, next: plan.Mix.Sequence(0)}
}

// TestLatencyCountsFromWhenARequestWasDue: one request that takes a second makes all those
// late that were due meanwhile.
func TestLatencyCountsFromWhenARequestWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		l := fakeLoop(t, Plan{Rate: 10, For: time.Second, Every: 500 * time.Millisecond}, func(w http.ResponseWriter, _ *http.Request) {
			if n.Add(1) == 1 {
				time.Sleep(time.Second)
			}
			w.Write([]byte("100\n"))
		})
		run, err := l.run(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 10, run.Requests)
		require.False(t, run.Late)
		require.InEpsilon(t, time.Second, run.Latency.Max, 0.01)
		require.InEpsilon(t, 500*time.Millisecond, run.Latency.P50, 0.01)
		require.Len(t, run.Line, 2)
		require.Equal(t, 5, run.Line[0].Requests)
		require.InEpsilon(t, 800*time.Millisecond, run.Line[0].Latency.P50, 0.01)
	})
}

// TestServerThatFallsBehind: a load that cannot be borne ends, and says so.
func TestServerThatFallsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := fakeLoop(t, Plan{Rate: 1000, For: time.Minute}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		run, err := l.run(t.Context())
		require.NoError(t, err)
		require.True(t, run.Late)
		require.False(t, run.borne())
		require.Greater(t, run.Latency.Max, patience)
	})
}

func TestClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := fakeLoop(t, Plan{Clients: 2, Warm: 200 * time.Millisecond, For: time.Second}, func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(100 * time.Millisecond)
			w.Write([]byte("100\n"))
		})
		run, err := l.run(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 10, run.Requests, "over one connection")
	})
}

// TestWrongAnswerFails: neither an error nor an object of another size is a request done.
func TestWrongAnswerFails(t *testing.T) {
	for _, h := range []http.HandlerFunc{
		func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("99\n")) },
		func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", 500) },
	} {
		synctest.Test(t, func(t *testing.T) {
			_, err := fakeLoop(t, Plan{Rate: 10, For: time.Second}, h).run(t.Context())
			require.Error(t, err)
		})
	}
}

func TestKnee(t *testing.T) {
	var tried []float64
	at := func(limit float64) func(float64) (bool, error) {
		return func(rate float64) (bool, error) {
			tried = append(tried, rate)
			return rate <= limit, nil
		}
	}
	got, err := knee(8, 4, at(50))
	require.NoError(t, err)
	require.Equal(t, []float64{8, 16, 32, 64, 45, 54, 49, 51}, tried)
	require.Equal(t, 49.0, got)
	got, err = knee(8, 4, at(1))
	require.NoError(t, err)
	require.Zero(t, got)
	_, err = knee(8, 4, func(float64) (bool, error) { return false, errors.New("broken") })
	require.Error(t, err)
}

// TestBear gives real API servers a load, with the change in its middle.
func TestBear(t *testing.T) {
	target, err := server.Start(t.Context(), "range", server.Options{})
	require.NoError(t, err)
	defer func() { require.NoError(t, target.Close()) }()
	mix := Mix{{100 << 10, 1}, {1200 << 10, 1}}
	run, err := Bear(t.Context(), target, Setup{Ways: []string{Manager, DropIn}, Decode: true}, Plan{
		Rate: 20, Warm: 100 * time.Millisecond, For: 2 * time.Second, Every: 250 * time.Millisecond, Change: time.Second, Mix: mix,
	})
	require.NoError(t, err)
	require.Greater(t, run.Requests, int64(30))
	require.Positive(t, run.Bytes)
	require.Positive(t, run.GCs)
	require.GreaterOrEqual(t, len(run.Line), 7)
	var before, after float64 // bytes allocated
	for _, p := range run.Line {
		if p.At < 900*time.Millisecond {
			before += p.Allocated
		} else if p.At > 1100*time.Millisecond {
			after += p.Allocated
		}
	}
	require.Greater(t, before, 3*after, "what the change is for")

	_, err = Bear(t.Context(), target, Setup{Ways: []string{"nobody"}}, Plan{Rate: 1, For: 1})
	require.Error(t, err)
	_, err = Bear(t.Context(), target, Setup{Ways: []string{Client}}, Plan{For: 1})
	require.ErrorContains(t, err, "rate")
}
