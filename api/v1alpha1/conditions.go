// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types of a ThirdPartyApplication. Ready, Reconciling and Stalled follow kstatus: the last two exist only when true.
// Every other one is the finding of one SOP clause.
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

	// ConditionEnforced of a PolicyViolation is True once every step of the takedown is done, and False after the lift took effect.
	ConditionEnforced = "Enforced"
)
