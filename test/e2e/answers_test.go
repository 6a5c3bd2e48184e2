// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// What is asked here is asked again while nobody answers, never because of what the answer says: that is judged once.

// eventuallyServes waits until a host serves, which takes as long as its pods and certificates do.
func eventuallyServes(ctx context.Context, browser scenario.Browser, url string) {
	GinkgoHelper()
	Eventually(func() (int, error) { return browser.Status(ctx, url) }).WithTimeout(90*time.Second).Should(Equal(http.StatusOK), url)
}

// eventuallyCloses waits until the gateway knows a host no more.
func eventuallyCloses(ctx context.Context, url string) {
	GinkgoHelper()
	Eventually(func() (int, error) { return cluster.Public().Status(ctx, url) }).WithTimeout(30*time.Second).
		Should(Equal(http.StatusNotFound), "gateways follow the API server by a moment: "+url)
}

// answerOf is the first answer, also one of the gateway's own.
func answerOf(ctx context.Context, browser scenario.Browser, url string) scenario.Answer {
	GinkgoHelper()
	answer, err := browser.Answer(ctx, url)
	Expect(err).NotTo(HaveOccurred(), url)
	return answer
}

func statusOf(ctx context.Context, browser scenario.Browser, url string) int {
	GinkgoHelper()
	return answerOf(ctx, browser, url).Status
}

// servedBy is what the component said to whom the way leads.
func servedBy(ctx context.Context, browser scenario.Browser, url string) string {
	GinkgoHelper()
	answer, err := browser.Served(ctx, url)
	Expect(err).NotTo(HaveOccurred(), url)
	Expect(answer.Status).To(Equal(http.StatusOK), answer.Body)
	return answer.Body
}

// posted is the first answer to JSON that was sent. What was sent may come twice.
func posted(ctx context.Context, url, body string) scenario.Answer {
	GinkgoHelper()
	answer, err := scenario.FirstServed(ctx, func() (*http.Response, error) { return cluster.Public().Post(ctx, url, body) })
	Expect(err).NotTo(HaveOccurred(), url)
	return answer
}

// askJSON reads what a component says in JSON.
func askJSON(ctx context.Context, browser scenario.Browser, url string, said any) error {
	answer, err := browser.Served(ctx, url)
	if err != nil {
		return err
	}
	if answer.Status != http.StatusOK {
		return fmt.Errorf("%s answered %d: %s", url, answer.Status, answer.Body)
	}
	if err := json.Unmarshal([]byte(answer.Body), said); err != nil {
		return fmt.Errorf("%s answered %q: %w", url, answer.Body, err)
	}
	return nil
}

// tries asks the API component to try a TCP connection.
func tries(ctx context.Context, browser scenario.Browser, base, address string) (bool, error) {
	var said struct{ Reached *bool }
	if err := askJSON(ctx, browser, base+"/api/reach?timeout=1000&address="+url.QueryEscape(address), &said); err != nil {
		return false, err
	}
	if said.Reached == nil {
		return false, fmt.Errorf("%s does not say whether it reached %s", base, address)
	}
	return *said.Reached, nil
}

func reaches(ctx context.Context, browser scenario.Browser, base, address string) bool {
	GinkgoHelper()
	reached, err := tries(ctx, browser, base, address)
	Expect(err).NotTo(HaveOccurred())
	return reached
}

// eventuallyTries waits until the API component is asked, and tries: it reaches itself.
func eventuallyTries(ctx context.Context, browser scenario.Browser, base string) {
	GinkgoHelper()
	Eventually(func() (bool, error) { return tries(ctx, browser, base, "127.0.0.1:8080") }).Should(BeTrue(), "who reaches not even itself proves nothing")
}

// greeting is what live says; one of the gateway's own answers is a failure.
func greeting(ctx context.Context, base string) string {
	GinkgoHelper()
	answer := answerOf(ctx, cluster.Public(), base+"/api/greeting")
	Expect(answer.Status).To(Equal(http.StatusOK), answer.Body)
	return strings.TrimSpace(answer.Body)
}

// greetingInTest is what test says: its pods may be away for a moment.
func greetingInTest(ctx context.Context, base string) string {
	GinkgoHelper()
	return strings.TrimSpace(servedBy(ctx, cluster.VPN(), base+"/api/greeting"))
}
