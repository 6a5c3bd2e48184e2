// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"slices"
	"strings"
)

const rbacGroup = "rbac.authorization.k8s.io"

// forbidden is what no persona may do in any scope. Resources are written resource.group, or resource alone for Kubernetes' core.
var forbidden = []struct{ What, Verbs, Resources string }{
	{"read a Secret", "get list watch deletecollection", "secrets"},
	{"reach into a pod, or through one, a Service or a node", "get create update patch delete", "pods/exec pods/attach pods/portforward pods/proxy services/proxy nodes/proxy"},
	{"make or change a pod", "create update patch", "pods pods/ephemeralcontainers pods/resize pods/status pods/binding bindings"},
	{"get a token, or an account that has one", "create update patch delete", "serviceaccounts serviceaccounts/token"},
	{"act as somebody else", "impersonate", "users groups uids serviceaccounts userextras.authentication.k8s.io"},
	{"write roles, or bind them in all namespaces", "create update patch delete deletecollection escalate", "roles.rbac.authorization.k8s.io clusterroles.rbac.authorization.k8s.io"},
	{"bind roles in all namespaces", "create update patch delete deletecollection", "clusterrolebindings.rbac.authorization.k8s.io"},
	{"bind any other role", "bind", "roles.rbac.authorization.k8s.io clusterroles.rbac.authorization.k8s.io"},
	{"approve or sign a certificate of the cluster", "create update patch approve sign", "certificatesigningrequests.certificates.k8s.io certificatesigningrequests/approval.certificates.k8s.io signers.certificates.k8s.io"},
	{"write or remove a policy of admission, a webhook or a definition", "create update patch delete deletecollection", "validatingadmissionpolicies.admissionregistration.k8s.io validatingadmissionpolicybindings.admissionregistration.k8s.io mutatingadmissionpolicies.admissionregistration.k8s.io mutatingadmissionpolicybindings.admissionregistration.k8s.io validatingwebhookconfigurations.admissionregistration.k8s.io mutatingwebhookconfigurations.admissionregistration.k8s.io customresourcedefinitions.apiextensions.k8s.io apiservices.apiregistration.k8s.io"},
	{"write what runs, or who reaches it", "create update patch", "deployments.apps deployments/scale.apps statefulsets.apps statefulsets/scale.apps daemonsets.apps replicasets.apps jobs.batch cronjobs.batch services configmaps endpoints endpointslices.discovery.k8s.io networkpolicies.networking.k8s.io ingresses.networking.k8s.io httproutes.gateway.networking.k8s.io gateways.gateway.networking.k8s.io referencegrants.gateway.networking.k8s.io horizontalpodautoscalers.autoscaling resourcequotas persistentvolumeclaims persistentvolumes nodes"},
	{"write certificates and issuers", "create update patch delete", "certificates.cert-manager.io certificates/status.cert-manager.io certificaterequests.cert-manager.io certificaterequests/status.cert-manager.io issuers.cert-manager.io clusterissuers.cert-manager.io"},
	{"delete evidence", "update patch delete deletecollection", "configmaps"},
	{"write what the operator writes", "create update patch delete deletecollection", "releases.platform.ntc.gov.pk domainclaims.platform.ntc.gov.pk"},
	{"write a status", "update patch", "thirdpartyapplications/status.platform.ntc.gov.pk policyviolations/status.platform.ntc.gov.pk cloudserviceproviders/status.platform.ntc.gov.pk governmentdataapis/status.platform.ntc.gov.pk noobjectioncertificates/status.platform.ntc.gov.pk breachreports/status.platform.ntc.gov.pk namespaces/status namespaces/finalize"},
	{"change or delete a verdict", "update patch delete deletecollection", "signoffs.platform.ntc.gov.pk"},
	{"delete a flag, a breach or the settings", "delete deletecollection", "policyviolations.platform.ntc.gov.pk breachreports.platform.ntc.gov.pk deploymentpolicies.platform.ntc.gov.pk"},
	{"hold what only a wildcard holds", "sign", "parties.platform.ntc.gov.pk:nobody parties.platform.ntc.gov.pk"},
	{"hold what only a wildcard holds", "issue order", "authorities.platform.ntc.gov.pk:nobody authorities.platform.ntc.gov.pk"},
	{"hold what only a wildcard holds", "nobody", "policyviolations.platform.ntc.gov.pk"},
}

// otherRoles are bound by the operator or a cluster administrator alone.
var otherRoles = []string{
	"cluster-admin", "admin", "edit", "govpk-operator", "govpk-nitb-reviewer", "govpk-ntc-reviewer", "govpk-nitb-noc", "govpk-cloud-office", "govpk-security",
	"govpk-takedown", "govpk-operations", "govpk-organization-support", "govpk-organization-secrets", "govpk-rollback", "govpk-auditor", "govpk-platform-engineer",
}

func forbiddenDeeds() []deed {
	var deeds []deed
	for _, row := range forbidden {
		for _, verb := range strings.Fields(row.Verbs) {
			for _, resource := range strings.Fields(row.Resources) {
				full, name, _ := strings.Cut(resource, ":")
				resource, group, _ := strings.Cut(full, ".")
				deeds = append(deeds, deed{verb, resource, group, name})
			}
		}
	}
	for _, role := range otherRoles {
		deeds = append(deeds, deed{"bind", "clusterroles", rbacGroup, role})
	}
	return slices.Compact(deeds)
}
