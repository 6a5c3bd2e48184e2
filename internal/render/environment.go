// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"strconv"
	"strings"

	applycore "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// environment gives the component <NAME>_HOST and <NAME>_PORT of each edge, then its own variables, which may refer to them.
func environment(w Workload) []*applycore.EnvVarApplyConfiguration {
	var env []*applycore.EnvVarApplyConfiguration
	for i, edge := range w.Component.ConnectsTo {
		prefix := EdgeVariable(edge)
		env = append(env,
			applycore.EnvVar().WithName(prefix+"_HOST").WithValue(w.Addresses[i].Host),
			applycore.EnvVar().WithName(prefix+"_PORT").WithValue(strconv.Itoa(int(w.Addresses[i].Port))))
	}
	for _, variable := range w.Component.Env {
		env = append(env, environmentVariable(variable))
	}
	return env
}

func environmentVariable(variable v1alpha1.EnvVar) *applycore.EnvVarApplyConfiguration {
	out := applycore.EnvVar().WithName(variable.Name)
	switch {
	case variable.ValueFrom != nil:
		reference := variable.ValueFrom.SecretKeyRef
		out.WithValueFrom(applycore.EnvVarSource().WithSecretKeyRef(
			applycore.SecretKeySelector().WithName(reference.Name).WithKey(reference.Key)))
	case variable.Value != "":
		// The API server drops an empty value: stated, it would look like drift on every pass.
		out.WithValue(variable.Value)
	}
	return out
}

// EdgeVariable is the prefix of the two variables of an edge.
func EdgeVariable(edge v1alpha1.Edge) string {
	name := cmp.Or(edge.Name, edge.Component, edge.GovernmentDataAPI)
	return strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}
