// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
	"github.com/ntc-gov-pk/govpk-operator/internal/sop"
)

// ApplicationIndex finds the children of an application in the cache, by namespace/name.
const ApplicationIndex = "application"

// ApplicationKey is the value of ApplicationIndex for an object; nil when it is not a child.
func ApplicationKey(o client.Object) []string {
	labels := o.GetLabels()
	if labels[render.ManagedByLabel] != render.FieldOwner || labels[v1alpha1.ApplicationLabel] == "" {
		return nil
	}
	return []string{labels[v1alpha1.ApplicationNamespaceLabel] + "/" + labels[v1alpha1.ApplicationLabel]}
}

// Applier brings the cluster to a plan. Client reads from the cache, Live from the API server.
type Applier struct {
	Client client.Client
	Live   client.Reader
	// Logs reads what pods wrote before they are stopped; never nil.
	Logs Logs
	// EvidenceNamespace is where tenants cannot read.
	EvidenceNamespace string
}

// ConflictError is an object that the plan needs and somebody else holds. It is never adopted.
type ConflictError struct {
	Object string
	// Holder is who applies fields of an object that the operator made; empty: the whole object is somebody else's.
	Holder string
}

func (e *ConflictError) Error() string {
	if e.Holder != "" {
		return "fields of " + e.Object + " are applied by " + e.Holder + ", which must let them go: only the operator writes there"
	}
	return e.Object + " exists and was not made by this operator for this application; whoever made it removes it"
}

// Outcome is what a pass did beyond applying.
type Outcome struct {
	// Steps are the steps of the takedown that this pass did or found done.
	Steps []v1alpha1.TakedownStep
	// Evidence are the names of the ConfigMaps kept.
	Evidence []string
	// Sweep is true when the takedown was not known to be complete, so that everything was listed from the API server.
	Sweep bool
	// Gone is true once nothing is left to tear down.
	Gone bool
}

// Run brings the cluster to the plan. Writing stops at the first error, since what comes later may rely on what failed;
// the steps of a takedown go on.
func (a *Applier) Run(ctx context.Context, c *sop.Case, plan sop.Plan) (Outcome, error) {
	var outcome Outcome
	if plan.Unlock != "" {
		if err := a.unlock(ctx, plan.Live, plan.Unlock); err != nil {
			return outcome, err
		}
	}
	var err error
	if plan.Takedown != nil {
		err = a.takeDown(ctx, c, plan, &outcome)
	}
	err = errors.Join(err, a.writeAll(ctx, plan), a.recordLaunch(ctx, c, plan))
	if err == nil {
		err = a.recordEnforced(ctx, c, plan.Takedown)
	}
	if err != nil || !plan.Prune {
		return outcome, err
	}
	if err := a.prune(ctx, c, plan, &outcome); err != nil {
		return outcome, err
	}
	return outcome, a.forget(ctx, c, plan)
}

func (a *Applier) writeAll(ctx context.Context, plan sop.Plan) error {
	for _, object := range inOrder(plan.Objects) {
		if object.Mode == render.Keep {
			continue
		}
		if err := a.write(ctx, object); err != nil {
			return err
		}
	}
	return nil
}

func (a *Applier) write(ctx context.Context, object render.Object) error {
	current, err := a.cached(ctx, object.Unstructured)
	if err != nil {
		return err
	}
	if object.Mode == render.Create {
		return a.create(ctx, object, current)
	}
	if current == nil {
		// The cache holds whole only what carries our labels: ask before taking something for absent.
		if current, err = a.live(ctx, object.Unstructured); err != nil {
			return err
		}
	}
	options := []client.ApplyOption{client.FieldOwner(object.Owner)}
	if current != nil {
		if object.GroupVersionKind() == JobKind {
			if object, err = keepTemplate(object, current); err != nil {
				return err
			}
		}
		same, ours, err := a.compare(ctx, object, current)
		if same || err != nil {
			return err
		}
		if ours {
			options = append(options, client.ForceOwnership)
		}
	}
	// Without force, what somebody else made or makes in this moment is a conflict and not adopted.
	err = a.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object.DeepCopy()), options...)
	if apierrors.IsConflict(err) && len(options) == 1 {
		return &ConflictError{Object: describe(object.Unstructured)}
	}
	return wrap("apply", object.Unstructured, err)
}

// compare says whether current is as desired, and whether the owner made it. What somebody else made is a conflict, but
// for a Gateway, which is shared; what somebody else added is taken back.
func (a *Applier) compare(ctx context.Context, object render.Object, current *unstructured.Unstructured) (same, ours bool, err error) {
	owned, err := applied(current, object.Owner)
	if err != nil {
		return false, false, err
	}
	shared := object.GroupVersionKind() == GatewayKind
	if owned == nil {
		if shared {
			return false, false, nil
		}
		return false, false, &ConflictError{Object: describe(current)}
	}
	if shared || object.GroupVersionKind() == NamespaceKind {
		return upToDate(current, object.Unstructured, owned), true, nil
	}
	if appliers := others(current, object.Owner, metav1.ManagedFieldsOperationApply); len(appliers) > 0 {
		// What somebody applies belongs to that applier until it lets go; taking it would begin a quarrel without end.
		return false, true, &ConflictError{Object: describe(current), Holder: sets.List(appliers)[0]}
	}
	// A claim's volume is written by the binder of volumes, and stays.
	if intruders := others(current, object.Owner, metav1.ManagedFieldsOperationUpdate); len(intruders) > 0 && object.GroupVersionKind() != StorageKind {
		return false, true, a.reclaim(ctx, current, object.Owner, intruders)
	}
	return upToDate(current, object.Unstructured, owned), true, nil
}

// others are the managers that hold content of a child. Status and metadata belong to controllers.
func others(current *unstructured.Unstructured, owner string, operation metav1.ManagedFieldsOperationType) sets.Set[string] {
	found := sets.New[string]()
	for _, entry := range current.GetManagedFields() {
		if entry.Manager == owner || entry.Operation != operation || entry.Subresource != "" {
			continue
		}
		held, err := fields(entry)
		if err != nil {
			continue
		}
		for _, element := range elements(held) {
			if element.FieldName != nil && *element.FieldName != "metadata" && *element.FieldName != "status" {
				found.Insert(entry.Manager)
			}
		}
	}
	return found
}

// reclaim moves the intruders' fields to the owner, so that the apply that follows removes what is not desired.
func (a *Applier) reclaim(ctx context.Context, current *unstructured.Unstructured, owner string, managers sets.Set[string]) error {
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(current, managers, owner)
	if err != nil || len(patch) == 0 {
		return wrap("reclaim", current, err)
	}
	return wrap("reclaim", current, a.Client.Patch(ctx, current.DeepCopy(), client.RawPatch(types.JSONPatchType, patch)))
}

func (a *Applier) create(ctx context.Context, object render.Object, current *unstructured.Unstructured) error {
	if object.GroupVersionKind() == DomainClaimKind {
		return a.claim(ctx, object, current)
	}
	if current != nil {
		return nil
	}
	err := a.Client.Create(ctx, object.DeepCopy(), client.FieldOwner(object.Owner))
	if apierrors.IsAlreadyExists(err) {
		// The cache is behind.
		return nil
	}
	return wrap("create", object.Unstructured, err)
}

// claim makes a claim, in the place of an ended one where there is one. It is applied without force, so that its fields can
// be applied again when its state changes, and yet only the first of two applications gets it.
func (a *Applier) claim(ctx context.Context, object render.Object, current *unstructured.Unstructured) error {
	if object.Replaces != nil {
		ended := object.DeepCopy()
		err := a.Client.Delete(ctx, ended, client.Preconditions{UID: object.Replaces.UID, ResourceVersion: object.Replaces.ResourceVersion})
		if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
			// Another application was faster; the watch brings what it made of the claim.
			return nil
		}
		if err != nil {
			return wrap("delete", ended, err)
		}
	} else if current != nil {
		return nil
	}
	err := a.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object.DeepCopy()), client.FieldOwner(object.Owner))
	if apierrors.IsConflict(err) {
		return nil
	}
	return wrap("create", object.Unstructured, err)
}

// cached is the object in the cache; nil when it is not there. Of namespaces the cache holds metadata only.
// cached is nil for a Service without our labels: of such a one the cache holds but a part.
func (a *Applier) cached(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	current, err := get(ctx, a.Client, object)
	if current != nil && current.GroupVersionKind() == ServiceKind && current.GetLabels()[render.ManagedByLabel] != render.FieldOwner {
		return nil, err
	}
	return current, err
}

func (a *Applier) live(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	return get(ctx, a.Live, object)
}

func get(ctx context.Context, reader client.Reader, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	key := client.ObjectKeyFromObject(object)
	if object.GroupVersionKind() == NamespaceKind {
		metadata := &metav1.PartialObjectMetadata{}
		metadata.SetGroupVersionKind(NamespaceKind)
		if err := reader.Get(ctx, key, metadata); err != nil {
			return nil, wrap("get", object, client.IgnoreNotFound(err))
		}
		return fromMetadata(metadata), nil
	}
	current := &unstructured.Unstructured{}
	current.SetGroupVersionKind(object.GroupVersionKind())
	if err := reader.Get(ctx, key, current); err != nil {
		return nil, wrap("get", object, client.IgnoreNotFound(err))
	}
	return current, nil
}

func fromMetadata(metadata *metav1.PartialObjectMetadata) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(metadata.GroupVersionKind())
	u.SetName(metadata.Name)
	u.SetUID(metadata.UID)
	u.SetResourceVersion(metadata.ResourceVersion)
	u.SetLabels(metadata.Labels)
	u.SetAnnotations(metadata.Annotations)
	u.SetManagedFields(metadata.ManagedFields)
	return u
}

// children are the application's objects of one kind, as they were gathered.
func children(c *sop.Case, kind schema.GroupVersionKind) []unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(c.Children), func(o unstructured.Unstructured) bool { return o.GroupVersionKind() != kind })
}

func (a *Applier) remove(ctx context.Context, object *unstructured.Unstructured) error {
	uid, version := object.GetUID(), object.GetResourceVersion()
	preconditions := client.Preconditions{UID: &uid}
	if object.GroupVersionKind() == DomainClaimKind {
		// A reservation that was bound in the meantime is not given up without a quarantine.
		preconditions.ResourceVersion = &version
	}
	err := a.Client.Delete(ctx, object, preconditions, client.PropagationPolicy(metav1.DeletePropagationBackground))
	return wrap("delete", object, client.IgnoreNotFound(err))
}

func describe(o *unstructured.Unstructured) string {
	return strings.TrimSpace(o.GetKind() + " " + strings.TrimPrefix(o.GetNamespace()+"/"+o.GetName(), "/"))
}

func wrap(verb string, o *unstructured.Unstructured, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s %s: %w", verb, describe(o), err)
}
