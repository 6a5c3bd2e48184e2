// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/apply"
	"github.com/ntc-gov-pk/govpk-operator/test/scenario"
)

// quiet is how long nothing must happen for the operator to be at rest. After a flag it sweeps once more, later.
const (
	quiet           = 500 * time.Millisecond
	quietAfterSweep = apply.LockSettles + 500*time.Millisecond
)

// story is one application of the operator's and its bare twin.
type story struct {
	cluster    *scenario.Cluster
	operator   *operator
	bare       *bare
	report     *Report
	app        *scenario.App
	mine, twin place
	// applications are those that the operator knows in this round.
	applications int
	writes       []write
}

// onEnvtest runs everything that needs an API server alone. Rounds to warm up the caches of the API server, the operator
// and the bare client come first and are not reported.
func onEnvtest(ctx context.Context, warm, rounds int, report *Report) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	environment, cluster, err := startServer(ctx)
	if err != nil {
		cancel(err)
		return err
	}
	defer func() {
		// The API server waits for the watches of the player.
		cancel(nil)
		err = errors.Join(err, environment.Stop())
	}()
	player, err := startPlayer(ctx, cancel, cluster)
	if err != nil {
		return err
	}
	operator, err := startOperator(ctx, cluster)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, operator.stop(), player.failed()) }()
	for i := range warm + rounds {
		kept := report
		if i < warm {
			kept = newReport(0)
		}
		if operator, err = round(ctx, cluster, operator, kept, i); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
	}
	return nil
}

// round goes once through all stories. It returns the operator of the last life.
func round(ctx context.Context, cluster *scenario.Cluster, o *operator, report *Report, i int) (*operator, error) {
	s := &story{
		cluster: cluster, operator: o, report: report, applications: i + 1,
		mine: place{fmt.Sprintf("operator-%d", i), "portal", fmt.Sprintf("operator-%d.health.gov.pk", i)},
		twin: place{fmt.Sprintf("bare-%d", i), "portal", fmt.Sprintf("bare-%d.health.gov.pk", i)},
	}
	var err error
	if s.bare, err = newBare(cluster.Config); err != nil {
		return o, err
	}
	if _, err = cluster.Onboard(ctx, s.twin.organization); err != nil {
		return o, err
	}
	people, err := cluster.Onboard(ctx, s.mine.organization)
	if err != nil {
		return o, err
	}
	s.app = cluster.App(people, s.mine.organization, s.mine.name, s.mine.host)
	for _, step := range []func(context.Context) error{s.newApplication, s.edit, s.unchanged, s.restart, s.flag} {
		// What a step counts begins at rest.
		if err := s.operator.settle(ctx, quiet); err != nil {
			return s.operator, err
		}
		s.operator.requests.take()
		s.bare.requests.take()
		if err := step(ctx); err != nil {
			return s.operator, err
		}
	}
	return s.operator, nil
}

func (s *story) newApplication(ctx context.Context) error {
	before, err := passes()
	if err != nil {
		return err
	}
	took, err := timed(func() error {
		return inTurn(
			func() error { return s.app.Submit(ctx, "bench") },
			func() error { return s.reach(ctx, "under audit", atStage(v1alpha1.StageUnderAudit)) },
			func() error { return s.app.Sign(ctx, v1alpha1.SignOffArchitectureAudit, v1alpha1.PartyNITB) },
			func() error { return s.reach(ctx, "testing", atStage(v1alpha1.StageTesting)) },
			func() error { return s.app.Test(ctx) },
			func() error { return s.reach(ctx, "awaiting launch", atStage(v1alpha1.StageAwaitingLaunch)) },
			func() error { return s.app.Launch(ctx) },
			func() error { return s.reach(ctx, "live", atStage(v1alpha1.StageLive)) },
		)
	})
	if err != nil {
		return err
	}
	return s.beside(ctx, NewApplication, took, before)
}

func (s *story) edit(ctx context.Context) error {
	before, err := passes()
	if err != nil {
		return err
	}
	took, err := timed(func() error {
		return inTurn(
			func() error {
				return s.app.Edit(ctx, func(spec *v1alpha1.ThirdPartyApplicationSpec) { spec.Components[1].Image = s.cluster.Images.APIv2 })
			},
			func() error { return s.reach(ctx, "candidate in test", candidateAt(v1alpha1.StageTesting)) },
			func() error { return s.app.Test(ctx) },
			func() error { return s.reach(ctx, "candidate tested", candidateAt(v1alpha1.StageAwaitingLaunch)) },
			func() error { return s.app.Launch(ctx) },
			func() error {
				return s.reach(ctx, "new release live", func(app *v1alpha1.ThirdPartyApplication) bool {
					return app.Status.Stage == v1alpha1.StageLive && app.Spec.Launch.Release == app.Status.Release
				})
			},
		)
	})
	if err != nil {
		return err
	}
	return s.beside(ctx, Edit, took, before)
}

// beside lets the bare client do what the operator did, and proves that it did.
func (s *story) beside(ctx context.Context, what string, took time.Duration, before work) error {
	if err := s.operator.settle(ctx, quiet); err != nil {
		return err
	}
	after, err := passes()
	if err != nil {
		return err
	}
	counts, writes := s.operator.requests.take()
	writes = final(writes)
	s.writes = final(append(s.writes, writes...))
	bareTook, err := timed(func() error {
		if err := s.bare.send(ctx, moved(writes, s.mine, s.twin)); err != nil {
			return err
		}
		return running(ctx, s.cluster, s.twin)
	})
	if err != nil {
		return err
	}
	bareCounts, _ := s.bare.requests.take()
	s.report.add(what, Side{took, counts, after.count - before.count}, Side{bareTook, bareCounts, 0})
	return s.same(ctx)
}

// unchanged is a pass over an application that is as it should be; a client that reads nothing must write everything again.
func (s *story) unchanged(ctx context.Context) error {
	key := client.ObjectKey{Namespace: s.mine.organization, Name: s.mine.name}
	took, err := timed(func() error {
		_, err := s.operator.Reconcile(ctx, ctrl.Request{NamespacedName: key})
		return err
	})
	if err != nil {
		return err
	}
	return s.again(ctx, Unchanged, took, s.operator, 1)
}

// restart ends the operator and starts another: its first passes are over all applications of the run so far.
func (s *story) restart(ctx context.Context) error {
	if err := s.operator.stop(); err != nil {
		return err
	}
	before, err := passes()
	if err != nil {
		return err
	}
	next, err := startOperator(ctx, s.cluster)
	if err != nil {
		return err
	}
	s.operator = next
	var after work
	err = scenario.Eventually(ctx, patience, func() (err error) {
		if after, err = passes(); err == nil && after.count-before.count < s.applications {
			err = fmt.Errorf("%d passes over %d applications after the restart", after.count-before.count, s.applications)
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := next.settle(ctx, quiet); err != nil {
		return err
	}
	if after, err = passes(); err != nil {
		return err
	}
	n := after.count - before.count
	mean := time.Duration((after.seconds - before.seconds) / float64(n) * float64(time.Second))
	return s.again(ctx, Restart, mean, next, n)
}

func (s *story) again(ctx context.Context, what string, took time.Duration, o *operator, passes int) error {
	counts, _ := o.requests.take()
	if err := asksNothing(what, counts); err != nil {
		return err
	}
	bareTook, err := timed(func() error { return s.bare.send(ctx, moved(s.writesAgain(), s.mine, s.twin)) })
	if err != nil {
		return err
	}
	bareCounts, _ := s.bare.requests.take()
	s.report.add(what, Side{took, counts, passes}, Side{bareTook, bareCounts, 0})
	return nil
}

// asksNothing holds the operator to ADR 4: the time of an unchanged pass that writes is no figure to report.
func asksNothing(what string, counts Counts) error {
	if len(counts) > 0 {
		return fmt.Errorf("%s: it asked %v; docs/adr/0004 promises no request", what, counts)
	}
	return nil
}

// writesAgain are the writes but for creations, which cannot be repeated.
func (s *story) writesAgain() []write {
	return slices.DeleteFunc(slices.Clone(s.writes), func(w write) bool { return w.contentType != applyType })
}

func (s *story) flag(ctx context.Context) error {
	before, err := passes()
	if err != nil {
		return err
	}
	violation := s.mine.organization + "-leak"
	took, err := untilRouteGone(ctx, s.cluster, s.mine, func() error {
		_, err := s.app.Flag(ctx, violation)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.operator.settle(ctx, quietAfterSweep); err != nil {
		return err
	}
	after, err := passes()
	if err != nil {
		return err
	}
	counts, _ := s.operator.requests.take()
	bareTook, err := untilRouteGone(ctx, s.cluster, s.twin, func() error { return s.bare.takeDown(ctx, s.twin, violation) })
	if err != nil {
		return err
	}
	bareCounts, _ := s.bare.requests.take()
	s.report.add(Flag, Side{took, counts, after.count - before.count}, Side{bareTook, bareCounts, 0})
	return nil
}

func (s *story) reach(ctx context.Context, what string, wanted func(*v1alpha1.ThirdPartyApplication) bool) error {
	return reach(ctx, s.cluster, s.mine, what, wanted)
}

// same proves that the bare client made what the operator made, so that their times may be compared.
func (s *story) same(ctx context.Context) error {
	mine, err := s.inventory(ctx, s.mine)
	if err != nil {
		return err
	}
	twin, err := s.inventory(ctx, s.twin)
	if err != nil {
		return err
	}
	if len(mine) == 0 || !maps.Equal(mine, twin) {
		return fmt.Errorf("the bare client made other objects than the operator:\n%v\n%v", twin, mine)
	}
	return nil
}

// inventory are the objects of an application and, of workloads, their images.
func (s *story) inventory(ctx context.Context, at place) (map[string]string, error) {
	found := map[string]string{}
	for _, kind := range append(apply.Children(), apply.ReleaseKind, apply.NamespaceKind) {
		if slices.Contains(s.operator.MissingKinds, kind.GroupKind().String()) {
			continue
		}
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(kind)
		if err := s.cluster.Admin.List(ctx, list, client.MatchingLabels{v1alpha1.ApplicationNamespaceLabel: at.organization}); err != nil {
			return nil, err
		}
		for _, item := range list.Items {
			containers, _, _ := unstructured.NestedSlice(item.Object, "spec", "template", "spec", "containers")
			image := ""
			if len(containers) == 1 {
				image, _ = containers[0].(map[string]any)["image"].(string)
			}
			name := strings.NewReplacer(at.stages(), "stage", at.organization, "organization", at.host, "host").Replace(item.GetNamespace() + "/" + item.GetName())
			found[kind.Kind+" "+name] = image
		}
	}
	return found, nil
}

func inTurn(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
