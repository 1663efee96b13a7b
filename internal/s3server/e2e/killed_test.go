package e2e_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/s3pool/s3pool/transfer"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/stretchr/testify/require"
)

// victimEnv makes this program a process that uploads until it is killed.
const victimEnv = "S3POOL_E2E_VICTIM"

// A job is what the victim has to do, and another process to finish.
type job struct {
	Endpoint, AccessKey, SecretKey, Region string
	Bucket, Key, File, Token               string
}

// victim uploads with checkpoints, and stands still after four parts.
func victim() {
	var j job
	if err := json.NewDecoder(os.Stdin).Decode(&j); err != nil {
		panic(err)
	}
	f, err := os.Open(j.File)
	if err != nil {
		panic(err)
	}
	client := s3.New(s3.Options{
		BaseEndpoint: &j.Endpoint, Region: j.Region, UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider(j.AccessKey, j.SecretKey, ""),
	})
	_, err = transfer.New(client).Put(context.Background(), &s3.PutObjectInput{Bucket: &j.Bucket, Key: &j.Key, Body: f}, func(o *transfer.PutOptions) {
		o.PartSize, o.MultipartThreshold, o.Concurrency = uploadPart, uploadPart, 2
		o.Checkpoint = func(k transfer.ResumeToken) error {
			text, err := json.Marshal(k)
			if err == nil {
				err = os.WriteFile(j.Token+".new", text, 0o600)
			}
			if err == nil {
				err = os.Rename(j.Token+".new", j.Token) // whole or not at all
			}
			if err != nil {
				return err
			}
			if len(k.Parts) == 4 {
				os.Stdout.WriteString("stuck\n")
				select {}
			}
			return nil
		}
	})
	panic(err) // it was to be killed
}

// testKilled: an upload whose process is killed is finished by another from the token,
// which sends what is missing and nothing else.
func testKilled(t *testing.T, s *store) {
	if s.tls {
		return // the victim would need the certificate, and it is not about that
	}
	data := random(77, 10*uploadPart+123)
	dir := t.TempDir()
	creds, err := s.Config().Credentials.Retrieve(t.Context())
	require.NoError(t, err)
	j := job{
		Endpoint: s.Endpoint(), AccessKey: creds.AccessKeyID, SecretKey: creds.SecretAccessKey, Region: s.Config().Region,
		Bucket: s.bucket, Key: "killed", File: filepath.Join(dir, "data"), Token: filepath.Join(dir, "token"),
	}
	require.NoError(t, os.WriteFile(j.File, data, 0o600))
	exe, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), victimEnv+"=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	require.NoError(t, json.NewEncoder(in).Encode(j))
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "stuck\n", line)
	require.NoError(t, cmd.Process.Kill()) // SIGKILL
	require.Error(t, cmd.Wait())

	var token transfer.ResumeToken
	text, err := os.ReadFile(j.Token)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &token))
	require.Len(t, token.Parts, 4)
	there, err := s.Client().ListParts(t.Context(), &s3.ListPartsInput{Bucket: &j.Bucket, Key: &j.Key, UploadId: &token.UploadID})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(there.Parts), 4)

	var sent atomic.Int64
	client := s.Client(func(o *s3.Options) {
		o.HTTPClient = counting{o.HTTPClient, func(r *http.Request) {
			if r.URL.Query().Has("partNumber") {
				sent.Add(1)
			}
		}}
	})
	f, err := os.Open(j.File)
	require.NoError(t, err)
	defer f.Close()
	put, err := newClient(t, client).Put(t.Context(), &s3.PutObjectInput{Bucket: &j.Bucket, Key: &j.Key, Body: f},
		func(o *transfer.PutOptions) { o.Resume = &token })
	require.NoError(t, err)
	require.EqualValues(t, 11-len(there.Parts), sent.Load(), "parts sent; %d were there", len(there.Parts))

	o, err := s.client(t).Get(t.Context(), s.get("killed"))
	require.NoError(t, err)
	defer o.Release()
	requireSame(t, data, o.Bytes())
	require.Equal(t, crc64, o.Verification)
	require.Equal(t, put.Checksum, aws.ToString(o.Output.ChecksumCRC64NVME))
	requireNoUploads(t, s)
}

type counting struct {
	s3.HTTPClient
	see func(*http.Request)
}

func (c counting) Do(r *http.Request) (*http.Response, error) {
	c.see(r)
	return c.HTTPClient.Do(r)
}
