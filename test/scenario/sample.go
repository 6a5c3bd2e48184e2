// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	applycore "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Secrets are values by the Secret's name and its key.
type Secrets map[string]map[string]string

// Sample is an application whose organization writes a manifest of hack/sample and the Secrets that it names.
func (c *Cluster) Sample(people *People, namespace, name, host, file string, secrets Secrets) *App {
	app := c.App(people, namespace, name, host)
	app.file, app.secrets = file, secrets
	return app
}

// sample is the file's manifest with this application's name and host, and with the images that the cluster has.
func (a *App) sample(run string) (*v1alpha1.ThirdPartyApplication, error) {
	content, err := os.ReadFile(filepath.Join(a.cluster.root, "hack/sample", a.file))
	if err != nil {
		return nil, err
	}
	app := &v1alpha1.ThirdPartyApplication{}
	if err := yaml.UnmarshalStrict(content, app); err != nil {
		return nil, fmt.Errorf("%s: %w", a.file, err)
	}
	app.Namespace, app.Name, app.Spec.Domains[0].Host = a.key.Namespace, a.key.Name, a.Host
	for i := range app.Spec.Components {
		component := &app.Spec.Components[i]
		repository, _, _ := strings.Cut(component.Image, "@")
		if component.Image, err = a.cluster.Images.byName(path.Base(repository)); err != nil {
			return nil, err
		}
	}
	web := &app.Spec.Components[0]
	web.Env = append(web.Env, v1alpha1.EnvVar{Name: "RUN", Value: run})
	return app, nil
}

func (i Images) byName(name string) (string, error) {
	content, err := json.Marshal(i)
	if err != nil {
		return "", err
	}
	all := map[string]string{}
	if err := json.Unmarshal(content, &all); err != nil {
		return "", err
	}
	if all[name] == "" {
		return "", fmt.Errorf("the cluster has no image %s by digest", name)
	}
	return all[name], nil
}

// WriteSecrets writes the application's Secrets in a stage, as soon as the organization may.
func (a *App) WriteSecrets(ctx context.Context, stage string) error {
	for name, values := range a.secrets {
		if err := Eventually(ctx, patience, func() error { return a.WriteSecret(ctx, stage, name, values) }); err != nil {
			return err
		}
	}
	return nil
}

// WriteSecret writes one Opaque Secret in a stage as the organization does.
func (a *App) WriteSecret(ctx context.Context, stage, name string, values map[string]string) error {
	secret := applycore.Secret(name, a.Namespace(stage)).WithType(corev1.SecretTypeOpaque)
	for key, value := range values {
		secret.WithData(map[string][]byte{key: []byte(value)})
	}
	return a.Developer.Apply(ctx, secret, client.FieldOwner("organization"))
}
