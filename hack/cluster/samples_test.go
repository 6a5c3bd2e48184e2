// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

const adminPassword = "admin-password"

// The samples run as their images would in a pod: no root, no writable place but /tmp and the volume, no name server.
func TestSampleImages(t *testing.T) {
	if os.Getenv(jailed) == "" && os.Geteuid() == 0 {
		// The packages and modules come from outside, which the jail does not reach.
		build := exec.CommandContext(t.Context(), "go", "run", ".", "sample", "pgstart", "miniflux")
		build.Dir = "../tools/build"
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		l, err := newLayout()
		if err != nil {
			t.Fatal(err)
		}
		entry := exec.CommandContext(t.Context(), "make", "bin/sidecar")
		entry.Dir = l.root
		if out, err := entry.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, image := range []string{"postgres", "sidecar"} {
			if _, err := l.recipe(image); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !inJail(t) {
		return
	}
	j := newJail(t)
	j.passwordMissing()
	j.sehat()
	j.miniflux()
	j.sidecar()
	if code, words := j.run("api-broken", "", nil); code != 1 || !strings.Contains(words, "api 3.0.0: cannot start: this build is broken on purpose") {
		t.Errorf("api-broken: %d %s", code, words)
	}
}

// component is what this test reads of a manifest.
type component struct {
	Name string
	Args []string
	Env  []struct {
		Name, Value string
		ValueFrom   struct{ SecretKeyRef struct{ Name, Key string } }
	}
	ConnectsTo []struct{ Component string }
}

// manifest reads the components of a sample application by name.
func (j jail) manifest(path string) map[string]component {
	j.Helper()
	content, err := os.ReadFile(filepath.Join(j.root, "hack/sample", path))
	j.must(err)
	var application struct {
		Spec struct{ Components []component }
	}
	j.must(yaml.Unmarshal(content, &application))
	components := map[string]component{}
	for _, c := range application.Spec.Components {
		components[c.Name] = c
	}
	return components
}

// environment is what the operator and the kubelet make of env and connectsTo. Every Secret holds the password.
func (c component) environment(password string) []string {
	var env, expand []string
	set := func(name, value string) {
		value = strings.NewReplacer(expand...).Replace(value)
		env, expand = append(env, name+"="+value), append(expand, "$("+name+")", value)
	}
	for _, edge := range c.ConnectsTo {
		if edge.Component != "db" {
			continue
		}
		set("DB_HOST", "127.0.0.1")
		set("DB_PORT", "5432")
	}
	for _, variable := range c.Env {
		if variable.ValueFrom.SecretKeyRef.Name != "" {
			variable.Value = password
		}
		set(variable.Name, variable.Value)
	}
	return env
}

// What the sidecar does is tested beside it; here HAProxy finds its libraries and the internet's authorities.
func (j jail) sidecar() {
	if code, words := j.run("sidecar", "", nil); code != 1 || !strings.Contains(words, "SIDECAR_CONFIG is empty") {
		j.Errorf("sidecar without configuration: %d %s", code, words)
	}
	r, err := j.recipe("sidecar")
	j.must(err)
	config := filepath.Join(j.extracted("sidecar", r), "check.cfg")
	j.must(os.WriteFile(config, []byte(`
listen check
  bind 127.0.0.1:8080
  timeout connect 1s
  timeout client 1s
  timeout server 1s
  server host host:443 init-addr none ssl verify required ca-file `+systemAuthorities+"\n"), 0o644))
	if code, words := j.run("sidecar", "", nil, haproxyProgram, "-c", "-f", "/check.cfg"); code != 0 || !strings.Contains(words, "Configuration file is valid") {
		j.Errorf("HAProxy: %d %s", code, words)
	}
}

func (j jail) passwordMissing() {
	volume := j.volume()
	code, words := j.run("postgres", volume, j.manifest("application.yaml")["db"].environment(""))
	if code != 1 || !strings.Contains(words, "pgstart: POSTGRES_PASSWORD is empty") {
		j.Errorf("postgres without password: %d %s", code, words)
	}
	if left, err := os.ReadDir(volume); err != nil || len(left) > 0 {
		j.Errorf("postgres without password left %v (%v)", left, err)
	}
}

// database starts PostgreSQL and waits until it answers.
func (j jail) database(volume string, env ...string) *container {
	j.Helper()
	c := j.start("postgres", volume, env)
	j.must(poll(j.Context(), 30*time.Second, "PostgreSQL", func() error {
		select {
		case <-c.ended:
			j.Fatalf("PostgreSQL ended: %s\n%s", c.ProcessState, c.output)
		default:
		}
		if code, words := j.run("postgres", "", nil, "/bin/sh", "-c", "pg_isready --host=127.0.0.1"); code != 0 {
			return errors.New(words)
		}
		return nil
	}))
	return c
}

// psql asks over the network.
func (j jail) psql(password, user, query string) (code int, words string) {
	j.Helper()
	return j.run("postgres", "", []string{"PGPASSWORD=" + password}, "/bin/sh", "-c",
		fmt.Sprintf("psql --no-password --host=127.0.0.1 --username=%s --dbname=postgres --command='%s'", user, query))
}

func (j jail) sehat() {
	volume := j.volume()
	// An interrupted first start leaves this behind.
	j.must(os.Mkdir(filepath.Join(volume, "data.new"), 0o700))
	j.must(os.WriteFile(filepath.Join(volume, "data.new/PG_VERSION"), nil, 0o600))
	j.must(os.Chown(filepath.Join(volume, "data.new"), 65532, 65532))
	password := `p'w\$1`
	application := j.manifest("application.yaml")
	env, migration := application["api"].environment(password), application["migrate"].environment(password)
	db := j.database(volume, application["db"].environment(password)...)
	if code, words := j.psql(password, "postgres", "SELECT 1"); code == 0 {
		j.Errorf("the superuser came over the network: %s", words)
	}
	wrong := application["migrate"].environment("wrong")
	if code, words := j.run("api", "", wrong, application["migrate"].Args...); code != 1 || !strings.Contains(words, `password authentication failed for user "sehat"`) {
		j.Errorf("migrate with a wrong password: %d %s", code, words)
	}
	j.migrates("api", migration, "schema 1")
	j.migrates("api", migration, "schema 1")

	one := j.start("api", "", env)
	j.expect("GET", "/readyz", "", 200, "ok")
	j.expect("POST", "/api/visits", `{"patient":"Ayesha","note":"fever","department":"Paediatrics"}`, 201, `"patient":"Ayesha"`)
	j.expect("POST", "/api/visits", `{"patient":"Ayesha"}`, 400, "give")
	one.end()
	two := j.start("api-v2", "", env)
	j.expect("GET", "/readyz", "", 503, `column "department" does not exist`)
	j.migrates("api-v2", migration, "schema 2")
	j.migrates("api-v2", migration, "schema 2")
	j.expect("GET", "/api/visits", "", 200, `"note":"fever"`, `"department":"General"`)
	j.expect("POST", "/api/visits", `{"patient":"Bilal","note":"cough","department":"Chest"}`, 201, `"department":"Chest"`)

	db.end() // while two holds a connection
	j.expect("GET", "/readyz", "", 503, "connect")
	j.handOver(volume)
	db = j.database(volume)
	j.expect("GET", "/readyz", "", 200, "ok")
	db.signal(syscall.SIGKILL)
	db = j.database(volume)
	j.expect("GET", "/api/visits", "", 200, "Ayesha", "Bilal", "Chest")
	two.end()
	j.migrates("api", migration, "schema 1") // the release before comes back
	one = j.start("api", "", env)
	j.expect("GET", "/api/visits", "", 200, "Ayesha", "Bilal")
	one.end()
	db.end()
	if code, words := j.run("api", "", env, "migrate"); code != 1 || !strings.Contains(words, "connection refused") {
		j.Errorf("migrate without a database: %d %s", code, words)
	}
}

func (j jail) migrates(image string, env []string, want string) {
	j.Helper()
	if code, words := j.run(image, "", env, "migrate"); code != 0 || !strings.Contains(words, want) {
		j.Errorf("%s migrate: %d %s", image, code, words)
	}
}

// expect asks what listens on 8080 until the answer has the status and the words.
func (j jail) expect(method, path, body string, status int, words ...string) {
	j.Helper()
	var last string
	asked := func() bool {
		request, err := http.NewRequestWithContext(j.Context(), method, "http://127.0.0.1:8080"+path, strings.NewReader(body))
		j.must(err)
		request.SetBasicAuth("admin", adminPassword)
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			last = err.Error()
			return false
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		j.must(err)
		last = fmt.Sprintf("%d %s", resp.StatusCode, answer)
		for _, word := range words {
			if !bytes.Contains(answer, []byte(word)) {
				return false
			}
		}
		return resp.StatusCode == status
	}
	j.must(poll(j.Context(), 10*time.Second, method+" "+path, func() error {
		if !asked() {
			return fmt.Errorf("want %d with %q, got %s", status, words, last)
		}
		return nil
	}))
}

func (j jail) miniflux() {
	application := j.manifest("miniflux/application.yaml")
	migration := application["migrate"]
	db := j.database(j.volume(), application["db"].environment(adminPassword)...)
	if code, words := j.run("miniflux", "", migration.environment("wrong"), migration.Args...); code == 0 || !strings.Contains(words, "password authentication failed") {
		j.Errorf("miniflux -migrate with a wrong password: %d %s", code, words)
	}
	for range 2 {
		if code, words := j.run("miniflux", "", migration.environment(adminPassword), migration.Args...); code != 0 {
			j.Errorf("miniflux -migrate: %d %s", code, words)
		}
	}
	web := j.start("miniflux", "", application["web"].environment(adminPassword))
	j.expect("GET", "/readyz", "", 200, "OK")
	j.expect("GET", "/", "", 200, "Miniflux")
	j.expect("GET", "/v1/me", "", 200, `"username":"admin"`)
	j.expect("POST", "/v1/categories", `{"title":"Khabrein"}`, 201, "Khabrein")
	db.end()
	j.expect("GET", "/readyz", "", 503)
	j.expect("GET", "/healthz", "", 200, "OK")
	web.end()
}
