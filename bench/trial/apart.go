package trial

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strconv"

	"github.com/s3pool/s3pool/bench/rival"
	"github.com/s3pool/s3pool/bench/server"
)

// Rivals in one process share its heap: what one keeps makes the collector
// rarer for all. So a contest that decides something has each of them in a
// process of its own, as a service would have it.

// jobEnv, when set, makes Main a rival's process. Its value is a job in JSON.
const jobEnv = "S3POOL_BENCH_RIVAL"

type job struct {
	Wire             server.Wire
	Verb, Via, Rival string
	Size             rival.Size
	Dir              string
	Plan             Plan
}

// An answer is a line that a rival's process prints: one when it is ready, and
// one for each line that it reads.
type answer struct {
	Sample Sample
	Err    string `json:",omitempty"`
}

// Main turns this process into a rival if it was started as one, and then does
// not return. Otherwise it does nothing. Call it first thing in main.
func Main() {
	text, isRival := os.LookupEnv(jobEnv)
	if !isRival {
		return
	}
	signal.Ignore(os.Interrupt) // the parent decides
	if err := compete(text, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rival:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func compete(text string, stdin io.Reader, stdout io.Writer) error {
	ctx := context.Background()
	out := json.NewEncoder(stdout)
	r, err := enter(ctx, text)
	if err != nil {
		return out.Encode(answer{Err: err.Error()})
	}
	if err := out.Encode(answer{}); err != nil {
		return err
	}
	for cue := make([]byte, 1); ; {
		if _, err := stdin.Read(cue); err != nil {
			return nil // the parent is done, or dead
		}
		var a answer
		if a.Sample, err = r.block(ctx); err != nil {
			a.Err = err.Error()
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
}

func enter(ctx context.Context, text string) (*runner, error) {
	var j job
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return nil, err
	}
	for _, c := range rival.Contests() {
		if !c.Is(j.Verb, j.Via) {
			continue
		}
		for _, e := range c.Entries {
			if e.Name == j.Rival {
				return newRunner(ctx, j.Plan, c, e, rival.NewScene(server.Connect(j.Wire), j.Size, j.Dir))
			}
		}
	}
	return nil, fmt.Errorf("no rival %q in %s %s", j.Rival, j.Verb, j.Via)
}

// RunApart is [Run] with each rival in a process of its own. The contest must be
// one of [rival.Contests], and the program must call [Main].
func RunApart(ctx context.Context, plan Plan, contest rival.Contest, scene *rival.Scene) (*Result, error) {
	if _, err := scene.Target.Object(ctx, int(scene.Size)); err != nil {
		return nil, err
	}
	wire, err := scene.Target.Wire(ctx)
	if err != nil {
		return nil, err
	}
	return run(ctx, plan, contest, scene, func(e rival.Entry) (measurer, error) {
		dir, err := os.MkdirTemp(scene.Dir, e.Name+"-")
		if err != nil {
			return nil, err
		}
		return spawn(ctx, job{wire, contest.Verb, contest.Via, e.Name, scene.Size, dir, plan}, contest.Procs)
	})
}

// process is a rival in a process of its own.
type process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	out   *json.Decoder
}

func spawn(ctx context.Context, j job, procs int) (*process, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, exe)}
	p.cmd.Env = append(os.Environ(), jobEnv+"="+string(text))
	if procs > 0 {
		p.cmd.Env = append(p.cmd.Env, "GOMAXPROCS="+strconv.Itoa(procs))
	}
	p.cmd.Stderr = os.Stderr
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = json.NewDecoder(stdout)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	if _, err := p.answer(); err != nil {
		return nil, errors.Join(err, p.close())
	}
	return p, nil
}

func (p *process) block(context.Context) (Sample, error) {
	if _, err := p.stdin.Write([]byte{'\n'}); err != nil {
		return Sample{}, err
	}
	return p.answer()
}

func (p *process) answer() (Sample, error) {
	var a answer
	if err := p.out.Decode(&a); err != nil {
		return Sample{}, fmt.Errorf("the rival's process: %w", err)
	}
	if a.Err != "" {
		return Sample{}, errors.New(a.Err)
	}
	return a.Sample, nil
}

func (p *process) close() error {
	p.stdin.Close()
	return p.cmd.Wait()
}
