// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/source"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/controllers"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

const securityUser = "security-1@ntc.gov.pk"

var serial atomic.Int32

func signer(party v1alpha1.Party) string {
	return "reviewer-1@" + strings.ToLower(string(party)) + ".example"
}

// operator is one life of the operator: a cache, a client that counts, a reconciler.
type operator struct {
	*controllers.ApplicationReconciler
	// woken are the applications that quotas woke.
	woken    workqueue.TypedRateLimitingInterface[ctrl.Request]
	requests *requests
	stop     context.CancelFunc
}

var operatorGroups = []string{"system:serviceaccounts", "system:serviceaccounts:govpk-system"}

// start begins a life of the operator. Its client passes through the given wrappers.
func start(wrap ...func(client.Client) client.Client) *operator {
	GinkgoHelper()
	counted := &requests{}
	rest := impersonated(operatorUser, operatorGroups...)
	rest.Wrap(counted.wrap)
	missing := missingKinds()
	c, err := cluster.New(rest, func(o *cluster.Options) {
		o.Scheme = scheme
		o.Cache = controllers.CacheOptions(missing)
		o.Client = client.Options{Cache: &client.CacheOptions{Unstructured: true}}
	})
	Expect(err).NotTo(HaveOccurred())
	var writer client.Client = c.GetClient()
	for _, w := range wrap {
		writer = w(writer)
	}
	pods, err := corev1client.NewForConfig(rest)
	Expect(err).NotTo(HaveOccurred())
	r := &controllers.ApplicationReconciler{
		Client:   writer,
		Applier:  &apply.Applier{Client: writer, Live: c.GetAPIReader(), Logs: apply.LogsFrom(pods), EvidenceNamespace: "govpk-evidence"},
		Recorder: events.NewFakeRecorder(1000), Clock: clock.RealClock{}, MissingKinds: missing,
		Shipped: shipped(),
	}
	ctx, cancel := context.WithCancel(context.Background())
	Expect(r.Index(ctx, c.GetFieldIndexer())).To(Succeed())
	go func() {
		defer GinkgoRecover()
		Expect(c.Start(ctx)).To(Succeed())
	}()
	Expect(c.GetCache().WaitForCacheSync(ctx)).To(BeTrue())
	warm(ctx, c.GetCache(), missing)
	o := &operator{ApplicationReconciler: r, requests: counted, stop: cancel}
	o.woken = workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[ctrl.Request]())
	quotas := &unstructured.Unstructured{}
	quotas.SetGroupVersionKind(apply.QuotaKind)
	watch := source.Kind[client.Object](c.GetCache(), quotas, r.QuotaEvents())
	Expect(watch.Start(ctx, o.woken)).To(Succeed())
	Expect(watch.WaitForSync(ctx)).To(Succeed())
	counted.take()
	DeferCleanup(o.woken.ShutDown)
	DeferCleanup(cancel)
	return o
}

// warm starts every informer, so that none is started inside a counted pass.
func warm(ctx context.Context, informers cache.Cache, missing []string) {
	GinkgoHelper()
	for _, object := range []client.Object{
		&v1alpha1.ThirdPartyApplication{}, &v1alpha1.Release{}, &v1alpha1.SignOff{}, &v1alpha1.PolicyViolation{},
		&v1alpha1.DeploymentPolicy{}, &v1alpha1.CloudServiceProvider{}, &v1alpha1.NoObjectionCertificate{}, &v1alpha1.BreachReport{},
		&corev1.Pod{}, &corev1.Node{}, &corev1.PersistentVolume{},
		&admissionv1.ValidatingAdmissionPolicy{}, &admissionv1.ValidatingAdmissionPolicyBinding{},
	} {
		_, err := informers.GetInformer(ctx, object)
		Expect(err).NotTo(HaveOccurred())
	}
	for _, kind := range append(apply.Children(), apply.GatewayKind) {
		if slices.Contains(missing, kind.GroupKind().String()) {
			continue
		}
		object := &unstructured.Unstructured{}
		object.SetGroupVersionKind(kind)
		_, err := informers.GetInformer(ctx, object)
		Expect(err).NotTo(HaveOccurred())
	}
	for _, kind := range []string{"Namespace", "ClusterIssuer"} {
		object := &metav1.PartialObjectMetadata{}
		object.SetGroupVersionKind(apply.NamespaceKind)
		if kind == "ClusterIssuer" {
			kinds := controllers.RequiredKinds()
			object.SetGroupVersionKind(kinds[slices.IndexFunc(kinds, func(k schema.GroupVersionKind) bool { return k.Kind == kind })])
		}
		_, err := informers.GetInformer(ctx, object)
		Expect(err).NotTo(HaveOccurred())
	}
}

// world is one organization with one application, and the parties around it.
type world struct {
	// broken are images that never become available, and failing Tasks whose Jobs fail; held ones never end.
	broken, failing, held map[string]bool
	// alone keeps the Deployments from making pods: a spec makes them.
	alone     bool
	namespace string
	app       *v1alpha1.ThirdPartyApplication
	host      string
}

func newWorld(ctx context.Context) *world {
	GinkgoHelper()
	n := serial.Add(1)
	w := &world{namespace: fmt.Sprintf("org-%d-%d", GinkgoParallelProcess(), n)}
	w.host = fmt.Sprintf("portal-%d-%d.health.gov.pk", GinkgoParallelProcess(), n)
	Expect(admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: w.namespace, Labels: map[string]string{v1alpha1.OrganizationLabel: w.namespace},
	}})).To(Succeed())
	ensureProvider(ctx)
	ensureIngress(ctx)
	w.app = application(w.namespace, "health-portal", w.host)
	return w
}

func ensureProvider(ctx context.Context) {
	provider := &v1alpha1.CloudServiceProvider{ObjectMeta: metav1.ObjectMeta{Name: "ntc-islamabad"}, Spec: v1alpha1.CloudServiceProviderSpec{
		LegalName:     "National Telecom Corporation",
		ServiceModels: []v1alpha1.ServiceModel{v1alpha1.ServiceIaaS},
		CloudModels:   []v1alpha1.CloudModel{v1alpha1.CloudGovernment},
		DataCentres:   []v1alpha1.DataCentre{{Name: "islamabad-1", Country: "PK", CloudModel: v1alpha1.CloudGovernment}},
		NodeSelector:  metav1.LabelSelector{MatchLabels: map[string]string{"node.platform.ntc.gov.pk/provider": "ntc-islamabad"}},
		Accreditation: v1alpha1.Accreditation{
			State: v1alpha1.AccreditationAccredited, Level: "Enhanced",
			DataClasses: []v1alpha1.DataClass{v1alpha1.DataClassOpen, v1alpha1.DataClassRestricted},
			ValidFrom:   "2020-01-01", ValidUntil: "2099-12-31",
		},
	}}
	Expect(client.IgnoreAlreadyExists(admin.Create(ctx, provider))).To(Succeed())
	ensureNode(ctx, "node-1", "ntc-islamabad")
	ensureCanary(ctx, "node-1")
}

func ensureIngress(ctx context.Context) {
	for _, name := range []string{"govpk", "govpk-mesh"} {
		issuer := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": map[string]any{"name": name},
			"spec": map[string]any{"selfSigned": map[string]any{}},
		}}
		Expect(client.IgnoreAlreadyExists(admin.Create(ctx, issuer))).To(Succeed())
	}
	status := gatewayv1.Hostname("status.ntc.gov.pk")
	for _, name := range []string{"public", "vpn"} {
		gateway := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "gateways", Name: name}, Spec: gatewayv1.GatewaySpec{
			GatewayClassName: "traefik",
			Listeners: []gatewayv1.Listener{{Name: "ntc", Hostname: &status, Port: 443, Protocol: gatewayv1.HTTPSProtocolType, TLS: &gatewayv1.ListenerTLSConfig{
				CertificateRefs: []gatewayv1.SecretObjectReference{{Name: "ntc"}},
			}}},
		}}
		Expect(client.IgnoreAlreadyExists(admin.Create(ctx, gateway))).To(Succeed())
	}
}

func application(namespace, name, host string) *v1alpha1.ThirdPartyApplication {
	no := false
	quantity := resource.MustParse
	resources := v1alpha1.Resources{
		Requests: v1alpha1.ResourceRequests{CPU: quantity("100m"), Memory: quantity("64Mi")},
		Limits:   v1alpha1.ResourceLimits{Memory: quantity("128Mi")},
	}
	return &v1alpha1.ThirdPartyApplication{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ThirdPartyApplicationSpec{
			Organization: v1alpha1.Organization{Name: "Sehat Digital (Pvt) Ltd", Contacts: []v1alpha1.Contact{
				{Level: v1alpha1.SupportL2, Name: "Service desk", Email: "desk@sehat.example", Phone: "+92 51 0000000"},
				{Level: v1alpha1.SupportL3, Name: "Engineering", Email: "eng@sehat.example", Phone: "+92 51 0000001"},
			}},
			PublicServiceEntity:  "Ministry of National Health Services",
			CloudServiceProvider: "ntc-islamabad",
			DataClass:            v1alpha1.DataClassRestricted,
			Requirements: v1alpha1.Requirements{
				Hardware:        v1alpha1.Hardware{CPU: quantity("4"), Memory: quantity("8Gi"), Storage: quantity("20Gi")},
				Traffic:         v1alpha1.Traffic{Users: 20000, RequestsPerSecond: 150, PeakRequestsPerSecond: 900, Bandwidth: quantity("200M")},
				DataFlowDiagram: v1alpha1.DataFlowDiagram{URL: "https://sehat.example/dfd.pdf", SHA256: strings.Repeat("9f", 32)},
			},
			Components: []v1alpha1.Component{
				{
					Name: "web", Image: "registry.ntc.gov.pk/sehat/web@sha256:" + strings.Repeat("a", 64), Resources: resources,
					Ports: []v1alpha1.ComponentPort{{Name: "http", Port: 8080}}, Replicas: v1alpha1.Replicas{Min: 2, Max: 6},
					ConnectsTo: []v1alpha1.Edge{{Component: "api", Port: "http"}},
				},
				{
					Name: "api", Image: "registry.ntc.gov.pk/sehat/api@sha256:" + strings.Repeat("b", 64), Resources: resources,
					Ports: []v1alpha1.ComponentPort{{Name: "http", Port: 8080}},
				},
			},
			Domains:    []v1alpha1.Domain{{Host: host, Paths: []v1alpha1.DomainPath{{Path: "/", Component: "web", Port: "http"}}}},
			Commercial: v1alpha1.Commercial{Transactions: &no, Advertisements: &no, ThirdPartyLogos: &no},
		},
	}
}

func (w *world) scope(stage string) render.Scope {
	return render.Scope{Organization: w.namespace, Namespace: w.namespace, Application: w.app.Name, Stage: stage}
}

func (w *world) live() string { return w.scope(v1alpha1.LiveNamespace).StageNamespace() }
func (w *world) test() string { return w.scope(v1alpha1.TestNamespace).StageNamespace() }

func (w *world) key() client.ObjectKey { return client.ObjectKeyFromObject(w.app) }

func (w *world) get(ctx context.Context) *v1alpha1.ThirdPartyApplication {
	GinkgoHelper()
	app := &v1alpha1.ThirdPartyApplication{}
	Expect(admin.Get(ctx, w.key(), app)).To(Succeed())
	return app
}

func (w *world) release() string { return sop.Snapshot(w.app).Name }

// pass runs one pass; what it returns is for those who expect an error.
func (w *world) pass(ctx context.Context, o *operator) error {
	_, err := o.Reconcile(ctx, ctrl.Request{NamespacedName: w.key()})
	return err
}

// until passes, and lets the cluster do its part, until the condition holds.
func (w *world) until(ctx context.Context, o *operator, condition func(Gomega)) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(w.pass(ctx, o)).To(Succeed())
		w.follow(ctx)
		condition(g)
	}).Should(Succeed(), "the operator and the cluster need several passes")
}

func (w *world) stage(ctx context.Context, stage v1alpha1.Stage) func(Gomega) {
	return func(g Gomega) {
		app := w.get(ctx)
		g.Expect(app.Status.Stage).To(Equal(stage), verdicts(app))
	}
}

func (w *world) ready(ctx context.Context, reason string) func(Gomega) {
	return func(g Gomega) {
		app := w.get(ctx)
		condition := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionReady)
		g.Expect(condition).NotTo(BeNil())
		g.Expect(condition.Reason).To(Equal(reason), verdicts(app))
	}
}

func verdicts(app *v1alpha1.ThirdPartyApplication) string {
	var lines []string
	for _, condition := range app.Status.Conditions {
		lines = append(lines, fmt.Sprintf("%s=%s %s: %s", condition.Type, condition.Status, condition.Reason, condition.Message))
	}
	return strings.Join(lines, "\n")
}

// follow does what the cluster's other controllers would: roll out, issue certificates, program listeners, accept routes.
func (w *world) follow(ctx context.Context) {
	GinkgoHelper()
	for _, namespace := range []string{w.test(), w.live()} {
		var deployments appsv1.DeploymentList
		Expect(admin.List(ctx, &deployments, client.InNamespace(namespace))).To(Succeed())
		for i := range deployments.Items {
			if w.broken[deployments.Items[i].Spec.Template.Spec.Containers[0].Image] {
				stall(ctx, &deployments.Items[i])
				continue
			}
			rollOut(ctx, &deployments.Items[i])
			if !w.alone {
				enrol(ctx, &deployments.Items[i])
			}
		}
		rollOutSets(ctx, namespace)
		w.runTasks(ctx, namespace)
		var routes gatewayv1.HTTPRouteList
		Expect(admin.List(ctx, &routes, client.InNamespace(namespace))).To(Succeed())
		for i := range routes.Items {
			accept(ctx, &routes.Items[i])
		}
	}
	w.issue(ctx)
	program(ctx)
}

func rollOut(ctx context.Context, d *appsv1.Deployment) {
	before, replicas := d.DeepCopy(), *d.Spec.Replicas
	d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: replicas, UpdatedReplicas: replicas, ReadyReplicas: replicas, AvailableReplicas: replicas}
	if before.Status.ObservedGeneration != d.Generation || before.Status.Replicas != replicas {
		err := clusterController.Status().Update(ctx, d)
		Expect(err == nil || apierrors.IsNotFound(err) || apierrors.IsConflict(err)).To(BeTrue(), "%v", err)
	}
}

func accept(ctx context.Context, route *gatewayv1.HTTPRoute) {
	if len(route.Status.Parents) > 0 {
		return
	}
	before := route.DeepCopy()
	route.Status.Parents = []gatewayv1.RouteParentStatus{{
		ParentRef: route.Spec.ParentRefs[0], ControllerName: "traefik.io/gateway-controller",
		Conditions: []metav1.Condition{{Type: "Accepted", Status: metav1.ConditionTrue, Reason: "Accepted", LastTransitionTime: metav1.Now()}},
	}}
	Expect(client.IgnoreNotFound(admin.Status().Patch(ctx, route, client.MergeFrom(before)))).To(Succeed())
}

func (w *world) sign(ctx context.Context, kind v1alpha1.SignOffType, parties ...v1alpha1.Party) {
	GinkgoHelper()
	for _, party := range parties {
		Expect(as(signer(party)).Create(ctx, &v1alpha1.SignOff{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, GenerateName: "sign-"},
			Spec: v1alpha1.SignOffSpec{
				Release: w.release(), Type: kind, Party: party, Decision: v1alpha1.DecisionApproved, SignedBy: signer(party),
			},
		})).To(Succeed())
	}
}

func (w *world) signAll(ctx context.Context) {
	GinkgoHelper()
	w.sign(ctx, v1alpha1.SignOffEndToEndTest, v1alpha1.PartyNITB, v1alpha1.PartyNTC, v1alpha1.PartyOrganization)
}

func (w *world) change(ctx context.Context, change func(*v1alpha1.ThirdPartyApplicationSpec)) {
	GinkgoHelper()
	app := w.get(ctx)
	before := app.DeepCopy()
	change(&app.Spec)
	Expect(admin.Patch(ctx, app, client.MergeFrom(before))).To(Succeed())
	w.app = app
}

func (w *world) launch(ctx context.Context) {
	GinkgoHelper()
	release := w.release()
	w.change(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Launch = &v1alpha1.Launch{Release: release} })
}

// goLive brings the application through the whole SOP.
func (w *world) goLive(ctx context.Context, o *operator) {
	GinkgoHelper()
	Expect(admin.Create(ctx, w.app)).To(Succeed())
	w.until(ctx, o, w.stage(ctx, v1alpha1.StageUnderAudit))
	w.sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB)
	w.until(ctx, o, w.stage(ctx, v1alpha1.StageTesting))
	w.signAll(ctx)
	w.until(ctx, o, w.stage(ctx, v1alpha1.StageAwaitingLaunch))
	w.launch(ctx)
	w.until(ctx, o, w.ready(ctx, string(v1alpha1.StageLive)))
}

// liveWorld is a live application that rests, and its operator.
func liveWorld(ctx context.Context) (*world, *operator) {
	GinkgoHelper()
	w, o := newWorld(ctx), start()
	w.goLive(ctx, o)
	w.settle(ctx, o)
	return w, o
}

func (w *world) flag(ctx context.Context, name string) *v1alpha1.PolicyViolation {
	GinkgoHelper()
	violation := &v1alpha1.PolicyViolation{ObjectMeta: metav1.ObjectMeta{Name: w.namespace + "-" + name}, Spec: v1alpha1.PolicyViolationSpec{
		Application: v1alpha1.ApplicationReference{Namespace: w.namespace, Name: w.app.Name},
		Category:    "SecurityLeakage", Severity: "Critical", Reason: "records answered without authentication", FlaggedBy: securityUser,
	}}
	Expect(as(securityUser).Create(ctx, violation)).To(Succeed())
	return violation
}

func (w *world) lift(ctx context.Context, violation *v1alpha1.PolicyViolation) {
	GinkgoHelper()
	before := violation.DeepCopy()
	violation.Spec.Lift = &v1alpha1.Lift{Reason: "fixed", LiftedBy: securityUser}
	Expect(as(securityUser).Patch(ctx, violation, client.MergeFrom(before))).To(Succeed())
}

// waitForNextSecond returns once the API server's clock, whose creation times are whole seconds, has moved on.
func waitForNextSecond(since metav1.Time) {
	GinkgoHelper()
	Eventually(time.Now).Should(BeTemporally(">", since.Add(time.Second)), "sign-offs must be newer than the flag, and creation times are whole seconds")
}

// inventory are the resource versions of everything the operator made for the application.
func (w *world) inventory(ctx context.Context) map[string]string {
	GinkgoHelper()
	versions := map[string]string{}
	for _, kind := range append(apply.Children(), apply.NamespaceKind, apply.ReleaseKind) {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		err := admin.List(ctx, list, client.MatchingLabels{v1alpha1.ApplicationNamespaceLabel: w.namespace, render.ManagedByLabel: render.FieldOwner})
		if meta.IsNoMatchError(err) || apierrors.IsNotFound(err) {
			continue
		}
		Expect(err).NotTo(HaveOccurred())
		for _, item := range list.Items {
			versions[kind.Kind+" "+item.GetNamespace()+"/"+item.GetName()] = item.GetResourceVersion()
		}
	}
	return versions
}

var errStopped = errors.New("the operator was stopped here")
