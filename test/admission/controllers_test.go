// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

const (
	orchard        = "orchard-00aa11bb-live"
	patience       = 60 * time.Second
	offlineRequest = `{"metadata":{"labels":{"platform.ntc.gov.pk/offline":"orchard-1","platform.ntc.gov.pk/exposure":null}}}`
	liftRequest    = `{"metadata":{"labels":{"platform.ntc.gov.pk/offline":null},"annotations":{"platform.ntc.gov.pk/lifted":"orchard-1"}}}`
)

// realControllers lets kube-controller-manager live with the policies: the tables only name the requests we know of.
// It comes after the tables, whose fixtures it would change.
func realControllers(t *testing.T) {
	program := filepath.Join(assets(), "kube-controller-manager")
	if _, err := os.Stat(program); err != nil {
		t.Skipf("needs kube-controller-manager, which these envtest assets lack: %v", err)
	}
	startControllers(t, program)

	g := NewWithT(t)
	ctx := t.Context()
	config := rest.CopyConfig(server)
	config.Impersonate = user("operator")
	operator, err := client.New(config, client.Options{})
	g.Expect(err).NotTo(HaveOccurred())
	objects, err := load("testdata/orchard.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	for _, object := range objects {
		g.Expect(operator.Create(ctx, object)).To(Succeed(), object.GetName())
	}
	here := client.InNamespace(orchard)
	pods := func() ([]corev1.Pod, error) {
		list := &corev1.PodList{}
		err := operator.List(ctx, list, here, client.MatchingLabels{"platform.ntc.gov.pk/component": "web"})
		return list.Items, err
	}
	namespace := &corev1.Namespace{}
	namespace.Name = orchard
	deployment := &appsv1.Deployment{}
	deployment.Name, deployment.Namespace = "web", orchard
	scale := func(replicas string, options ...client.PatchOption) error {
		return operator.Patch(ctx, deployment, client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"replicas":`+replicas+`}}`)), options...)
	}
	label := func(request string) error {
		return operator.Patch(ctx, namespace, client.RawPatch("application/merge-patch+json", []byte(request)))
	}

	// Normal operation.
	g.Eventually(pods).WithTimeout(patience).Should(HaveLen(2), "Deployment and ReplicaSet controllers make pods")
	for name, kind := range map[string]client.Object{"kube-root-ca.crt": &corev1.ConfigMap{}, "default": &corev1.ServiceAccount{}} {
		g.Eventually(func() error { return operator.Get(ctx, client.ObjectKey{Namespace: orchard, Name: name}, kind) }).
			WithTimeout(patience).Should(Succeed(), name)
	}
	g.Eventually(func() ([]discoveryv1.EndpointSlice, error) {
		slices := &discoveryv1.EndpointSliceList{}
		err := operator.List(ctx, slices, here)
		return slices.Items, err
	}).WithTimeout(patience).Should(HaveLen(1), "the EndpointSlice controller follows the Service")

	otherKinds(t, operator)

	// Offline: what is deleted stays deleted, and what is scaled down ends.
	// The API server learns of a namespace's labels by a watch of its own, so lock and unlock take effect a moment later.
	g.Expect(label(offlineRequest)).To(Succeed())
	g.Eventually(func() error { return scale("9", client.DryRunAll) }).WithTimeout(patience).Should(MatchError(ContainSubstring("must not rise")))
	running, err := pods()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(operator.Delete(ctx, &running[0])).To(Succeed())
	g.Eventually(func() (string, error) {
		sets := &appsv1.ReplicaSetList{}
		if err := operator.List(ctx, sets, here); err != nil || len(sets.Items) != 1 || len(sets.Items[0].Status.Conditions) == 0 {
			return "", err
		}
		return sets.Items[0].Status.Conditions[0].Message, nil
	}).WithTimeout(patience).Should(ContainSubstring("no pod starts in namespace "+orchard), "the ReplicaSet reports the refusal of a new pod")
	g.Expect(scale("0")).To(Succeed())
	g.Eventually(pods).WithTimeout(patience).Should(BeEmpty(), "the ReplicaSet controller removes pods under the lock")

	offlineKinds(t, operator)

	// Back.
	g.Expect(label(liftRequest)).To(Succeed())
	g.Eventually(func() error { return scale("1") }).WithTimeout(patience).Should(Succeed())
	g.Eventually(pods).WithTimeout(patience).Should(HaveLen(1), "pods return after the lift")

	// The garbage collector follows the Deployment, in the foreground, where it takes finalizers away.
	g.Expect(operator.Delete(ctx, deployment, client.PropagationPolicy("Foreground"))).To(Succeed())
	g.Eventually(func() error { return operator.Get(ctx, client.ObjectKeyFromObject(deployment), deployment) }).
		WithTimeout(patience).Should(Satisfy(apierrors.IsNotFound), "the garbage collector frees the Deployment")
	g.Expect(pods()).To(BeEmpty())

	// Offline the namespace stays; lifted, the namespace controller finishes its deletion.
	g.Expect(label(offlineRequest)).To(Succeed())
	g.Expect(operator.Delete(ctx, namespace)).To(MatchError(ContainSubstring("is never deleted")))
	g.Expect(label(liftRequest)).To(Succeed())
	g.Expect(operator.Delete(ctx, namespace)).To(Succeed())
	g.Eventually(func() error { return operator.Get(ctx, client.ObjectKeyFromObject(namespace), namespace) }).
		WithTimeout(patience).Should(Satisfy(apierrors.IsNotFound), "the namespace controller finishes")
}

func startControllers(t *testing.T, program string) {
	t.Helper()
	// As kubeadm runs it: each controller under a ServiceAccount of its own.
	start(t, program, rest.ImpersonationConfig{UserName: "kube-controller-manager", Groups: []string{"system:masters"}},
		func(kubeconfig string) ([]string, []string) {
			return []string{"--kubeconfig=" + kubeconfig, "--root-ca-file=" + rootFile(t), "--use-service-account-credentials=true",
				"--leader-elect=false", "--secure-port=0", "--concurrent-deployment-syncs=1",
				"--controllers=deployment-controller,replicaset-controller,namespace-controller,garbage-collector-controller," +
					"serviceaccount-controller,root-ca-certificate-publisher-controller,endpointslice-controller,resourcequota-controller," +
					"statefulset-controller,job-controller,cronjob-controller,disruption-controller," +
					"persistentvolume-binder-controller,persistentvolumeclaim-protection-controller"}, nil
		})
}

func rootFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "ca.crt")
	NewWithT(t).Expect(os.WriteFile(file, server.CAData, 0o600)).To(Succeed())
	return file
}

// start runs a program as a user until the test ends; with gives its arguments and environment.
func start(t *testing.T, program string, as rest.ImpersonationConfig, with func(kubeconfig string) (arguments, variables []string)) {
	t.Helper()
	g := NewWithT(t)
	added, err := environment.AddUser(envtest.User{Name: as.UserName, Groups: as.Groups}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	kubeconfig, err := added.KubeConfig()
	g.Expect(err).NotTo(HaveOccurred())
	directory := t.TempDir()
	file := filepath.Join(directory, "kubeconfig")
	g.Expect(os.WriteFile(file, kubeconfig, 0o600)).To(Succeed())
	log, err := os.Create(filepath.Join(directory, "log"))
	g.Expect(err).NotTo(HaveOccurred())

	arguments, variables := with(file)
	command := exec.Command(program, arguments...)
	command.Env = append(os.Environ(), variables...)
	command.Stdout, command.Stderr = log, log
	g.Expect(command.Start()).To(Succeed())
	t.Cleanup(func() {
		if err := command.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Error(err)
		}
		_ = command.Wait()
		if t.Failed() {
			output, _ := os.ReadFile(log.Name())
			t.Logf("%s:\n%s", program, output)
		}
	})
}
