// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package crd

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// maximalCloudFirst are objects of the Cloud First Policy's kinds, as large as the schemas permit.
func maximalCloudFirst() []client.Object {
	return []client.Object{maximalProvider(), maximalCertificate(), maximalDataAPI(), maximalBreach()}
}

func maximalProvider() *v1alpha1.CloudServiceProvider {
	models := []v1alpha1.CloudModel{v1alpha1.CloudPublic, v1alpha1.CloudGovernment, v1alpha1.CloudPrivate, v1alpha1.CloudHybrid}
	selector := metav1.LabelSelector{MatchLabels: map[string]string{}}
	for i := range 100 {
		selector.MatchLabels[label(63, i)] = strings.Repeat("v", 63)
		selector.MatchExpressions = append(selector.MatchExpressions, metav1.LabelSelectorRequirement{
			Key: label(63, i), Operator: metav1.LabelSelectorOpIn, Values: []string{strings.Repeat("v", 63)},
		})
	}
	provider := &v1alpha1.CloudServiceProvider{
		ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("p", 54)},
		Spec: v1alpha1.CloudServiceProviderSpec{
			LegalName:     strings.Repeat("l", 128),
			ServiceModels: []v1alpha1.ServiceModel{v1alpha1.ServiceIaaS, v1alpha1.ServicePaaS, v1alpha1.ServiceSaaS},
			CloudModels:   models,
			NodeSelector:  selector,
			Accreditation: v1alpha1.Accreditation{
				State: v1alpha1.AccreditationRevoked, Level: v1alpha1.SecurityHighest, DataClasses: classes(),
				ValidFrom: "2026-01-01", ValidUntil: "2027-01-01", EffectiveFrom: "2026-06-01", OfflineFrom: "2026-07-01",
				Auditor: strings.Repeat("a", 128), Reason: strings.Repeat("r", 1024),
			},
			Audits:      &v1alpha1.AuditSchedule{Last: "2026-01-01", Next: "2027-01-01"},
			TakeOffline: &v1alpha1.OfflineOrder{Reason: strings.Repeat("r", 1024), OrderedBy: strings.Repeat("o", 253)},
		},
	}
	for i := range 20 {
		provider.Spec.DataCentres = append(provider.Spec.DataCentres, v1alpha1.DataCentre{
			Name: label(63, i), Country: "PK", City: strings.Repeat("c", 64), CloudModel: models[i%len(models)], NodeSelector: selector.DeepCopy(),
		})
	}
	for i := range 50 {
		provider.Spec.Attestations = append(provider.Spec.Attestations, v1alpha1.Attestation{
			Standard: label(64, i), Certificate: strings.Repeat("c", 128), Issuer: strings.Repeat("i", 128), ValidUntil: "2027-01-01",
		})
	}
	for _, criterion := range []v1alpha1.Criterion{"Security", "Reliability", "Cost", "Interoperability", "Availability"} {
		provider.Spec.Scores = append(provider.Spec.Scores, v1alpha1.Score{
			Criterion: criterion, Mark: new(int32(100)), Date: "2026-01-01", Assessor: strings.Repeat("a", 128),
		})
	}
	return provider
}

func maximalCertificate() *v1alpha1.NoObjectionCertificate {
	from := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	certificate := &v1alpha1.NoObjectionCertificate{
		ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("c", 63)},
		Spec: v1alpha1.NoObjectionCertificateSpec{
			Authority: v1alpha1.AuthorityNITB, Clause: v1alpha1.ExemptCommercial, Application: reference(0),
			Scope: v1alpha1.NoObjectionScope{Uses: []v1alpha1.CommercialUse{
				v1alpha1.CommercialTransactions, v1alpha1.CommercialAdvertisements, v1alpha1.CommercialThirdPartyLogos,
			}},
			ValidFrom: metav1.NewTime(from), ValidUntil: metav1.NewTime(from.AddDate(0, 0, 1096)),
			Reason: strings.Repeat("r", 1024), IssuedBy: strings.Repeat("i", 253), Evidence: documents(20),
			Revocation: &v1alpha1.NoObjectionRevocation{Reason: strings.Repeat("r", 1024), RevokedBy: strings.Repeat("r", 253)},
		},
	}
	for i := range 20 {
		certificate.Spec.Scope.Origins = append(certificate.Spec.Scope.Origins,
			"https://"+strings.Repeat(strings.Repeat("h", 62)+".", 3)+label(63, i)+":65535")
	}
	return certificate
}

func maximalDataAPI() *v1alpha1.GovernmentDataAPI {
	const certificate = "-----BEGIN CERTIFICATE-----"
	api := &v1alpha1.GovernmentDataAPI{
		ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("d", 40)},
		Spec: v1alpha1.GovernmentDataAPISpec{
			Owner: strings.Repeat("o", 128), DataClass: v1alpha1.DataClassSecret, RequestsPerSecond: 100000,
			Service: v1alpha1.DataService{
				Namespace: strings.Repeat("n", 63), Name: strings.Repeat("s", 63), Port: 65535,
				ServerName: strings.Repeat(strings.Repeat("h", 62)+".", 3) + strings.Repeat("s", 63),
				CABundle:   certificate + strings.Repeat("a", 65536-len(certificate)),
			},
		},
	}
	var names []string
	for i := range 32 {
		names = append(names, label(63, i))
		api.Spec.Operations = append(api.Spec.Operations, v1alpha1.DataOperation{
			Name: names[i], Methods: []v1alpha1.HTTPMethod{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, PathPrefix: "/" + label(255, i),
		})
	}
	for i := range 200 {
		api.Spec.Grants = append(api.Spec.Grants, v1alpha1.DataGrant{Application: reference(i), Operations: names, RequestsPerSecond: 100000})
	}
	return api
}

func maximalBreach() *v1alpha1.BreachReport {
	when := metav1.NewTime(time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC))
	user := strings.Repeat("u", 253)
	breach := &v1alpha1.BreachReport{
		ObjectMeta: metav1.ObjectMeta{Name: strings.Repeat("b", 56)},
		Spec: v1alpha1.BreachReportSpec{
			DiscoveredAt: when, CloudServiceProvider: strings.Repeat("p", 54), PublicServiceEntity: strings.Repeat("e", 128),
			Severity: "Critical", Summary: strings.Repeat("s", 4096), ReportedBy: user, Evidence: documents(50),
			FinalReport: &v1alpha1.BreachFinalReport{
				Cause: strings.Repeat("c", 4096), Measures: strings.Repeat("m", 4096), WrittenBy: user, Evidence: documents(50),
			},
			Acknowledgement: &v1alpha1.BreachAcknowledgement{AcknowledgedBy: user},
			Response: &v1alpha1.BreachResponse{
				Action: v1alpha1.BreachSuspendProvider, EffectiveFrom: when, Reason: strings.Repeat("r", 1024), RespondedBy: user,
			},
			Closure: &v1alpha1.BreachClosure{Reason: strings.Repeat("r", 1024), ClosedBy: user},
		},
	}
	for i := range 100 {
		breach.Spec.Applications = append(breach.Spec.Applications, reference(i))
	}
	for range 50 {
		breach.Spec.Updates = append(breach.Spec.Updates, v1alpha1.BreachUpdate{
			Time: when, Summary: strings.Repeat("s", 2048), WrittenBy: user, Evidence: documents(10),
		})
	}
	return breach
}

// maximalCloudPolicy adds the settings of the Cloud First Policy.
func maximalCloudPolicy(policy *v1alpha1.DeploymentPolicySpec) {
	var countries []v1alpha1.Country
	for i := range 50 {
		countries = append(countries, v1alpha1.Country([]byte{byte('A' + i/26), byte('A' + i%26)}))
	}
	for _, class := range classes() {
		rule := v1alpha1.DataClassRule{
			DataClass: class, Level: v1alpha1.SecurityHighest, Countries: []v1alpha1.Country{"PK"}, CloudModels: []v1alpha1.CloudModel{v1alpha1.CloudGovernment},
		}
		if class == v1alpha1.DataClassOpen || class == v1alpha1.DataClassPublic {
			rule.Countries, rule.CloudModels = countries, []v1alpha1.CloudModel{v1alpha1.CloudPublic, v1alpha1.CloudGovernment, v1alpha1.CloudHybrid}
		}
		policy.DataClasses = append(policy.DataClasses, rule)
	}
	for i := range 500 {
		policy.Commercial.Hosts = append(policy.Commercial.Hosts, strings.Repeat(strings.Repeat("h", 62)+".", 3)+label(63, i))
	}
	for i := range int32(8) {
		policy.NoObjectionCertificates.WarningDays = append(policy.NoObjectionCertificates.WarningDays, 358+i)
		policy.Breaches.AlarmHours = append(policy.Breaches.AlarmHours, 713+i)
	}
}

func classes() []v1alpha1.DataClass {
	return []v1alpha1.DataClass{
		v1alpha1.DataClassOpen, v1alpha1.DataClassPublic, v1alpha1.DataClassRestricted, v1alpha1.DataClassSensitiveConfidential, v1alpha1.DataClassSecret,
	}
}

func reference(number int) v1alpha1.ApplicationReference {
	return v1alpha1.ApplicationReference{Namespace: strings.Repeat("n", 63), Name: label(40, number)}
}

func documents(count int) []v1alpha1.Document {
	evidence := make([]v1alpha1.Document, count)
	for i := range evidence {
		evidence[i] = v1alpha1.Document{URL: fmt.Sprintf("https://e.example/%03d%s", i, strings.Repeat("u", 500)), SHA256: strings.Repeat("0", 64)}
	}
	return evidence
}
