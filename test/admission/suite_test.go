// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

var (
	environment *envtest.Environment
	server      *rest.Config
	mapper      meta.RESTMapper
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	gatewayAPI, err := moduleDirectory(".", "sigs.k8s.io/gateway-api")
	if err != nil {
		return 1, err
	}
	certManager, err := moduleDirectory("hack/tools/certmanager", "github.com/cert-manager/cert-manager")
	if err != nil {
		return 1, err
	}
	environment = &envtest.Environment{
		BinaryAssetsDirectory: assets(),
		ErrorIfCRDPathMissing: true,
		// The default of ten seconds is short on a busy machine.
		CRDInstallOptions: envtest.CRDInstallOptions{MaxTime: time.Minute},
		CRDDirectoryPaths: []string{
			root("config/crd"),
			root("test/admission/testdata/istio"),
			root("test/admission/testdata/others"),
			filepath.Join(gatewayAPI, "config/crd/standard"),
			filepath.Join(certManager, "deploy/crds"),
		},
	}
	server, err = environment.Start()
	defer func() { err = errors.Join(err, environment.Stop()) }()
	if err != nil {
		return 1, err
	}
	server.QPS = -1

	// The fixtures come before the policies, so that they may stand in any state, also in one that a policy prevents.
	admin, err := client.New(server, client.Options{})
	if err != nil {
		return 1, err
	}
	mapper = admin.RESTMapper()
	policies, err := filepath.Glob(root("config/admission/govpk-*.yaml"))
	if err != nil {
		return 1, err
	}
	files := []string{"testdata/roles.yaml", "testdata/fixtures.yaml", "testdata/fixtures-govpk.yaml", "testdata/fixtures-installation.yaml", "bypass/days/rights.yaml"}
	if err := createRoles(admin); err != nil {
		return 1, err
	}
	for _, file := range append(files, policies...) {
		objects, err := load(file)
		if err != nil {
			return 1, err
		}
		for _, object := range objects {
			status, reported := object.Object["status"]
			err := admin.Create(context.Background(), object)
			if err == nil && reported {
				object.Object["status"] = status
				err = admin.Status().Update(context.Background(), object)
			}
			if err != nil && !apierrors.IsAlreadyExists(err) {
				return 1, fmt.Errorf("%s: %s %s: %w", file, object.GetKind(), object.GetName(), err)
			}
		}
	}
	return m.Run(), nil
}

// createRoles creates the ClusterRoles and ClusterRoleBindings of an installation, wherever config/rbac keeps them.
func createRoles(admin client.Client) error {
	return filepath.WalkDir(root("config/rbac"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".yaml" || entry.Name() == "kustomization.yaml" {
			return err
		}
		objects, err := load(path)
		if err != nil {
			return err
		}
		for _, object := range objects {
			if kind := object.GetKind(); kind != "ClusterRole" && kind != "ClusterRoleBinding" {
				continue
			}
			if err := admin.Create(context.Background(), object); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		return nil
	})
}

// moduleDirectory is where a module's files are, of the version that the module in the repository's directory from uses.
func moduleDirectory(from, module string) (string, error) {
	command := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	command.Dir = root(from)
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("where is module %s, whose CRDs are needed: %w", module, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// root resolves a path of the repository.
func root(path string) string {
	_, here, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(here), "../..", path)
}

func assets() string {
	if set := os.Getenv("KUBEBUILDER_ASSETS"); set != "" {
		return set
	}
	return root("bin/envtest")
}

func load(file string) ([]*unstructured.Unstructured, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return decode(file, bytes.NewReader(data))
}

func decode(file string, from io.Reader) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(from, 4096)
	for {
		object := &unstructured.Unstructured{}
		if err := decoder.Decode(object); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if len(object.Object) > 0 {
			objects = append(objects, object)
		}
	}
}
