// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Cluster is the cluster that `make cluster` started, or the one of the current kubeconfig.
type Cluster struct {
	// Current says that it is the current kubeconfig's: nothing was started for the scenario.
	Current bool
	// Admin is a cluster administrator.
	Admin client.WithWatch
	// Images are the sample images by digest.
	Images Images
	// Config reaches the API server as the administrator.
	Config *rest.Config

	root          string
	scheme        *runtime.Scheme
	operatorImage string
	// publicGateway and vpnGateway are a host and a port; roots is nil for the system's.
	publicGateway, vpnGateway string
	roots                     *x509.CertPool
	// authorities are those behind the issuer of components' certificates, in PEM.
	authorities string
	Started     time.Time
}

// Images are the sample images by digest.
type Images struct {
	Web   string `json:"web"`
	API   string `json:"api"`
	APIv2 string `json:"api-v2"`
	// APIBroken never starts.
	APIBroken string `json:"api-broken"`
	Postgres  string `json:"postgres"`
	Miniflux  string `json:"miniflux"`
	// Sidecar is the platform's own.
	Sidecar string `json:"sidecar"`
}

// Open finds the cluster: under bin/cluster of the repository at root, or with CLUSTER=current where current.go says.
func Open(ctx context.Context, root string) (*Cluster, error) {
	c, err := newCluster(root)
	if err != nil {
		return nil, err
	}
	switch name := os.Getenv(envCluster); name {
	case "":
		err = c.openOwn()
	case "current":
		err = c.openCurrent(ctx)
	default:
		err = fmt.Errorf("%s=%s: say current, or leave it unset", envCluster, name)
	}
	return c, err
}

func newCluster(root string) (*Cluster, error) {
	c := &Cluster{root: root, scheme: runtime.NewScheme(), Started: time.Now()}
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, gatewayv1.Install} {
		if err := add(c.scheme); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// On is a bare API server that somebody else started: it has no gateway, and images that nothing pulls.
func On(config *rest.Config, images Images) (*Cluster, error) {
	c, err := newCluster("")
	if err != nil {
		return nil, err
	}
	c.Images, c.authorities = images, "-----BEGIN CERTIFICATE-----\n"
	err = c.connect(config)
	return c, err
}

// openOwn reads what `make cluster` left.
func (c *Cluster) openOwn() error {
	dir := filepath.Join(c.root, "bin/cluster")
	config, err := clientcmd.BuildConfigFromFlags("", filepath.Join(dir, "kubeconfig"))
	if err != nil {
		return fmt.Errorf("%w; run make cluster first", err)
	}
	c.publicGateway, c.vpnGateway = "127.0.0.1:18443", "127.0.0.1:18444"
	return errors.Join(c.connect(config), c.readImages(filepath.Join(dir, "images.json")), c.readCA(filepath.Join(dir, "ca.crt")),
		c.readAuthorities(filepath.Join(dir, "mesh-ca.crt")))
}

func (c *Cluster) connect(config *rest.Config) (err error) {
	config.QPS = -1
	c.Config = config
	c.Admin, err = client.NewWithWatch(config, client.Options{Scheme: c.scheme})
	return err
}

func (c *Cluster) readImages(file string) error {
	images, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(images, &c.Images); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

func (c *Cluster) readCA(file string) error {
	ca, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	c.roots = x509.NewCertPool()
	if !c.roots.AppendCertsFromPEM(ca) {
		return fmt.Errorf("%s holds no certificate", file)
	}
	return nil
}

func (c *Cluster) readAuthorities(file string) error {
	authorities, err := os.ReadFile(file)
	c.authorities = string(authorities)
	return err
}

// As is a client of another user.
func (c *Cluster) As(user string, groups ...string) (client.Client, error) {
	config := rest.CopyConfig(c.Config)
	config.Impersonate = rest.ImpersonationConfig{UserName: user, Groups: append(groups, "system:authenticated")}
	return client.New(config, client.Options{Scheme: c.scheme, Mapper: c.Admin.RESTMapper()})
}

// Eventually waits for a condition; when it does not come true in time, the error says what was seen last.
func Eventually(ctx context.Context, timeout time.Duration, condition func() error) error {
	var last error
	err := wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, timeout, true, func(context.Context) (bool, error) {
		last = condition()
		return last == nil, nil
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}

// Browser is a person's browser on one of the gateways. It trusts the hosts' CA and nothing else.
type Browser struct{ client *http.Client }

// Public is a browser on the internet.
func (c *Cluster) Public() Browser { return c.browser(c.publicGateway) }

// VPN is a browser of somebody connected to NTC's VPN.
func (c *Cluster) VPN() Browser { return c.browser(c.vpnGateway) }

func (c *Cluster) browser(gateway string) Browser {
	dialer := &net.Dialer{Timeout: 2 * time.Second}
	return Browser{client: &http.Client{
		Timeout: 5 * time.Second,
		Transport: &http.Transport{
			DisableKeepAlives: true,
			TLSClientConfig:   &tls.Config{RootCAs: c.roots, MinVersion: tls.VersionTLS12},
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, gateway)
			},
		},
	}}
}

// Get asks for an https URL; the name is resolved to the gateway, as public DNS would.
func (b Browser) Get(ctx context.Context, url string) (*http.Response, error) {
	return b.do(ctx, http.MethodGet, url, nil)
}

// Post sends JSON to an https URL.
func (b Browser) Post(ctx context.Context, url, body string) (*http.Response, error) {
	return b.do(ctx, http.MethodPost, url, strings.NewReader(body))
}

func (b Browser) do(ctx context.Context, method, url string, body io.Reader) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return nil, err
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return b.client.Do(request)
}

// Status is the status code of a URL; -1 when there was no answer.
func (b Browser) Status(ctx context.Context, url string) (int, error) {
	response, err := b.Get(ctx, url)
	if err != nil {
		return -1, err
	}
	return response.StatusCode, response.Body.Close()
}
