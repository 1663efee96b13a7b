package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// A Wire is what another process needs to reach a running server.
type Wire struct {
	Kind, Scheme, Bucket, Prefix string
	Endpoint, Region             string
	Credentials                  aws.Credentials
	Cert                         []byte // PEM, over TLS
}

// Wire describes t for [Connect]. It holds credentials.
func (t *Target) Wire(ctx context.Context) (Wire, error) {
	o := t.Client().Options()
	creds, err := o.Credentials.Retrieve(ctx)
	if err != nil {
		return Wire{}, fmt.Errorf("credentials of the server: %w", err)
	}
	w := Wire{
		Kind: t.Kind, Scheme: t.Scheme, Bucket: t.Bucket, Prefix: t.prefix,
		Endpoint: *o.BaseEndpoint, Region: o.Region, Credentials: creds,
	}
	if t.Scheme == "https" {
		w.Cert, err = certOf(w.Endpoint)
	}
	return w, err
}

// certOf asks the server for its certificate. Whoever answers is trusted: it is
// we who started it.
func certOf(endpoint string) ([]byte, error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	addr := u.Host
	if u.Port() == "" {
		addr += ":443"
	}
	conn, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, ServerName: u.Hostname()})
	if err != nil {
		return nil, fmt.Errorf("certificate of the server: %w", err)
	}
	defer conn.Close()
	cert := conn.ConnectionState().PeerCertificates[0]
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), nil
}

// Connect returns a target of a server that another process started. Its objects
// must be there; Close leaves the server alone.
func Connect(w Wire) *Target {
	// The SDK's own transport, as users have it.
	transport := awshttp.NewBuildableClient().GetTransport()
	if len(w.Cert) > 0 {
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(w.Cert)
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &Target{
		Kind: w.Kind, Scheme: w.Scheme, Bucket: w.Bucket, prefix: w.Prefix,
		close: func() error {
			transport.CloseIdleConnections()
			return nil
		},
		newClient: func(optFns ...func(*s3.Options)) *s3.Client {
			return s3.New(s3.Options{
				BaseEndpoint: aws.String(w.Endpoint),
				UsePathStyle: true,
				Region:       w.Region,
				HTTPClient:   &http.Client{Transport: transport},
				Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
					return w.Credentials, nil
				}),
			}, optFns...)
		},
	}
}
