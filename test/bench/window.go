// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// Window is how long a pod is still admitted into a live namespace after the request that locked it was answered. Admission knows a
// namespace's labels from a watch of its own, at each API server.
type Window struct {
	// Same is that of the API server that took the label, and Other that of another one on the same etcd. Zero: no attempt was admitted after
	// the answer, also none that was on its way.
	Same, Other time.Duration
	// Attempt is how long one attempt took beforehand, and so how fine the figures are.
	Attempt time.Duration
}

const (
	windowImage = "registry.ntc.gov.pk/bench@sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
	replicaSets = "system:serviceaccount:kube-system:replicaset-controller"
)

// lockWindow locks a namespace by one API server while two are asked for a pod there without a pause.
func lockWindow(ctx context.Context, rounds int, report *Report) (err error) {
	environment, cluster, err := startServer(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, environment.Stop()) }()
	second := &envtest.APIServer{EtcdURL: environment.ControlPlane.Etcd.URL}
	second.Path = environment.ControlPlane.GetAPIServer().Path
	if err := second.Start(); err != nil {
		return fmt.Errorf("a second API server: %w", err)
	}
	defer func() { err = errors.Join(err, second.Stop()) }()
	config, err := adminOf(second)
	if err != nil {
		return err
	}
	other, err := scenario.On(config, cluster.Images)
	if err != nil {
		return err
	}
	if err := guarded(ctx, other.Admin); err != nil {
		return err
	}
	for i := range rounds {
		window, err := lockOnce(ctx, cluster, other, fmt.Sprintf("window-%08x-live", i))
		if err != nil {
			return fmt.Errorf("window %d: %w", i, err)
		}
		report.Window = append(report.Window, window)
	}
	return nil
}

func adminOf(server *envtest.APIServer) (*rest.Config, error) {
	config := &rest.Config{Host: server.SecureServing.URL("https", "/").String(), QPS: -1}
	config.CAData = server.CA
	user, err := server.AddUser(envtest.User{Name: "bench", Groups: []string{"system:masters"}}, config)
	if err != nil {
		return nil, err
	}
	return user, nil
}

func lockOnce(ctx context.Context, first, second *scenario.Cluster, name string) (Window, error) {
	operator, err := first.As(operatorUser)
	if err != nil {
		return Window{}, err
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name: name,
		Labels: map[string]string{
			v1alpha1.StageLabel: v1alpha1.LiveNamespace, v1alpha1.ApplicationLabel: "window", v1alpha1.ApplicationNamespaceLabel: "bench",
			v1alpha1.OrganizationLabel: "bench", v1alpha1.ExposureLabel: v1alpha1.LiveNamespace, "pod-security.kubernetes.io/enforce": "restricted",
			"app.kubernetes.io/managed-by": "govpk-operator",
		},
		Annotations: map[string]string{v1alpha1.ImagesAnnotation: windowImage},
	}}
	if err := operator.Create(ctx, namespace); err != nil {
		return Window{}, err
	}
	attempts := make([]*attempts, 2)
	for i, cluster := range []*scenario.Cluster{first, second} {
		if attempts[i], err = attempt(ctx, cluster, name); err != nil {
			return Window{}, err
		}
	}
	lock := fmt.Appendf(nil, `{"metadata":{"labels":{%q:"window",%q:null}}}`, v1alpha1.OfflineLabel, v1alpha1.ExposureLabel)
	if err := operator.Patch(ctx, namespace, client.RawPatch(types.MergePatchType, lock)); err != nil {
		return Window{}, err
	}
	locked := time.Now()
	var window Window
	for i, into := range []*time.Duration{&window.Same, &window.Other} {
		last, took, err := attempts[i].refused()
		if err != nil {
			return Window{}, err
		}
		*into = max(0, last.Sub(locked))
		window.Attempt = max(window.Attempt, took)
	}
	return window, nil
}

// attempts ask one API server for a pod again and again, until they are refused.
type attempts struct {
	wait sync.WaitGroup
	mu   sync.Mutex
	// last is when the last one was admitted.
	last  time.Time
	count int
	begun time.Time
	err   error
}

// attempt returns once a pod is admitted.
func attempt(ctx context.Context, cluster *scenario.Cluster, namespace string) (*attempts, error) {
	as, err := cluster.As(replicaSets, "system:serviceaccounts", "system:serviceaccounts:kube-system")
	if err != nil {
		return nil, err
	}
	if err := scenario.Eventually(ctx, 10*time.Second, func() error { return as.Create(ctx, windowPod(namespace), client.DryRunAll) }); err != nil {
		return nil, err
	}
	a := &attempts{begun: time.Now()}
	for range 4 {
		a.wait.Go(func() {
			for !a.record(as.Create(ctx, windowPod(namespace), client.DryRunAll)) {
			}
		})
	}
	return a, nil
}

func (a *attempts) record(err error) (done bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	switch {
	case err == nil:
		a.last = time.Now()
		return false
	case !apierrors.IsForbidden(err) && !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), "offline"):
		a.err = err
	}
	return true
}

// refused waits until every caller is, and tells when the last attempt was admitted and how long one took.
func (a *attempts) refused() (time.Time, time.Duration, error) {
	a.wait.Wait()
	return a.last, time.Since(a.begun) * 4 / time.Duration(a.count), a.err
}

func windowPod(namespace string) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "window-"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "window", Image: windowImage,
			SecurityContext: &corev1.SecurityContext{
				AllowPrivilegeEscalation: ptr.To(false), RunAsNonRoot: ptr.To(true), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
		}}},
	}
}

func printWindow(out io.Writer, windows []Window) {
	if len(windows) == 0 {
		return
	}
	fmt.Fprint(out, "\nFrom the answer that a namespace is locked to the last pod that was still admitted there: median (least–most)\n\n")
	row := func(what string, of func(Window) time.Duration) {
		fmt.Fprintf(out, "%s\t%s ms\n", what, spread(windows, "%.1f", func(w Window) float64 { return milliseconds(of(w)) }))
	}
	row("at the API server that took the label", func(w Window) time.Duration { return w.Same })
	row("at another one on the same etcd", func(w Window) time.Duration { return w.Other })
	row("one attempt, four at a time at each", func(w Window) time.Duration { return w.Attempt })
}
