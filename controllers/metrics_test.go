// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/ntc-gov-pk/govpk-operator/internal/oversight"
)

var _ = Describe("The metrics endpoint", func() {
	It("is read by TLS, and by who may alone", func(ctx context.Context) {
		// The operator asks the API server with its own rights, as installed.
		as := impersonated(operatorUser, "system:serviceaccounts", "system:serviceaccounts:govpk-system")
		httpClient, err := rest.HTTPClientFor(as)
		Expect(err).NotTo(HaveOccurred())
		server, err := metricsserver.NewServer(oversight.Endpoint("127.0.0.1:0", GinkgoT().TempDir()), as, httpClient)
		Expect(err).NotTo(HaveOccurred())
		serving, stop := context.WithCancel(context.Background())
		DeferCleanup(stop)
		go func() {
			defer GinkgoRecover()
			Expect(server.Start(serving)).To(Succeed())
		}()
		bound, ok := server.(interface{ GetBindAddr() string })
		Expect(ok).To(BeTrue())
		Eventually(bound.GetBindAddr).ShouldNot(BeEmpty(), "it listens")

		scraper := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}} //nolint:gosec // self-signed, on loopback
		scrape := func(method, token string) (int, string) {
			GinkgoHelper()
			request, err := http.NewRequestWithContext(ctx, method, "https://"+bound.GetBindAddr()+"/metrics", nil)
			Expect(err).NotTo(HaveOccurred())
			if token != "" {
				request.Header.Set("Authorization", "Bearer "+token)
			}
			response, err := scraper.Do(request)
			Expect(err).NotTo(HaveOccurred())
			defer response.Body.Close()
			body, err := io.ReadAll(response.Body)
			Expect(err).NotTo(HaveOccurred())
			return response.StatusCode, string(body)
		}
		token := func(name string) string {
			GinkgoHelper()
			account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name}}
			Expect(admin.Create(ctx, account)).To(Succeed())
			request := &authenticationv1.TokenRequest{}
			Expect(admin.SubResource("token").Create(ctx, account, request)).To(Succeed())
			return request.Status.Token
		}
		prometheus, stranger := token("prometheus"), token("stranger")
		Expect(admin.Create(ctx, &rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "prometheus"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "govpk-metrics-reader"},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "default", Name: "prometheus"}},
		})).To(Succeed())

		Eventually(func(g Gomega) {
			status, body := scrape(http.MethodGet, prometheus)
			g.Expect(status).To(Equal(http.StatusOK))
			g.Expect(body).To(ContainSubstring("go_goroutines"))
		}).Should(Succeed(), "the authorizer learns of a binding in a moment")
		for _, row := range []struct {
			what, method, token string
			status              int
		}{
			{"nobody", http.MethodGet, "", http.StatusUnauthorized},
			{"a token that is none", http.MethodGet, "x", http.StatusUnauthorized},
			{"a token that was changed", http.MethodGet, prometheus + "x", http.StatusUnauthorized},
			{"who may not", http.MethodGet, stranger, http.StatusForbidden},
			{"who may read and writes", http.MethodPost, prometheus, http.StatusForbidden},
		} {
			status, body := scrape(row.method, row.token)
			Expect(status).To(Equal(row.status), row.what)
			Expect(body).To(Equal(http.StatusText(row.status)+"\n"), row.what)
		}
		plain, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+bound.GetBindAddr()+"/metrics", nil)
		Expect(err).NotTo(HaveOccurred())
		response, err := http.DefaultClient.Do(plain)
		Expect(err).NotTo(HaveOccurred())
		Expect(response.Body.Close()).To(Succeed())
		Expect(response.StatusCode).To(Equal(http.StatusBadRequest), "without TLS there is nothing")
	})
})
