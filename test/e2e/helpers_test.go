// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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

// eventuallyCandidate waits until the current spec's release, beside a live one, has come to a stage.
func eventuallyCandidate(ctx context.Context, app *scenario.App, stage v1alpha1.Stage) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		status, err := app.Get(ctx)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(status.Status.ObservedGeneration).To(Equal(status.Generation))
		g.Expect(status.Status.Candidate).To(HaveValue(HaveField("Stage", stage)), scenario.Verdicts(status))
	}).Should(Succeed())
}

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

// pod is a pod as it is now; nil: it is gone.
func pod(ctx context.Context, known *corev1.Pod) (*corev1.Pod, error) {
	current := &corev1.Pod{}
	err := cluster.Admin.Get(ctx, client.ObjectKeyFromObject(known), current)
	if err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return current, nil
}

func body(ctx context.Context, url string) string {
	GinkgoHelper()
	response, err := cluster.Public().Get(ctx, url)
	Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	Expect(response.StatusCode).To(Equal(http.StatusOK), string(content))
	return string(content)
}

// aVisit is one of the sample's records.
type aVisit struct{ Note, Department string }

func addVisit(ctx context.Context, base, note string) {
	GinkgoHelper()
	response, err := cluster.Public().Post(ctx, base+"/api/visits", fmt.Sprintf(`{"patient": "Ayesha", "note": %q}`, note))
	Expect(err).NotTo(HaveOccurred())
	defer response.Body.Close()
	Expect(response.StatusCode).To(Equal(http.StatusCreated))
}

// visitNoted is the record with a note.
func visitNoted(ctx context.Context, base, note string) aVisit {
	GinkgoHelper()
	var visits []aVisit
	Expect(json.Unmarshal([]byte(body(ctx, base+"/api/visits")), &visits)).To(Succeed())
	i := slices.IndexFunc(visits, func(v aVisit) bool { return v.Note == note })
	Expect(i).To(BeNumerically(">=", 0), "no visit has the note %s", note)
	return visits[i]
}

func eventuallyVisited(ctx context.Context, base, note string) {
	GinkgoHelper()
	eventuallyAnswers(ctx, cluster.Public(), base+"/api/visits", http.StatusOK)
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
