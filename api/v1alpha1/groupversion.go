// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion is the group and version of every kind in this package.
var GroupVersion = schema.GroupVersion{Group: "platform.ntc.gov.pk", Version: "v1alpha1"}

// AddToScheme registers every kind of this package.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion,
		&ThirdPartyApplication{}, &ThirdPartyApplicationList{},
		&Release{}, &ReleaseList{},
		&SignOff{}, &SignOffList{},
		&PolicyViolation{}, &PolicyViolationList{},
		&DeploymentPolicy{}, &DeploymentPolicyList{},
		&DomainClaim{}, &DomainClaimList{},
		&CloudServiceProvider{}, &CloudServiceProviderList{},
		&NoObjectionCertificate{}, &NoObjectionCertificateList{},
		&GovernmentDataAPI{}, &GovernmentDataAPIList{},
		&BreachReport{}, &BreachReportList{},
	)
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
