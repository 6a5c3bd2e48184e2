// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

type demo struct {
	cluster   *scenario.Cluster
	app       *scenario.App
	run       string
	violation string
}

type chapter struct {
	clause int
	title  string
	do     func(context.Context, *Step) (string, error)
}

func (d *demo) story() []chapter {
	return []chapter{
		{0, "NTC installs the operator and onboards Sehat Digital", d.install},
		{2, "The organization applies one manifest", d.submit},
		{1, "NITB audits the architecture and signs", d.audit},
		{4, "The release runs in test, reachable on the VPN gateway only", d.testStage},
		{5, "The declared edge works, and an undeclared one is refused in plaintext and with mutual TLS", d.flows},
		{6, "NITB, NTC and the organization sign the end-to-end test", d.sign},
		{7, "The organization launches", d.launch},
		{3, "A patient's visit is kept in PostgreSQL, on a volume of the live namespace", d.visit},
		{10, "Browsers are told to load from the application alone", d.headers},
		{9, "The security team flags a violation", d.flag},
		{9, "The operator is stopped, and nobody brings the application back", d.withoutOperator},
		{9, "Evidence was kept", d.evidence},
		{9, "The violation is lifted, the release signed again, and the application returns", d.comeBack},
	}
}

func (d *demo) install(ctx context.Context, _ *Step) (string, error) {
	if err := d.cluster.Install(ctx); err != nil {
		return "", err
	}
	people, err := d.cluster.Onboard(ctx, organization)
	if err != nil {
		return "", err
	}
	d.app = d.cluster.Sample(people, organization, name, host, "application.yaml", scenario.Secrets{"db": {"password": "the organization's own"}})
	return "the operator runs as a pod, its admission policies are in force", d.app.Clear(ctx)
}

func (d *demo) submit(ctx context.Context, _ *Step) (string, error) {
	if err := d.app.Submit(ctx, d.run); err != nil {
		return "", err
	}
	if err := d.app.Reach(ctx, v1alpha1.StageUnderAudit); err != nil {
		return "", err
	}
	app, err := d.app.Get(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("release %s is under audit, due on %s", app.Status.Candidate.Release, app.Status.Candidate.AuditDue), nil
}

func (d *demo) audit(ctx context.Context, _ *Step) (string, error) {
	if err := d.app.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB); err != nil {
		return "", err
	}
	if err := d.app.WriteSecrets(ctx, v1alpha1.TestNamespace); err != nil {
		return "", err
	}
	return "stage Testing; the organization wrote the database's password into the test namespace", d.app.Reach(ctx, v1alpha1.StageTesting)
}

func (d *demo) testStage(ctx context.Context, _ *Step) (string, error) {
	if err := d.app.RunsInTest(ctx); err != nil {
		return "", err
	}
	app, err := d.app.Get(ctx)
	if err != nil {
		return "", err
	}
	test := "https://" + app.Status.TestHost + "/"
	if err := answers(ctx, d.cluster.VPN(), test); err != nil {
		return "", err
	}
	onPublic, err := d.cluster.Public().Status(ctx, test)
	if err != nil {
		return "", err
	}
	if onPublic != http.StatusNotFound {
		return "", fmt.Errorf("the public gateway answers %s with %d", test, onPublic)
	}
	return fmt.Sprintf("%s answers 200 on the VPN gateway and 404 on the public one", test), nil
}

func (d *demo) sign(ctx context.Context, _ *Step) (string, error) {
	if err := d.app.Test(ctx); err != nil {
		return "", err
	}
	return "stage AwaitingLaunch: eligible, and not live until the organization decides", d.app.Reach(ctx, v1alpha1.StageAwaitingLaunch)
}

func (d *demo) launch(ctx context.Context, _ *Step) (string, error) {
	if err := d.app.Launch(ctx); err != nil {
		return "", err
	}
	if err := d.app.WriteSecrets(ctx, v1alpha1.LiveNamespace); err != nil {
		return "", err
	}
	if err := d.app.Reach(ctx, v1alpha1.StageLive); err != nil {
		return "", err
	}
	if err := answers(ctx, d.cluster.Public(), url); err != nil {
		return "", err
	}
	response, err := d.cluster.Public().Get(ctx, url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	names := response.TLS.PeerCertificates[0].DNSNames
	if len(names) != 1 || names[0] != host {
		return "", fmt.Errorf("the certificate is for %v", names)
	}
	return fmt.Sprintf("%s answers 200 with a certificate for %s", url, names[0]), nil
}

func (d *demo) headers(ctx context.Context, _ *Step) (string, error) {
	response, err := d.cluster.Public().Get(ctx, url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var seen []string
	for header, wanted := range map[string]string{
		"Content-Security-Policy": "default-src 'self'", "Permissions-Policy": "payment=()", "Strict-Transport-Security": "max-age=",
	} {
		if !strings.Contains(response.Header.Get(header), wanted) {
			return "", fmt.Errorf("header %s is %q", header, response.Header.Get(header))
		}
		seen = append(seen, header)
	}
	return fmt.Sprintf("%d headers hold, among them Content-Security-Policy: %s", len(seen), response.Header.Get("Content-Security-Policy")), nil
}

func (d *demo) flag(ctx context.Context, s *Step) (string, error) {
	routes, err := d.cluster.Admin.Watch(ctx, &gatewayv1.HTTPRouteList{}, client.InNamespace(d.app.Namespace("live")))
	if err != nil {
		return "", err
	}
	defer routes.Stop()
	flagged := time.Now()
	if _, err := d.app.Flag(ctx, d.violation); err != nil {
		return "", err
	}
	stopped := make(chan time.Time, 1)
	go func() {
		for ctx.Err() == nil {
			// A request that hangs where its flow was cut is unanswered from its beginning.
			begun := time.Now()
			if status, err := d.cluster.Public().Status(ctx, url); err != nil || status != http.StatusOK {
				stopped <- begun
				return
			}
		}
	}()
	deleted, err := deletion(ctx, routes)
	if err != nil {
		return "", err
	}
	s.measure("routeGoneOnAPIServer", flagged, deleted)
	select {
	case at := <-stopped:
		s.measure("hostStopsAnswering", flagged, at)
	case <-time.After(30 * time.Second):
		return "", fmt.Errorf("%s still answers 30 s after the flag", url)
	}
	if err := d.app.Reach(ctx, v1alpha1.StageOffline); err != nil {
		return "", err
	}
	if err := d.podsGone(ctx); err != nil {
		return "", err
	}
	s.measure("podsGone", flagged, time.Now())
	return fmt.Sprintf("the route was gone on the API server after %d ms, the host stopped answering after %d ms, the last pod was gone after %d ms",
		s.Measured["routeGoneOnAPIServer"], s.Measured["hostStopsAnswering"], s.Measured["podsGone"]), nil
}

// withoutOperator lets the organization and a cluster administrator try what they can while nothing reconciles.
func (d *demo) withoutOperator(ctx context.Context, _ *Step) (string, error) {
	if err := d.cluster.ScaleOperator(ctx, 0); err != nil {
		return "", err
	}
	ways := d.waysBack(ctx)
	for _, way := range ways {
		err := way.try()
		if err == nil {
			return "", fmt.Errorf("a cluster administrator could %s", way.what)
		}
		if !strings.Contains(err.Error(), "ValidatingAdmissionPolicy") {
			return "", fmt.Errorf("a cluster administrator was kept from trying to %s: %w", way.what, err)
		}
	}
	if err := d.app.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[0].Args = nil }); err != nil {
		return "", err
	}
	for range 20 {
		if status, err := d.cluster.Public().Status(ctx, url); err == nil && status == http.StatusOK {
			return "", fmt.Errorf("%s answers 200", url)
		}
	}
	pods, err := d.app.Pods(ctx, "live")
	if err != nil {
		return "", err
	}
	if len(pods) > 0 {
		return "", fmt.Errorf("%d pods run in %s", len(pods), d.app.Namespace("live"))
	}
	return fmt.Sprintf("a cluster administrator was refused %d ways back; no pod runs, the host does not answer", len(ways)), d.cluster.ScaleOperator(ctx, 2)
}

type way struct {
	what string
	try  func() error
}

// waysBack are what a cluster administrator, whom RBAC lets do everything, could try to bring the application back.
func (d *demo) waysBack(ctx context.Context) []way {
	admin, live := d.cluster.Admin, d.app.Namespace("live")
	web := &appsv1.Deployment{}
	web.Namespace, web.Name = live, "web"
	namespace := &corev1.Namespace{}
	namespace.Name = live
	route := &gatewayv1.HTTPRoute{}
	route.Namespace, route.Name = live, "back-door"
	route.Spec.Hostnames = []gatewayv1.Hostname{host}
	violation := &v1alpha1.PolicyViolation{}
	violation.Name = d.violation
	return []way{
		{"scale the Deployment up", func() error { return admin.Patch(ctx, web, merge(`{"spec":{"replicas":2}}`)) }},
		{"remove the offline label", func() error {
			return admin.Patch(ctx, namespace, merge(`{"metadata":{"labels":{"platform.ntc.gov.pk/offline":null}}}`))
		}},
		{"set the exposure label", func() error {
			return admin.Patch(ctx, namespace, merge(`{"metadata":{"labels":{"platform.ntc.gov.pk/exposure":"live"}}}`))
		}},
		{"create a route", func() error { return admin.Create(ctx, route) }},
		{"create a pod", func() error { return admin.Create(ctx, d.backDoor()) }},
		{"delete the namespace", func() error { return admin.Delete(ctx, namespace) }},
		{"delete the violation", func() error { return admin.Delete(ctx, violation) }},
	}
}

// backDoor is a pod of a tested image that Pod Security would let run.
func (d *demo) backDoor() *corev1.Pod {
	yes, no := true, false
	pod := &corev1.Pod{}
	pod.Namespace, pod.Name = d.app.Namespace("live"), "back-door"
	pod.Spec.SecurityContext = &corev1.PodSecurityContext{
		RunAsNonRoot: &yes, SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	pod.Spec.Containers = []corev1.Container{{
		Name: "web", Image: d.cluster.Images.Web,
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: &no, Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
	}}
	return pod
}

func merge(patch string) client.Patch { return client.RawPatch(types.MergePatchType, []byte(patch)) }

func (d *demo) evidence(ctx context.Context, _ *Step) (string, error) {
	violation := &v1alpha1.PolicyViolation{}
	if err := d.cluster.Admin.Get(ctx, types.NamespacedName{Name: d.violation}, violation); err != nil {
		return "", err
	}
	if len(violation.Status.Evidence) == 0 {
		return "", errors.New("no evidence is recorded")
	}
	size := 0
	for _, part := range violation.Status.Evidence {
		kept := &corev1.ConfigMap{}
		if err := d.cluster.Admin.Get(ctx, types.NamespacedName{Namespace: "govpk-evidence", Name: part}, kept); err != nil {
			return "", err
		}
		for _, content := range kept.BinaryData {
			size += len(content)
		}
	}
	var steps []string
	for _, step := range violation.Status.Steps {
		steps = append(steps, string(step.Name))
	}
	return fmt.Sprintf("%s in govpk-evidence (%d bytes), after the steps %s", strings.Join(violation.Status.Evidence, ", "), size, strings.Join(steps, ", ")), nil
}

func (d *demo) comeBack(ctx context.Context, _ *Step) (string, error) {
	if err := d.app.Lift(ctx, d.violation); err != nil {
		return "", err
	}
	if status, err := d.cluster.Public().Status(ctx, url); err == nil && status == http.StatusOK {
		return "", errors.New("the lift alone brought the application back")
	}
	if err := d.app.Test(ctx); err != nil {
		return "", err
	}
	if err := d.app.Reach(ctx, v1alpha1.StageLive); err != nil {
		return "", err
	}
	if err := answers(ctx, d.cluster.Public(), url+"api/visits"); err != nil {
		return "", err
	}
	return url + " answers 200 again, and the visit is still there", d.remembers(ctx)
}

// answers waits for a 200; gateways follow the API server by a moment.
func answers(ctx context.Context, browser scenario.Browser, url string) error {
	return scenario.Eventually(ctx, 30*time.Second, func() error {
		response, err := browser.Get(ctx, url)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			body, _ := io.ReadAll(io.LimitReader(response.Body, 200))
			return fmt.Errorf("%s answers %d: %s", url, response.StatusCode, body)
		}
		return nil
	})
}
