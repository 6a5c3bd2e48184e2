// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

const bankOrigin = "https://pay.bank.example"

var _ = Describe("A No Objection Certificate on the real cluster", Ordered, func() {
	var app *scenario.App
	var url string

	BeforeAll(func(ctx context.Context) {
		app = application(ctx, "exempted")
		url = "https://" + app.Host
		eventuallyServes(ctx, cluster.Public(), url+"/")
	})

	wide := And(
		HaveField("Security", ContainSubstring("script-src 'self' "+bankOrigin+";")),
		HaveField("Security", ContainSubstring("form-action 'self' "+bankOrigin+";")),
		HaveField("Permissions", Equal(`payment=(self "`+bankOrigin+`")`)),
	)
	narrow := And(
		HaveField("Security", Equal("default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'; object-src 'none'")),
		HaveField("Permissions", Equal("payment=()")),
	)
	seen := func(ctx context.Context) func() (told, error) {
		return func() (told, error) { return toldTo(ctx, cluster.Public(), url+"/") }
	}
	// An answer that is still on its way at the instant accuses nobody.
	seenUntil := func(ctx context.Context, instant time.Time, want types.GomegaMatcher) {
		GinkgoHelper()
		Consistently(func(g Gomega) {
			answer, err := seen(ctx)()
			if time.Now().Before(instant) {
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(answer).To(want)
			}
		}).WithTimeout(time.Until(instant)).WithPolling(50 * time.Millisecond).Should(Succeed())
	}

	It("opens and closes the browser's policy at its seconds, without a restart", func(ctx context.Context) {
		Expect(toldTo(ctx, cluster.Public(), url+"/")).To(narrow)
		from := time.Now().Truncate(time.Second).Add(6 * time.Second)
		until := from.Add(20 * time.Second)
		certificate := exempt(ctx, app, from, until)

		seenUntil(ctx, from, narrow)
		Eventually(seen(ctx)).WithTimeout(time.Until(from)+15*time.Second).Should(wide, "gateways gather changes for some seconds, and others make some too")
		began := time.Now()
		Expect(began).To(BeTemporally(">=", from))
		seenUntil(ctx, until, wide)
		Eventually(seen(ctx)).WithTimeout(time.Until(until) + 30*time.Second).Should(narrow)
		ended := time.Now()
		Expect(ended).To(BeTemporally(">=", until))
		AddReportEntry("seconds until the header followed", fmt.Sprintf("%.2f at the beginning, %.2f at the end", began.Sub(from).Seconds(), ended.Sub(until).Seconds()))

		Eventually(func(g Gomega) {
			g.Expect(cluster.Admin.Get(ctx, client.ObjectKeyFromObject(certificate), certificate)).To(Succeed())
			g.Expect(certificate.Status.State).To(Equal(v1alpha1.NoObjectionEnded))
		}).Should(Succeed(), "its own status follows the same clock")
		status, err := app.Get(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(status.Status.Stage).To(Equal(v1alpha1.StageLive))
	})

	It("ends when it is revoked", func(ctx context.Context) {
		certificate := exempt(ctx, app, time.Now().Truncate(time.Second), time.Now().Add(time.Hour).Truncate(time.Second))
		Eventually(seen(ctx)).Should(wide)
		Expect(app.Revoke(ctx, certificate.Name)).To(Succeed())
		Eventually(seen(ctx)).WithTimeout(30 * time.Second).Should(narrow)
	})
})

// exempt issues a certificate that no later run meets.
func exempt(ctx context.Context, app *scenario.App, from, until time.Time) *v1alpha1.NoObjectionCertificate {
	GinkgoHelper()
	certificate, err := app.Exempt(ctx, fmt.Sprintf("exempted-%d", time.Now().UnixNano()), from, until, bankOrigin)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx context.Context) {
		Expect(app.Revoke(ctx, certificate.Name)).To(Succeed())
		Expect(client.IgnoreNotFound(cluster.Admin.Delete(ctx, certificate))).To(Succeed())
	})
	return certificate
}

// told is what browsers are told of clause 10.
type told struct{ Security, Permissions string }

func toldTo(ctx context.Context, browser scenario.Browser, url string) (told, error) {
	answer, err := browser.Answer(ctx, url)
	if err != nil {
		return told{}, err
	}
	if answer.Status != http.StatusOK {
		return told{}, fmt.Errorf("%s answers %d", url, answer.Status)
	}
	return told{answer.Header.Get("Content-Security-Policy"), answer.Header.Get("Permissions-Policy")}, nil
}
