// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels and annotations. Those on namespaces carry the data of one application to the admission policies.
const (
	// OrganizationLabel on an organization's namespace is the organization's identity; only NTC sets it.
	// On a managed namespace it repeats the identity of the owner.
	OrganizationLabel = "platform.ntc.gov.pk/organization"
	// StageLabel on a managed namespace is "test" or "live".
	StageLabel = "platform.ntc.gov.pk/stage"
	// ApplicationLabel and ApplicationNamespaceLabel on a managed namespace and on every child name the ThirdPartyApplication.
	ApplicationLabel          = "platform.ntc.gov.pk/application"
	ApplicationNamespaceLabel = "platform.ntc.gov.pk/application-namespace"
	// ProviderLabel on the quota of a managed namespace names the CloudServiceProvider on whose nodes it is booked (clause 3); on a
	// PersistentVolumeClaim the one on whose nodes it was made when a component was cut over.
	ProviderLabel = "platform.ntc.gov.pk/provider"
	// ComponentLabel on a workload, its pods and its Service is the component's name.
	ComponentLabel = "platform.ntc.gov.pk/component"
	// ExposureLabel on a live namespace is "live" while its routes may be reached from the public gateway (clause 7).
	ExposureLabel = "platform.ntc.gov.pk/exposure"
	// OfflineLabel on a live namespace names what locks it: a PolicyViolation (clause 9), as provider.<name> a CloudServiceProvider, or
	// as breach.<name> a BreachReport (Cloud First Policy).
	OfflineLabel = "platform.ntc.gov.pk/offline"
	// BreakGlassLabel on a namespace names the incident for which members of group platform.ntc.gov.pk:break-glass write there where otherwise
	// the operator alone does. One of them sets it; anyone who may change the namespace removes it.
	BreakGlassLabel = "platform.ntc.gov.pk/break-glass"
	// OfflineSinceAnnotation on a live namespace is when the operator set the offline label, in RFC 3339.
	OfflineSinceAnnotation = "platform.ntc.gov.pk/offline-since"
	// EnforcedAnnotation on a live namespace is the value of the offline label for which every step of the takedown is done. Of a
	// PolicyViolation its status says so.
	EnforcedAnnotation = "platform.ntc.gov.pk/enforced"
	// LiftedAnnotation on a live namespace is the last value of the offline label when that was removed.
	LiftedAnnotation = "platform.ntc.gov.pk/lifted"
	// ReleaseAnnotation on a live namespace is the launched release (clause 7); on a test namespace the release under test.
	ReleaseAnnotation = "platform.ntc.gov.pk/release"
	// ImagesAnnotation on a managed namespace lists every image its pods may run, comma-separated, by digest.
	ImagesAnnotation = "platform.ntc.gov.pk/images"
	// IdentityAnnotation on a managed namespace is what the identities of its components end with (clause 5), 20 hexadecimal digits.
	IdentityAnnotation = "platform.ntc.gov.pk/identity"
	// SecretsAnnotation on a managed namespace lists the Secrets that the organization may write there, comma-separated, each as
	// name or, for a pull secret, as name:kubernetes.io/dockerconfigjson.
	SecretsAnnotation = "platform.ntc.gov.pk/secrets"
	// RolledOutAnnotation on a managed namespace is the last release whose every component ran there.
	RolledOutAnnotation = "platform.ntc.gov.pk/rolled-out"
	// FailedAnnotation on a test namespace is the release that failed to roll out there and was rolled back, with the value of
	// RetryAnnotation then, as <release> or <release>/<retry>; FailureAnnotation quotes what its pods said.
	FailedAnnotation  = "platform.ntc.gov.pk/failed-release"
	FailureAnnotation = "platform.ntc.gov.pk/failure"
	// UnencryptedSinceAnnotation on a live namespace is since when evidence of encryption is missing, in RFC 3339 (clause 5).
	UnencryptedSinceAnnotation = "platform.ntc.gov.pk/unencrypted-since"
	// RetryAnnotation on a ThirdPartyApplication asks for another try of a release that failed, by any new value.
	RetryAnnotation = "platform.ntc.gov.pk/retry"
	// LaunchedAnnotation on a Release is when it first was live, in RFC 3339.
	LaunchedAnnotation = "platform.ntc.gov.pk/launched"
	// ContactsAnnotation on a managed namespace lists the support contacts (clause 8).
	ContactsAnnotation = "platform.ntc.gov.pk/contacts"
	// UserAnnotation on a component's PersistentVolumeClaim is whom the files in it belong to, as <uid>:<gid>, by the kubelet's word.
	UserAnnotation = "platform.ntc.gov.pk/user"
	// CopiedFromAnnotation on a component's PersistentVolumeClaim names the one whose data it is to hold, on nodes of the provider in
	// ProviderLabel; CopiedAnnotation says what was copied and verified, once that is all of it. Before, no component runs with it.
	CopiedFromAnnotation = "platform.ntc.gov.pk/copied-from"
	CopiedAnnotation     = "platform.ntc.gov.pk/copied"
	// TeardownFinalizer on a ThirdPartyApplication is removed by the operator once its namespaces, claims and listeners are gone.
	TeardownFinalizer = "platform.ntc.gov.pk/teardown"
	// InUseFinalizer on what applications use is removed by the operator once none does.
	InUseFinalizer = "platform.ntc.gov.pk/in-use"
)

// Values of StageLabel and ExposureLabel.
const (
	TestNamespace = "test"
	LiveNamespace = "live"
)

// DeploymentPolicyName is the name of the only DeploymentPolicy.
const DeploymentPolicyName = "default"
