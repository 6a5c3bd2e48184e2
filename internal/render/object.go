// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package render

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// FieldOwner owns every field that the operator applies, but for those of DomainClaims and of listeners on a shared Gateway.
const FieldOwner = "govpk-operator"

// ClaimOwner is the field owner of an application's DomainClaims. Each application has its own, so that applying a claim
// that another one was faster to make is a conflict.
func ClaimOwner(a v1alpha1.ApplicationReference) string {
	return "govpk:" + a.Namespace + "/" + a.Name
}

// ManagedByLabel marks every object that the operator made; its value is FieldOwner.
const ManagedByLabel = "app.kubernetes.io/managed-by"

// Mode says how an object is written.
type Mode int

const (
	// Apply: server-side apply; drift is repaired and the object is pruned once it is no longer rendered.
	Apply Mode = iota
	// Create: created once and never changed.
	Create
	// Keep: left as it is if it exists, and not made.
	Keep
)

// Object is one object that should exist.
type Object struct {
	*unstructured.Unstructured
	Mode  Mode
	Owner string
	// Replaces identifies the object that goes first where Mode is Create; nil: none.
	Replaces *metav1.Preconditions
}

// NewObject turns an apply configuration into an Object. An apply configuration that cannot be converted is a defect of
// the operator, found by every golden test, so it panics.
func NewObject(configuration any) Object {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(configuration)
	if err != nil {
		panic(fmt.Sprintf("render: %T: %v", configuration, err))
	}
	return Object{Unstructured: &unstructured.Unstructured{Object: content}, Owner: FieldOwner}
}

// Scope is one stage of one application: the stage namespace and what identifies everything in it.
type Scope struct {
	Organization string
	Namespace    string
	Application  string
	Stage        string
}

// Hash is the first eight hexadecimal digits of the SHA-256 of namespace/name: a re-created application meets its own past.
func (s Scope) Hash() string {
	return ShortHash(s.Namespace + "/" + s.Application)
}

// StageNamespace is the name of the namespace of this stage.
func (s Scope) StageNamespace() string {
	return fmt.Sprintf("%s-%s-%s", s.Application, s.Hash(), s.Stage)
}

// Labels identify the application on every object that the operator makes for it.
func (s Scope) Labels() map[string]string {
	return map[string]string{
		ManagedByLabel:                     FieldOwner,
		v1alpha1.ApplicationLabel:          s.Application,
		v1alpha1.ApplicationNamespaceLabel: s.Namespace,
	}
}

func (s Scope) componentLabels(component string) map[string]string {
	labels := s.Labels()
	labels[v1alpha1.ComponentLabel] = component
	return labels
}

func componentSelector(component string) map[string]string {
	return map[string]string{v1alpha1.ComponentLabel: component}
}

// ShortHash is the first eight hexadecimal digits of the SHA-256 of s.
func ShortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:4])
}
