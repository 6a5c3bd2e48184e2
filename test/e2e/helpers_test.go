// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// podOf is the newest pod of a component that is not ending.
func podOf(ctx context.Context, app *scenario.App, stage, component string) *corev1.Pod {
	GinkgoHelper()
	pods, err := app.Pods(ctx, stage)
	Expect(err).NotTo(HaveOccurred())
	pods = slices.DeleteFunc(pods, func(p corev1.Pod) bool {
		return p.Labels[v1alpha1.ComponentLabel] != component || p.DeletionTimestamp != nil
	})
	if len(pods) == 0 {
		return &corev1.Pod{}
	}
	return &slices.SortedFunc(slices.Values(pods), func(a, b corev1.Pod) int {
		return b.CreationTimestamp.Compare(a.CreationTimestamp.Time)
	})[0]
}

// addressOf is where the newest pod of a component of live is reached.
func addressOf(ctx context.Context, app *scenario.App, component string) (address string) {
	GinkgoHelper()
	Eventually(func() string {
		address = podOf(ctx, app, v1alpha1.LiveNamespace, component).Status.PodIP
		return address
	}).ShouldNot(BeEmpty(), "a pod has its address once it is started")
	return address
}

// pod is a pod as it is now; nil: it is gone.
func pod(ctx context.Context, known *corev1.Pod) (*corev1.Pod, error) {
	current := &corev1.Pod{}
	err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(known), current)
	if err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return current, nil
}

// aVisit is one of the sample's records.
type aVisit struct{ Note, Department string }

func addVisit(ctx context.Context, base, note string) {
	GinkgoHelper()
	answer := posted(ctx, base+"/api/visits", fmt.Sprintf(`{"patient": "Ayesha", "note": %q}`, note))
	Expect(answer.Status).To(Equal(http.StatusCreated), answer.Body)
}

// visitNoted is the record with a note.
func visitNoted(ctx context.Context, base, note string) aVisit {
	GinkgoHelper()
	var visits []aVisit
	Expect(json.Unmarshal([]byte(servedBy(ctx, cluster.Public(), base+"/api/visits")), &visits)).To(Succeed())
	i := slices.IndexFunc(visits, func(v aVisit) bool { return v.Note == note })
	Expect(i).To(BeNumerically(">=", 0), "no visit has the note %s", note)
	return visits[i]
}

func eventuallyVisited(ctx context.Context, base, note string) {
	GinkgoHelper()
	eventuallyServes(ctx, cluster.Public(), base+"/api/visits")
	Expect(visitNoted(ctx, base, note).Note).To(Equal(note))
}

// requests asks for one URL again and again.
type requests struct {
	cancel context.CancelFunc
	done   chan struct{}
	asked  int
	failed []string
}

// keepAsking begins to ask on the public gateway, one request after the other.
func keepAsking(ctx context.Context, url string) *requests {
	ctx, cancel := context.WithCancel(ctx)
	r := &requests{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			status, err := cluster.Public().Status(ctx, url)
			if ctx.Err() != nil {
				return
			}
			r.asked++
			if status != http.StatusOK {
				r.failed = append(r.failed, fmt.Sprintf("%s: %d %v", time.Now().Format(time.TimeOnly), status, err))
			}
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return r
}

// stop ends the asking and says how many requests there were, and which were not answered with 200.
func (r *requests) stop() (int, []string) {
	r.cancel()
	<-r.done
	return r.asked, r.failed
}
