// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"k8s.io/client-go/rest"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
	"github.com/ntc-gov-pk/govpk-operator/internal/mesh"
	"github.com/ntc-gov-pk/govpk-operator/internal/render"
)

// place is where an application's objects are.
type place struct {
	organization, name, host string
}

// live is the live namespace.
func (p place) live() string { return p.scope(v1alpha1.LiveNamespace).StageNamespace() }

func (p place) scope(stage string) render.Scope {
	return render.Scope{Namespace: p.organization, Application: p.name, Stage: stage}
}

// stages is what the names of both stage namespaces begin with.
func (p place) stages() string { return strings.TrimSuffix(p.live(), "-"+v1alpha1.LiveNamespace) }

// bare sends the operator's writes for another place and knows nothing else. It has the operator's rights, since
// admission lets nobody else write there.
type bare struct {
	http     *http.Client
	server   string
	requests *requests
}

func newBare(config *rest.Config) (*bare, error) {
	b := &bare{server: strings.TrimSuffix(config.Host, "/"), requests: &requests{}}
	counted := asOperator(config)
	counted.Wrap(b.requests.wrap)
	var err error
	b.http, err = rest.HTTPClientFor(counted)
	return b, err
}

// final are the writes that are left when each object is written once, as it was written last, in the order of the first.
func final(writes []write) []write {
	at := map[string]int{}
	var out []write
	for _, w := range writes {
		// Several owners write one Gateway; the owner is in the query.
		key := w.path + "?" + w.query
		if w.method == http.MethodPost {
			key = w.path + string(w.body)
		}
		// Force is set once the object is the operator's own.
		key = strings.NewReplacer("&force=true", "", "force=true&", "").Replace(key)
		if i, again := at[key]; again {
			out[i] = w
			continue
		}
		at[key] = len(out)
		out = append(out, w)
	}
	return out
}

// moved are the writes of one place for another.
func moved(writes []write, from, to place) []write {
	pairs := []string{
		from.stages(), to.stages(), from.organization, to.organization, from.host, to.host,
		render.ListenerOwner(from.host), render.ListenerOwner(to.host),
	}
	for _, stage := range []string{v1alpha1.TestNamespace, v1alpha1.LiveNamespace} {
		pairs = append(pairs, mesh.StageIdentity(from.scope(stage)), mesh.StageIdentity(to.scope(stage)))
	}
	names := strings.NewReplacer(pairs...)
	out := make([]write, len(writes))
	for i, w := range writes {
		out[i] = write{w.method, names.Replace(w.path), names.Replace(w.query), w.contentType, []byte(names.Replace(string(w.body)))}
	}
	return out
}

// send does the writes one after another.
func (b *bare) send(ctx context.Context, writes []write) error {
	for _, w := range writes {
		url := b.server + w.path
		if w.query != "" {
			url += "?" + w.query
		}
		request, err := http.NewRequestWithContext(ctx, w.method, url, bytes.NewReader(w.body))
		if err != nil {
			return err
		}
		request.Header.Set("Content-Type", w.contentType)
		request.Header.Set("Accept", "application/json")
		response, err := b.http.Do(request)
		if err != nil {
			return err
		}
		answer, err := io.ReadAll(response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil {
			return err
		}
		if response.StatusCode >= http.StatusMultipleChoices {
			return fmt.Errorf("bare client: %s %s: %s: %s", w.method, w.path, response.Status, answer)
		}
	}
	return nil
}

// takeDown does by hand what a flag makes the operator do first: one patch of the live namespace, then its route goes.
func (b *bare) takeDown(ctx context.Context, at place, violation string) error {
	live := at.live()
	patch := fmt.Sprintf(`{"metadata":{"labels":{%q:%q,%q:null}}}`, v1alpha1.OfflineLabel, violation, v1alpha1.ExposureLabel)
	return b.send(ctx, []write{
		{http.MethodPatch, "/api/v1/namespaces/" + live, "fieldManager=govpk-offline", "application/merge-patch+json", []byte(patch)},
		{http.MethodDelete, "/apis/gateway.networking.k8s.io/v1/namespaces/" + live + "/httproutes/" + at.host, "", "application/json", nil},
	})
}
