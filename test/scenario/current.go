// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/clientcmd"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// How a cluster that nobody started here is described; docs/installation.md explains them.
const (
	envCluster       = "CLUSTER"
	envOperatorImage = "OPERATOR_IMAGE"
	envImages        = "GOVPK_IMAGES"
	envCA            = "GOVPK_CA"
	envMeshCA        = "GOVPK_MESH_CA"
	envPublicGateway = "GOVPK_PUBLIC_GATEWAY"
	envVPNGateway    = "GOVPK_VPN_GATEWAY"
)

// openCurrent takes the cluster of the current kubeconfig's current context.
func (c *Cluster) openCurrent(ctx context.Context) error {
	c.Current = true
	if c.operatorImage = os.Getenv(envOperatorImage); c.operatorImage == "" {
		return fmt.Errorf("%s=current: name the operator's image, as the nodes can pull it, in %s", envCluster, envOperatorImage)
	}
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(clientcmd.NewDefaultClientConfigLoadingRules(), nil).ClientConfig()
	if err != nil {
		return fmt.Errorf("%s=current: %w; name a kubeconfig with a current context in KUBECONFIG", envCluster, err)
	}
	if err := c.connect(config); err != nil {
		return err
	}
	images := cmp.Or(os.Getenv(envImages), filepath.Join(c.root, "bin/cluster/images.json"))
	if err := c.readImages(images); err != nil {
		return fmt.Errorf("the sample's images: %w; name another file in %s", err, envImages)
	}
	if err := c.readAuthorities(cmp.Or(os.Getenv(envMeshCA), filepath.Join(c.root, "bin/cluster/mesh-ca.crt"))); err != nil {
		return fmt.Errorf("the authorities behind ClusterIssuer govpk-mesh: %w; name another file in %s", err, envMeshCA)
	}
	if ca := os.Getenv(envCA); ca != "" {
		if err := c.readCA(ca); err != nil {
			return err
		}
	}
	if c.publicGateway, err = c.gateway(ctx, "public", envPublicGateway); err != nil {
		return err
	}
	c.vpnGateway, err = c.gateway(ctx, "vpn", envVPNGateway)
	return err
}

// gateway is where the Gateway answers: what the environment says, else its first address and its first listener's port.
func (c *Cluster) gateway(ctx context.Context, name, env string) (string, error) {
	if address := os.Getenv(env); address != "" {
		_, _, err := net.SplitHostPort(address)
		if err != nil {
			return "", fmt.Errorf("%s=%s: %w; say host:port", env, address, err)
		}
		return address, nil
	}
	gateway := &gatewayv1.Gateway{}
	if err := c.Admin.Get(ctx, types.NamespacedName{Namespace: "gateways", Name: name}, gateway); err != nil {
		return "", err
	}
	if len(gateway.Status.Addresses) == 0 || len(gateway.Spec.Listeners) == 0 {
		return "", errors.New("Gateway gateways/" + name + " has no address or no listener; say in " + env + " where it answers, as host:port")
	}
	return net.JoinHostPort(gateway.Status.Addresses[0].Value, strconv.Itoa(int(gateway.Spec.Listeners[0].Port))), nil
}
