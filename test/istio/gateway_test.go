// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package istio

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	clusterv3 "github.com/envoyproxy/go-control-plane/envoy/config/cluster/v3"
	corev3 "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	endpointv3 "github.com/envoyproxy/go-control-plane/envoy/config/endpoint/v3"
	listenerv3 "github.com/envoyproxy/go-control-plane/envoy/config/listener/v3"
	routev3 "github.com/envoyproxy/go-control-plane/envoy/config/route/v3"
	hcmv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	tlsv3 "github.com/envoyproxy/go-control-plane/envoy/extensions/transport_sockets/tls/v3"
	discoveryv3 "github.com/envoyproxy/go-control-plane/envoy/service/discovery/v3"
	. "github.com/onsi/gomega"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

const gatewayAddress = "10.244.9.9"

// What istiod tells the proxy of Istio's own gateway is what the operator's listener and route mean: HTTPS alone, with the host's
// certificate, its headers, and the tunnel to the component. Without the exposure label it is told of no route.
func TestGateway(t *testing.T) {
	c := start(t)
	app := portal(portalName)
	host := app.Spec.Domains[0].Host
	facts := exposed(app, host)
	who := c.gateway(t, publicGateway)
	c.deployGateway(t, host)
	namespace, templates := stageOf(NewWithT(t), c.apply(t, facts))
	c.pod(t, namespace, "web", templates["web"], "10.244.41.1")
	c.endpoints(t, namespace, "web", "10.244.41.1", "http", 8080)
	service := "outbound|8080||web." + namespace + ".svc.cluster.local"

	t.Run("the route is accepted", func(t *testing.T) {
		NewWithT(t).Eventually(func(g Gomega) { g.Expect(c.accepted(g, namespace, host)).To(BeTrue()) }, settle, "100ms").Should(Succeed())
	})
	t.Run("HTTPS for its host alone, with its certificate", func(t *testing.T) {
		NewWithT(t).Eventually(func(g Gomega) {
			certificates := map[string][]string{}
			for _, listener := range ask[*listenerv3.Listener](g, c, who) {
				if listener.GetInternalListener() != nil {
					continue // the tunnel's own
				}
				g.Expect(listener.GetAddress().GetSocketAddress().GetPortValue()).To(BeEquivalentTo(443), "no other port")
				for _, chain := range listener.GetFilterChains() {
					socket := &tlsv3.DownstreamTlsContext{}
					g.Expect(chain.GetTransportSocket().GetTypedConfig().UnmarshalTo(socket)).To(Succeed(), "nothing without TLS")
					for _, secret := range socket.GetCommonTlsContext().GetTlsCertificateSdsSecretConfigs() {
						name := strings.Join(chain.GetFilterChainMatch().GetServerNames(), " ")
						certificates[name] = append(certificates[name], secret.GetName())
					}
				}
			}
			g.Expect(certificates).To(HaveKeyWithValue(host, []string{"kubernetes-gateway://" + publicGateway.Namespace + "/" + render.CertificateSecret(host)}))
		}, settle, "100ms").Should(Succeed())
	})
	t.Run("the route leads to the component, and browsers are kept on HTTPS", func(t *testing.T) {
		NewWithT(t).Eventually(func(g Gomega) {
			routes := c.routes(g, who, host)
			g.Expect(routes).To(HaveLen(1), "no component but web has a route")
			g.Expect(routes[0].GetMatch().GetPrefix()).To(Equal("/"))
			g.Expect(routes[0].GetRoute().GetCluster()).To(Equal(service))
			headers := map[string]corev3.HeaderValueOption_HeaderAppendAction{}
			for _, option := range routes[0].GetResponseHeadersToAdd() {
				headers[option.GetHeader().GetKey()] = option.GetAppendAction()
			}
			g.Expect(headers).To(HaveKeyWithValue("strict-transport-security", corev3.HeaderValueOption_OVERWRITE_IF_EXISTS_OR_ADD))
			g.Expect(headers).To(HaveKeyWithValue("content-security-policy", corev3.HeaderValueOption_APPEND_IF_EXISTS_OR_ADD), "an application's own stays beside it")
		}, settle, "100ms").Should(Succeed())
	})
	t.Run("to the pod by the tunnel, in its own name", func(t *testing.T) {
		NewWithT(t).Eventually(func(g Gomega) {
			endpoints := ask[*endpointv3.ClusterLoadAssignment](g, c, who, service)
			g.Expect(endpoints).To(HaveLen(1))
			var internal []string
			for _, group := range endpoints[0].GetEndpoints() {
				for _, e := range group.GetLbEndpoints() {
					address := e.GetEndpoint().GetAddress()
					g.Expect(address.GetSocketAddress()).To(BeNil(), "no way around the tunnel")
					g.Expect(address.GetEnvoyInternalAddress().GetServerListenerName()).To(Equal("connect_originate"))
					internal = append(internal, address.GetEnvoyInternalAddress().GetEndpointId())
				}
			}
			g.Expect(internal).To(ConsistOf("10.244.41.1:8080"))
			tunnels := slices.DeleteFunc(ask[*clusterv3.Cluster](g, c, who), func(cluster *clusterv3.Cluster) bool { return cluster.GetName() != "connect_originate" })
			g.Expect(tunnels).To(HaveLen(1))
			g.Expect(tunnels[0].GetOriginalDstLbConfig().GetUpstreamPortOverride().GetValue()).To(BeEquivalentTo(15008), "the port that NetworkPolicies open")
			g.Expect(tunnels[0].GetTransportSocket().GetTypedConfig().UnmarshalTo(&tlsv3.UpstreamTlsContext{})).To(Succeed())
		}, settle, "100ms").Should(Succeed())
	})
	t.Run("without the exposure label nothing is led anywhere", func(t *testing.T) {
		live := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
		patch := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"labels":{"`+v1alpha1.ExposureLabel+`":null}}}`))
		NewWithT(t).Expect(c.client.Patch(t.Context(), live, patch)).To(Succeed())
		NewWithT(t).Eventually(func(g Gomega) { g.Expect(c.routes(g, who, host)).To(BeEmpty()) }, settle, "100ms").Should(Succeed())
	})
}

// exposed are the facts of a live application that holds its host, with a certificate for it.
func exposed(app *v1alpha1.ThirdPartyApplication, host string) *sop.Case {
	facts := launched(app)
	claim := v1alpha1.DomainClaim{}
	claim.Spec.Application = v1alpha1.ApplicationReference{Namespace: app.Namespace, Name: app.Name}
	facts.Claims = map[string]v1alpha1.DomainClaim{host: claim}
	facts.Ingress.Certificates = map[string]sop.ObservedCertificate{publicGateway.Namespace + "/" + host: {Ready: true}}
	facts.Ingress.Attachments = map[string]sop.Attachment{host: {Gateway: publicGateway, Listener: host}}
	return facts
}

// deployGateway makes NTC's Gateway, what Istio's deployment of one makes beside it, and the Secret that cert-manager makes.
func (c *control) deployGateway(t *testing.T, host string) {
	t.Helper()
	g := NewWithT(t)
	certificate, key := selfSigned(g, host)
	g.Expect(c.client.Create(t.Context(), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: publicGateway.Namespace, Name: render.CertificateSecret(host)},
		Type:       corev1.SecretTypeTLS, Data: map[string][]byte{corev1.TLSCertKey: certificate, corev1.TLSPrivateKeyKey: key},
	})).To(Succeed())
	gateway := &unstructured.Unstructured{Object: map[string]any{
		"metadata": map[string]any{"namespace": publicGateway.Namespace, "name": publicGateway.Name},
		"spec": map[string]any{"gatewayClassName": mesh.GatewayClass, "listeners": []any{
			// Gateway API wants one; NTC's admits nobody.
			map[string]any{"name": "none", "port": int64(443), "protocol": "HTTPS", "hostname": "none.invalid", "tls": map[string]any{
				"certificateRefs": []any{map[string]any{"name": render.CertificateSecret(host)}},
			}, "allowedRoutes": map[string]any{"namespaces": map[string]any{"from": "Same"}}},
		}},
	}}
	gateway.SetGroupVersionKind(apply.GatewayKind)
	g.Expect(c.client.Create(t.Context(), gateway)).To(Succeed())
	name := publicGateway.Name + "-" + mesh.GatewayClass
	g.Expect(c.client.Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: publicGateway.Namespace, Name: name},
		Spec:       corev1.ServiceSpec{Selector: gatewayLabels(), Ports: []corev1.ServicePort{{Name: "https", Port: 443}}},
	})).To(Succeed())
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: publicGateway.Namespace, Name: name, Labels: gatewayLabels()},
		Spec:       corev1.PodSpec{ServiceAccountName: name, NodeName: "node-1", Containers: []corev1.Container{{Name: "istio-proxy", Image: "proxy"}}},
	}
	g.Expect(c.client.Create(t.Context(), pod)).To(Succeed())
	c.runs(t, pod, gatewayAddress)
	c.endpoints(t, publicGateway.Namespace, name, gatewayAddress, "https", 443)
}

func gatewayLabels() map[string]string {
	return map[string]string{"gateway.networking.k8s.io/gateway-name": publicGateway.Name}
}

// endpoints are what kube-controller-manager makes of a Service and its pod of the same name.
func (c *control) endpoints(t *testing.T, namespace, service, address, port string, number int32) {
	t.Helper()
	NewWithT(t).Expect(c.client.Create(t.Context(), &discoveryv1.EndpointSlice{
		ObjectMeta:  metav1.ObjectMeta{Namespace: namespace, Name: service, Labels: map[string]string{discoveryv1.LabelServiceName: service}},
		AddressType: discoveryv1.AddressTypeIPv4,
		Ports:       []discoveryv1.EndpointPort{{Name: &port, Port: &number, Protocol: ptr.To(corev1.ProtocolTCP)}},
		Endpoints: []discoveryv1.Endpoint{{
			Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{Ready: ptr.To(true)},
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: namespace, Name: service},
		}},
	})).To(Succeed())
}

// accepted is true once istiod has said so of the operator's route.
func (c *control) accepted(g Gomega, namespace, host string) bool {
	route := &gatewayv1.HTTPRoute{}
	g.Expect(c.client.Get(context.Background(), client.ObjectKey{Namespace: namespace, Name: host}, route)).To(Succeed())
	for _, parent := range route.Status.Parents {
		if meta.IsStatusConditionTrue(parent.Conditions, "Accepted") && meta.IsStatusConditionTrue(parent.Conditions, "ResolvedRefs") {
			return true
		}
	}
	return false
}

// routes are those that the gateway's proxy is told of for a host.
func (c *control) routes(g Gomega, who identity, host string) []*routev3.Route {
	var names []string
	for _, listener := range ask[*listenerv3.Listener](g, c, who) {
		for _, chain := range listener.GetFilterChains() {
			for _, filter := range chain.GetFilters() {
				manager := &hcmv3.HttpConnectionManager{}
				if filter.GetTypedConfig().UnmarshalTo(manager) == nil {
					names = append(names, manager.GetRds().GetRouteConfigName())
				}
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	var routes []*routev3.Route
	for _, configuration := range ask[*routev3.RouteConfiguration](g, c, who, names...) {
		for _, virtual := range configuration.GetVirtualHosts() {
			if slices.Contains(virtual.GetDomains(), host) {
				routes = append(routes, virtual.GetRoutes()...)
			}
		}
	}
	return routes
}

// ask asks istiod as the gateway's proxy does, once, for all resources of a type or those of these names.
func ask[T proto.Message](g Gomega, c *control, who identity, names ...string) []T {
	var kind T
	pair, err := tls.LoadX509KeyPair(who.certificates, who.key)
	g.Expect(err).NotTo(HaveOccurred())
	connection, err := grpc.NewClient(c.grpc, grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: c.roots, Certificates: []tls.Certificate{pair}})))
	g.Expect(err).NotTo(HaveOccurred())
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	stream, err := discoveryv3.NewAggregatedDiscoveryServiceClient(connection).StreamAggregatedResources(ctx)
	g.Expect(err).NotTo(HaveOccurred())
	labels := map[string]any{}
	for key, value := range gatewayLabels() {
		labels[key] = value
	}
	metadata, err := structpb.NewStruct(map[string]any{
		"CLUSTER_ID": "Kubernetes", "ISTIO_VERSION": "1.31.0", "NAMESPACE": who.namespace, "SERVICE_ACCOUNT": who.account, "INSTANCE_IPS": gatewayAddress, "LABELS": labels,
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(stream.Send(&discoveryv3.DiscoveryRequest{
		TypeUrl: "type.googleapis.com/" + string(kind.ProtoReflect().Descriptor().FullName()), ResourceNames: names,
		Node: &corev3.Node{Id: "router~" + gatewayAddress + "~" + who.account + "." + who.namespace + "~" + who.namespace + ".svc.cluster.local", Metadata: metadata},
	})).To(Succeed())
	answer, err := stream.Recv()
	g.Expect(err).NotTo(HaveOccurred())
	var found []T
	for _, resource := range answer.GetResources() {
		message, err := resource.UnmarshalNew()
		g.Expect(err).NotTo(HaveOccurred())
		found = append(found, message.(T))
	}
	return found
}

func selfSigned(g Gomega, host string) (certificate, private []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	g.Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	g.Expect(err).NotTo(HaveOccurred())
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	g.Expect(err).NotTo(HaveOccurred())
	return block("CERTIFICATE", signed), block("PRIVATE KEY", raw)
}
