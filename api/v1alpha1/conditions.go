// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types of a ThirdPartyApplication. Ready, Reconciling and Stalled follow kstatus: the last two exist only when true.
// Every other one but AdmissionInForce is the finding of one clause of the SOP or of the Cloud First Policy.
const (
	// ConditionReady is True when the application stands at its stage as declared, also while it waits for a party,
	// and False while it is offline or something must be done first.
	ConditionReady = "Ready"
	// ConditionReconciling is True while the cluster is moving towards what is declared.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is True while only a person can move the application on.
	ConditionStalled = "Stalled"

	// ConditionArchitectureAudited is the finding of clause 1.
	ConditionArchitectureAudited = "ArchitectureAudited"
	// ConditionRequirementsDeclared is the finding of clause 2.
	ConditionRequirementsDeclared = "RequirementsDeclared"
	// ConditionInfrastructureProvisioned is the finding of clause 3.
	ConditionInfrastructureProvisioned = "InfrastructureProvisioned"
	// ConditionDomainsBound is the finding of clause 4.
	ConditionDomainsBound = "DomainsBound"
	// ConditionTrafficEncrypted is the finding of clause 5.
	ConditionTrafficEncrypted = "TrafficEncrypted"
	// ConditionEndToEndTested is the finding of clause 6.
	ConditionEndToEndTested = "EndToEndTested"
	// ConditionLaunched is the finding of clause 7.
	ConditionLaunched = "Launched"
	// ConditionSupportAssigned is the finding of clause 8.
	ConditionSupportAssigned = "SupportAssigned"
	// ConditionClearOfViolations is the finding of clause 9.
	ConditionClearOfViolations = "ClearOfViolations"
	// ConditionNonCommercial is the finding of clause 10.
	ConditionNonCommercial = "NonCommercial"

	// ConditionProviderAccredited is the finding of the Cloud First Policy on the provider's accreditation.
	ConditionProviderAccredited = "ProviderAccredited"
	// ConditionDataClassified is the finding of the Cloud First Policy on data class, security level, cloud model and residency.
	ConditionDataClassified = "DataClassified"
	// ConditionExemptionsCurrent is the finding of the Cloud First Policy on No Objection Certificates.
	ConditionExemptionsCurrent = "ExemptionsCurrent"
	// ConditionClearOfBreaches is the finding of the Cloud First Policy on breaches.
	ConditionClearOfBreaches = "ClearOfBreaches"

	// ConditionAdmissionInForce of a ThirdPartyApplication is True while every admission policy and binding that the operator ships stands as
	// it was shipped. It belongs to no clause: all rest on it.
	ConditionAdmissionInForce = "AdmissionInForce"

	// ConditionAvailable of a GovernmentDataAPI is True while its Service can be reached.
	ConditionAvailable = "Available"
	// ConditionDeletionBlocked exists while something that is being deleted is still used; it says by whom.
	ConditionDeletionBlocked = "DeletionBlocked"
	// ConditionDisclosed of a BreachReport is True when the breach was disclosed in time, and False when late.
	ConditionDisclosed = "Disclosed"
	// ConditionAcknowledged of a BreachReport is False until the Cloud Office has read it.
	ConditionAcknowledged = "Acknowledged"
	// ConditionFinalReportSubmitted of a BreachReport is False until its final report is there.
	ConditionFinalReportSubmitted = "FinalReportSubmitted"
	// ConditionClosed of a BreachReport is False until the Cloud Office has closed it; its reason says whether a response is in effect.
	ConditionClosed = "Closed"
	// ConditionAccredited of a CloudServiceProvider is True while applications may run there.
	ConditionAccredited = "Accredited"
	// ConditionAttestationsCurrent of a CloudServiceProvider is False once an attestation has ended or an audit is overdue.
	ConditionAttestationsCurrent = "AttestationsCurrent"

	// ConditionEnforced of a PolicyViolation is True once every step of the takedown is done, and False after the lift took effect.
	ConditionEnforced = "Enforced"

	// ConditionInForce of a NoObjectionCertificate is True while it has effect. Its reason is the state; PolicyMissing where nothing can be said.
	ConditionInForce = "InForce"
)

// Reasons of the conditions. Each is a contract: tools may depend on it.
const (
	// ReasonPolicyMissing: DeploymentPolicy default does not exist. NTC creates it.
	ReasonPolicyMissing = "PolicyMissing"
	// ReasonKindMissing: the cluster does not serve a kind that the operator needs. NTC installs its CRD.
	ReasonKindMissing = "KindMissing"
	// ReasonGuarded: every admission policy is in force.
	ReasonGuarded = "Guarded"
	// ReasonBreakGlass: every admission policy is in force, and in a stage namespace members of group platform.ntc.gov.pk:break-glass are exempt
	// from some. Whoever repairs there removes the label once that is done.
	ReasonBreakGlass = "BreakGlass"
	// ReasonGuardMissing: an admission policy or binding of the operator's is missing. Nothing is launched; NTC applies them again.
	ReasonGuardMissing = "GuardMissing"
	// ReasonGuardWeakened: an admission policy or binding is being deleted, or is not what the operator ships. Nothing is launched; NTC applies
	// them again.
	ReasonGuardWeakened = "GuardWeakened"
	// ReasonCalendarInvalid: DeploymentPolicy spec.calendar cannot be used. NTC corrects it.
	ReasonCalendarInvalid = "CalendarInvalid"

	// ReasonNotSubmitted: the declarations are not whole yet, so nobody audits or tests.
	ReasonNotSubmitted = "NotSubmitted"
	// ReasonAwaitingSignOff: a party has not signed yet.
	ReasonAwaitingSignOff = "AwaitingSignOff"
	// ReasonRejected: a party's newest sign-off rejects the release.
	ReasonRejected = "Rejected"
	// ReasonFindingsOpen: a party approved with findings still open.
	ReasonFindingsOpen = "FindingsOpen"
	// ReasonAllPartiesApproved: every party's newest sign-off approves, without open findings.
	ReasonAllPartiesApproved = "AllPartiesApproved"
	// ReasonUnchangedButImages: an audited release differs in image digests alone, and the policy lets its audit count.
	ReasonUnchangedButImages = "UnchangedButImages"
	// ReasonOverdue: the audit's working days have passed (the auditor's failing; nothing is approved by it), or the days for a breach's
	// final report.
	ReasonOverdue = "Overdue"
	// ReasonReleaseCollision: two contents have one release name.
	ReasonReleaseCollision = "ReleaseCollision"
	// ReasonAnswerOwed: the auditor asked the organization something and the audit clock stands still.
	ReasonAnswerOwed = "AnswerOwed"
	// ReasonApprovalsExpired: approvals of a release that was never launched are older than the policy allows. The parties sign again.
	ReasonApprovalsExpired = "ApprovalsExpired"

	// ReasonDeclared: the declaration is whole.
	ReasonDeclared = "Declared"
	// ReasonHardwareTooSmall: the declared hardware does not hold the components at their maximum.
	ReasonHardwareTooSmall = "HardwareTooSmall"
	// ReasonDiagramMismatch: the data-flow diagram in the manifest does not have the declared SHA-256.
	ReasonDiagramMismatch = "DiagramMismatch"
	// ReasonTasksCyclic: Tasks wait for each other.
	ReasonTasksCyclic = "TasksCyclic"
	// ReasonScheduleInvalid: the schedule of a ScheduledTask cannot be read or never fires.
	ReasonScheduleInvalid = "ScheduleInvalid"
	// ReasonStorageShrinks: a volume is declared smaller than it is.
	ReasonStorageShrinks = "StorageShrinks"

	// ReasonProvisioned: the provider's nodes run the application.
	ReasonProvisioned = "Provisioned"
	// ReasonProviderMissing: the CloudServiceProvider does not exist.
	ReasonProviderMissing = "ProviderMissing"
	// ReasonProviderNotAccredited: the provider is registered alone, or accredited from a later day on.
	ReasonProviderNotAccredited = "ProviderNotAccredited"
	// ReasonProviderSuspended: the Cloud Office suspended the provider. What runs there stays, nothing new starts, and the organization
	// moves by a day that the message names.
	ReasonProviderSuspended = "ProviderSuspended"
	// ReasonProviderExpired: the provider's accreditation has ended; otherwise as suspended.
	ReasonProviderExpired = "ProviderExpired"
	// ReasonProviderRevoked: the Cloud Office revoked the accreditation. From a day that the message names nothing is live there.
	ReasonProviderRevoked = "ProviderRevoked"
	// ReasonMigrationOverdue: the day by which the application was to leave its provider has passed.
	ReasonMigrationOverdue = "MigrationOverdue"
	// ReasonAccredited: the provider is accredited.
	ReasonAccredited = "Accredited"
	// ReasonClassified: data of the class may live where the application runs.
	ReasonClassified = "Classified"
	// ReasonDataClassNotAccredited: the provider is not accredited for the data class.
	ReasonDataClassNotAccredited = "DataClassNotAccredited"
	// ReasonDataAPIMissing: an edge names a GovernmentDataAPI that does not exist, or is being deleted.
	ReasonDataAPIMissing = "DataAPIMissing"
	// ReasonDataAPIUnavailable: a GovernmentDataAPI has no Service that can be reached, or the proxy to it is not available. NTC mends it.
	ReasonDataAPIUnavailable = "DataAPIUnavailable"
	// ReasonDataAPIUnsupported: an edge leads to a GovernmentDataAPI, which the policy's mesh does not carry.
	ReasonDataAPIUnsupported = "DataAPIUnsupported"
	// ReasonInUse: applications use what is being deleted.
	ReasonInUse = "InUse"
	// ReasonAvailable: a GovernmentDataAPI has a Service that can be reached.
	ReasonAvailable = "Available"
	// ReasonEnding: an accreditation, an attestation or the time to an audit ends within the policy's warning days.
	ReasonEnding = "Ending"
	// ReasonCurrent: no attestation has ended and no audit is overdue.
	ReasonCurrent = "Current"
	// ReasonAttestationEnded: an attestation of the provider has ended. The provider renews it.
	ReasonAttestationEnded = "AttestationEnded"
	// ReasonAuditOverdue: the day by which the provider was to be audited has passed.
	ReasonAuditOverdue = "AuditOverdue"
	// ReasonNodesUnplaced: nodes of the provider stand in none of its data centres, so nobody knows where data on them lies.
	ReasonNodesUnplaced = "NodesUnplaced"
	// ReasonSecurityLevelTooLow: the provider's security level is below that of the data class.
	ReasonSecurityLevelTooLow = "SecurityLevelTooLow"
	// ReasonCloudModelNotAllowed: data of the class lives in none of the provider's cloud models.
	ReasonCloudModelNotAllowed = "CloudModelNotAllowed"
	// ReasonResidencyNotAllowed: data of the class lives in none of the provider's countries, or a volume lies where it may not.
	ReasonResidencyNotAllowed = "ResidencyNotAllowed"
	// ReasonDataClassLowered: a release of a higher class was launched. The organization declares that, or asks the Cloud Office.
	ReasonDataClassLowered = "DataClassLowered"
	// ReasonDataClassTooLow: a government data API's class is above the release's.
	ReasonDataClassTooLow = "DataClassTooLow"
	// ReasonVolumeStranded: a volume lies where the release could not reach it, and cannot be copied from there. The message says who mends that.
	ReasonVolumeStranded = "VolumeStranded"
	// ReasonCuttingOver: the data of a component is copied to where the release runs. Nobody need act.
	ReasonCuttingOver = "CuttingOver"
	// ReasonCutOverFailed: that cannot be done; the component runs where it was. The organization, or whom the message names, mends it.
	ReasonCutOverFailed = "CutOverFailed"
	// ReasonNodesMissing: no node of the provider is ready for pods. NTC or the provider attests one.
	ReasonNodesMissing = "NodesMissing"
	// ReasonCapacityMissing: the provider's nodes cannot hold the application beside what others have booked.
	ReasonCapacityMissing = "CapacityMissing"

	// ReasonBound: every host is held by the application.
	ReasonBound = "Bound"
	// ReasonClaiming: a host is being claimed.
	ReasonClaiming = "Claiming"
	// ReasonHostTaken: another application holds a host. Not said: which.
	ReasonHostTaken = "HostTaken"
	// ReasonHostInvalid: a host is not strictly under gov.pk.
	ReasonHostInvalid = "HostInvalid"
	// ReasonHostReserved: the policy reserves the name for others.
	ReasonHostReserved = "HostReserved"
	// ReasonHostBeneathAnother: the host lies beneath one that another organization holds.
	ReasonHostBeneathAnother = "HostBeneathAnother"
	// ReasonHostQuarantined: another application gave the host up and visitors may still trust it.
	ReasonHostQuarantined = "HostQuarantined"
	// ReasonOrganizationUnknown: the namespace carries no organization label. NTC sets it.
	ReasonOrganizationUnknown = "OrganizationUnknown"

	// ReasonEncrypted: evidence proves it.
	ReasonEncrypted = "Encrypted"
	// ReasonMeshNotConfigured: the policy lacks what the mesh needs.
	ReasonMeshNotConfigured = "MeshNotConfigured"
	// ReasonEncryptionLost: a live application lost its evidence; its routes are withdrawn after the policy's grace.
	ReasonEncryptionLost = "EncryptionLost"
	// ReasonFleetUnencrypted: so many live applications lost their evidence that routes stay and launches are frozen.
	ReasonFleetUnencrypted = "FleetUnencrypted"
	// ReasonNotVerified: nothing proves or refutes it yet.
	ReasonNotVerified = "NotVerified"

	// ReasonNotEligible: the release has not been audited, tested and signed.
	ReasonNotEligible = "NotEligible"
	// ReasonAwaitingLaunch: the release is eligible and the organization decides.
	ReasonAwaitingLaunch = "AwaitingLaunch"
	// ReasonUnknownRelease: spec.launch names a release that does not exist.
	ReasonUnknownRelease = "UnknownRelease"
	// ReasonRollingOut: pods are not available yet.
	ReasonRollingOut = "RollingOut"
	// ReasonTaskRunning: a Task runs before the release rolls.
	ReasonTaskRunning = "TaskRunning"
	// ReasonTaskFailed: a Task failed, and the release does not roll. What runs stays.
	ReasonTaskFailed = "TaskFailed"
	// ReasonRolloutFailed: pods of the release do not become available. In live what ran before stays and the rollout is held.
	ReasonRolloutFailed = "RolloutFailed"
	// ReasonRolledBack: the release failed in test, which runs the last good one again.
	ReasonRolledBack = "RolledBack"
	// ReasonGatewayMissing: the live Gateway does not exist. NTC creates it.
	ReasonGatewayMissing = "GatewayMissing"
	// ReasonGatewayFull: the live Gateway has no room for another listener.
	ReasonGatewayFull = "GatewayFull"
	// ReasonIssuerMissing: cert-manager's issuer does not exist. NTC creates it.
	ReasonIssuerMissing = "IssuerMissing"
	// ReasonCertificateNotReady: cert-manager has not issued a host's certificate yet.
	ReasonCertificateNotReady = "CertificateNotReady"
	// ReasonListenerNotReady: the gateway has not programmed a host's listener yet.
	ReasonListenerNotReady = "ListenerNotReady"
	// ReasonRouteNotReady: the gateway has not accepted a host's route yet.
	ReasonRouteNotReady = "RouteNotReady"
	// ReasonEgressUnavailable: the gov.pk hosts serve the launched release, but its way to external hosts is not available.
	ReasonEgressUnavailable = "EgressUnavailable"
	// ReasonLaunched: the gov.pk hosts serve the launched release.
	ReasonLaunched = "Launched"

	// ReasonContactsMissing: a support level has no contact.
	ReasonContactsMissing = "ContactsMissing"
	// ReasonAssigned: every support level has somebody who answers.
	ReasonAssigned = "Assigned"

	// ReasonClear: no violation is open.
	ReasonClear = "Clear"
	// ReasonTakenDown: a violation is open and the application is offline.
	ReasonTakenDown = "TakenDown"
	// ReasonReturnPending: the violation is lifted and the return is not earned yet.
	ReasonReturnPending = "ReturnPending"
	// ReasonViolationMissing: live is locked by a violation that no longer exists.
	ReasonViolationMissing = "ViolationMissing"

	// ReasonNoCRequired: a commercial use is declared, or an edge is commercial, and no certificate in force allows it. NITB issues one.
	ReasonNoCRequired = "NoCRequired"
	// ReasonExempted: a No Objection Certificate is in force.
	ReasonExempted = "Exempted"
	// ReasonOriginsTooMany: the origins of certificates in force do not fit a header. NITB issues one with fewer.
	ReasonOriginsTooMany = "OriginsTooMany"
	// ReasonNoCEnding: a certificate ends within the days at which the policy warns.
	ReasonNoCEnding = "NoCEnding"
	// ReasonNoCEnded: a certificate ended or was revoked, and a clause still asks for it.
	ReasonNoCEnded = "NoCEnded"
	// ReasonNoCRefused: a certificate that a clause asks for lasts longer than the policy allows. Its authority issues a shorter one.
	ReasonNoCRefused = "NoCRefused"

	// ReasonBreachOpen: a breach of the application or its provider is reported and not closed.
	ReasonBreachOpen = "BreachOpen"
	// ReasonBreachMissing: live is locked by a BreachReport that no longer exists.
	ReasonBreachMissing = "BreachMissing"
	// ReasonInTime: the breach was disclosed by the time that the policy sets.
	ReasonInTime = "InTime"
	// ReasonLate: the breach was disclosed later than the policy sets.
	ReasonLate = "Late"
	// ReasonAwaitingAcknowledgement: the Cloud Office has not acknowledged the breach, and no alarm was due yet.
	ReasonAwaitingAcknowledgement = "AwaitingAcknowledgement"
	// ReasonAlarm: the Cloud Office has not acknowledged the breach though an alarm was due.
	ReasonAlarm = "Alarm"
	// ReasonAcknowledged: the Cloud Office has acknowledged the breach.
	ReasonAcknowledged = "Acknowledged"
	// ReasonAwaitingFinalReport: the final report is not there, and not due yet.
	ReasonAwaitingFinalReport = "AwaitingFinalReport"
	// ReasonSubmitted: the final report is there.
	ReasonSubmitted = "Submitted"
	// ReasonResponseInEffect: the Cloud Office's response to the breach holds.
	ReasonResponseInEffect = "ResponseInEffect"
	// ReasonBreachClosed: the Cloud Office has closed the breach.
	ReasonBreachClosed = "BreachClosed"

	// ReasonConflict: an object that the operator needs is held by someone else. It is never adopted.
	ReasonConflict = "Conflict"
	// ReasonApplyFailed: the API server refused or failed a write; the pass is tried again.
	ReasonApplyFailed = "ApplyFailed"
	// ReasonDeleting: the application is being deleted.
	ReasonDeleting = "Deleting"
	// ReasonEnforced: every step of the takedown is done.
	ReasonEnforced = "Enforced"
	// ReasonEnforcing: a step of the takedown is still to be done.
	ReasonEnforcing = "Enforcing"
	// ReasonApplicationMissing: no ThirdPartyApplication has the flagged name. Whoever flagged it checks spec.application.
	ReasonApplicationMissing = "ApplicationMissing"
	// ReasonLifted: the violation is lifted.
	ReasonLifted = "Lifted"
)
