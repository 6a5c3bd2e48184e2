// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// clusterName resolves wherever the cluster's DNS is reached.
const clusterName = "kubernetes.default.svc.cluster.local"

// noServer is whom pods of applications ask for names: nothing listens there.
const noServer = "127.0.0.1:53"

// The canaries are pods outside of every application, which no policy holds: they reach what is open, on every node. So
// whatever they reach and a tested application does not, or the other way round, is closed by that application's policies.
var _ = Describe("The offline test environment", Ordered, func() {
	var app, neighbour *scenario.App
	var canaries []scenario.Canary
	var base string

	BeforeAll(func(ctx context.Context) {
		canaries = canariesIn(ctx, "e2e-canary")
		app = launched(ctx, "sealed", func(spec *specification) {
			// One replica on each node, each of them asked in turn.
			spec.Components[1].Replicas = v1alpha1.Replicas{Min: 2, Max: 2}
			// The greeting goes through web and its edge, everything else to the API at once.
			spec.Domains[0].Paths = append(spec.Domains[0].Paths, v1alpha1.DomainPath{Path: "/api", Component: "api", Port: "http"},
				v1alpha1.DomainPath{Path: "/api/greeting", Component: "web", Port: "http"})
		})
		neighbour = underTest(ctx, otherOrganization, "neighbour", nil)
		base = testURL(ctx, app)
		eventuallyServes(ctx, cluster.VPN(), base+"/api/greeting")
		eventuallyServes(ctx, cluster.VPN(), testURL(ctx, neighbour)+"/api/greeting")
		eventuallyTries(ctx, cluster.VPN(), base)
		eventuallyTries(ctx, cluster.VPN(), testURL(ctx, neighbour))
	})

	It("reaches nothing outside of itself", func(ctx context.Context) {
		open := openAddresses(ctx, canaries)
		Eventually(func() []string { return canariesReach(ctx, canaries, open) }).Should(HaveLen(len(canaries)*len(open)), "each canary reaches all of %v", open)
		shut := []string{"192.0.2.1:443", "203.0.113.7:80"}
		shut = append(shut, addresses(ctx, neighbour.Namespace("test"))...)
		shut = append(shut, addresses(ctx, app.Namespace("live"))...)
		Expect(reached(ctx, base, append(shut, open...))).To(BeEmpty())
	})

	It("resolves no name", func(ctx context.Context) {
		known, words, err := canaries[0].Resolves(ctx, clusterName)
		Expect(err).NotTo(HaveOccurred())
		Expect(words).NotTo(ContainSubstring(noServer), "a canary asks a server")
		if !known {
			AddReportEntry("the cluster has no DNS", "the canary resolves nothing either; whom the pods ask is judged all the same")
		}
		for _, name := range []string{clusterName, "web." + app.Namespace("test") + ".svc.cluster.local", "ntc.gov.pk"} {
			var answer struct {
				Resolved *bool
				Error    string
			}
			Expect(askJSON(ctx, cluster.VPN(), base+"/api/resolve?name="+name, &answer)).To(Succeed())
			Expect(answer.Resolved).To(HaveValue(BeFalse()), name)
			Expect(answer.Error).To(ContainSubstring(noServer), "it asks itself, and nobody else")
		}
	})

	It("is reached through the VPN gateway alone", func(ctx context.Context) {
		own := addresses(ctx, app.Namespace("test"))
		Expect(canariesReach(ctx, canaries, own)).To(BeEmpty())
		Expect(reached(ctx, testURL(ctx, neighbour), own)).To(BeEmpty(), "another tenant's test")
		Expect(statusOf(ctx, cluster.Public(), base+"/api/greeting")).To(Equal(http.StatusNotFound))
		Expect(statusOf(ctx, cluster.VPN(), base+"/api/greeting")).To(Equal(http.StatusOK))
	})

	It("carries its own edge between the nodes", func(ctx context.Context) {
		if len(canaries) < 2 {
			Skip("SKIPPED: one node; start the cluster with NODES=2 to see flows and denials between nodes")
		}
		nodes := map[string]string{}
		pods, err := app.Pods(ctx, v1alpha1.TestNamespace)
		Expect(err).NotTo(HaveOccurred())
		for _, pod := range pods {
			nodes[pod.Spec.NodeName] += " " + pod.Labels[v1alpha1.ComponentLabel]
		}
		Expect(len(nodes)).To(BeNumerically(">", 1), "the pods are spread: %v", nodes)
		AddReportEntry("components by node", fmt.Sprint(nodes))
		var problems sync.Map
		var asked sync.WaitGroup
		for i := range 16 {
			asked.Go(func() {
				if answer, err := cluster.VPN().Answer(ctx, base+"/api/greeting"); answer.Status != http.StatusOK {
					problems.Store(i, fmt.Sprint(answer.Status, answer.Body, err))
				}
			})
		}
		asked.Wait()
		problems.Range(func(_, problem any) bool { Fail(problem.(string)); return false })
	})
})

// canariesIn are canaries until the specs end.
func canariesIn(ctx context.Context, namespace string) []scenario.Canary {
	GinkgoHelper()
	canaries, err := cluster.Canaries(ctx, namespace)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx context.Context) {
		Expect(cluster.Admin.DeleteAllOf(ctx, &corev1.Pod{}, client.InNamespace(namespace))).To(Succeed())
	})
	return canaries
}

// canariesReach are the flows that canaries are let through, each as node → address.
func canariesReach(ctx context.Context, canaries []scenario.Canary, addresses []string) []string {
	GinkgoHelper()
	var mutex sync.Mutex
	var found []string
	var problems []error
	var asked sync.WaitGroup
	for _, canary := range canaries {
		for _, address := range addresses {
			asked.Go(func() {
				reaches, err := canary.Reaches(ctx, address)
				mutex.Lock()
				defer mutex.Unlock()
				if err != nil {
					problems = append(problems, err)
				} else if reaches {
					found = append(found, canary.Node+" → "+address)
				}
			})
		}
	}
	asked.Wait()
	Expect(problems).To(BeEmpty())
	return found
}

// openAddresses are those that nobody closes: the canaries, the nodes' kubelets, and the Services of the API server, the
// cluster's DNS and the gateways.
func openAddresses(ctx context.Context, canaries []scenario.Canary) []string {
	GinkgoHelper()
	var open []string
	for _, canary := range canaries {
		open = append(open, canary.Address)
	}
	var nodes corev1.NodeList
	Expect(cluster.Admin.List(ctx, &nodes)).To(Succeed())
	for _, node := range nodes.Items {
		for _, address := range node.Status.Addresses {
			if address.Type == corev1.NodeInternalIP {
				open = append(open, net.JoinHostPort(address.Address, strconv.Itoa(int(node.Status.DaemonEndpoints.KubeletEndpoint.Port))))
			}
		}
	}
	for _, namespace := range []string{"default", "gateways"} {
		services := serviceAddresses(ctx, namespace)
		Expect(services).NotTo(BeEmpty(), namespace)
		open = append(open, services...)
	}
	return open
}

// addresses are those of every Service and pod of a namespace.
func addresses(ctx context.Context, namespace string) []string {
	GinkgoHelper()
	found := serviceAddresses(ctx, namespace)
	var pods corev1.PodList
	Expect(cluster.Admin.List(ctx, &pods, client.InNamespace(namespace))).To(Succeed())
	for _, pod := range pods.Items {
		if pod.Status.PodIP == "" {
			continue
		}
		for _, port := range pod.Spec.Containers[0].Ports {
			found = append(found, net.JoinHostPort(pod.Status.PodIP, strconv.Itoa(int(port.ContainerPort))))
		}
	}
	Expect(len(found)).To(BeNumerically(">=", 4), "two components, each with a Service and a pod: %v", found)
	return found
}

func serviceAddresses(ctx context.Context, namespace string) []string {
	GinkgoHelper()
	var services corev1.ServiceList
	Expect(cluster.Admin.List(ctx, &services, client.InNamespace(namespace))).To(Succeed())
	var found []string
	for _, service := range services.Items {
		for _, port := range service.Spec.Ports {
			if port.Protocol == corev1.ProtocolTCP {
				found = append(found, net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(int(port.Port))))
			}
		}
	}
	return found
}

// reached are the addresses that the API of an application in test reaches. Gateways spread requests over replicas, so the
// question is put often enough for both of two to get it.
func reached(ctx context.Context, base string, addresses []string) []string {
	GinkgoHelper()
	var mutex sync.Mutex
	var found []string
	var problems []error
	var asked sync.WaitGroup
	for _, address := range addresses {
		for range 8 {
			asked.Go(func() {
				got, err := tries(ctx, cluster.VPN(), base, address)
				mutex.Lock()
				defer mutex.Unlock()
				if err != nil {
					problems = append(problems, fmt.Errorf("%s: no answer: %w", address, err))
				} else if got {
					found = append(found, address)
				}
			})
		}
	}
	asked.Wait()
	Expect(problems).To(BeEmpty())
	return found
}
