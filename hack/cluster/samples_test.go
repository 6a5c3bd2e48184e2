// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

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
		if _, err := l.postgres(); err != nil {
			t.Fatal(err)
		}
	}
	if !inJail(t) {
		return
	}
	j := newJail(t)
	j.passwordMissing()
	j.sehat()
	j.miniflux()
	if code, words := j.run("api-broken", "", nil); code != 1 || !strings.Contains(words, "api 3.0.0: cannot start: this build is broken on purpose") {
		t.Errorf("api-broken: %d %s", code, words)
	}
}

func (j jail) passwordMissing() {
	volume := j.volume()
	code, words := j.run("postgres", volume, []string{"POSTGRES_USER=sehat"})
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
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		code, words := j.run("postgres", "", nil, "/bin/sh", "-c", "pg_isready --host=127.0.0.1")
		if code == 0 {
			return c
		}
		select {
		case <-c.ended:
			j.Fatalf("PostgreSQL ended: %s\n%s", c.ProcessState, c.output)
		default:
		}
		if time.Now().After(deadline) {
			j.Fatalf("PostgreSQL: not within 30 s: %s", words)
		}
	}
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
	first := []string{"POSTGRES_USER=sehat", "POSTGRES_DB=visits", "POSTGRES_PASSWORD=" + password}
	db := j.database(volume, first...)
	if code, words := j.psql(password, "postgres", "SELECT 1"); code == 0 {
		j.Errorf("the superuser came over the network: %s", words)
	}
	env := func(password string) []string {
		return []string{"DB_HOST=127.0.0.1", "DB_PORT=5432", "DB_USER=sehat", "DB_NAME=visits", "DB_PASSWORD=" + password}
	}
	if code, words := j.run("api", "", env("wrong"), "migrate"); code != 1 || !strings.Contains(words, `password authentication failed for user "sehat"`) {
		j.Errorf("migrate with a wrong password: %d %s", code, words)
	}
	j.migrates("api", env(password), "schema 1")
	j.migrates("api", env(password), "schema 1")

	one := j.start("api", "", env(password))
	j.expect("GET", "/readyz", "", 200, "ok")
	j.expect("POST", "/api/visits", `{"patient":"Ayesha","note":"fever","department":"Paediatrics"}`, 201, `"patient":"Ayesha"`)
	j.expect("POST", "/api/visits", `{"patient":"Ayesha"}`, 400, "give")
	one.end()
	two := j.start("api-v2", "", env(password))
	j.expect("GET", "/readyz", "", 503, `column "department" does not exist`)
	j.migrates("api-v2", env(password), "schema 2")
	j.migrates("api-v2", env(password), "schema 2")
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
	j.migrates("api", env(password), "schema 1") // the release before comes back
	one = j.start("api", "", env(password))
	j.expect("GET", "/api/visits", "", 200, "Ayesha", "Bilal")
	one.end()
	db.end()
	if code, words := j.run("api", "", env(password), "migrate"); code != 1 || !strings.Contains(words, "connection refused") {
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
		request.SetBasicAuth("admin", "admin-password")
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			last = err.Error()
			return false
		}
		answer := drain(resp.Body)
		last = fmt.Sprintf("%d %s", resp.StatusCode, answer)
		for _, word := range words {
			if !strings.Contains(answer, word) {
				return false
			}
		}
		return resp.StatusCode == status
	}
	for deadline := time.Now().Add(10 * time.Second); !asked(); {
		if time.Now().After(deadline) {
			j.Fatalf("%s %s: want %d with %q, got %s", method, path, status, words, last)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// miniflux runs with the environment of hack/sample/miniflux/application.yaml.
func (j jail) miniflux() {
	db := j.database(j.volume(), "POSTGRES_USER=khabar", "POSTGRES_DB=khabar", "POSTGRES_PASSWORD=secret")
	env := []string{"DATABASE_URL=host=127.0.0.1 port=5432 user=khabar dbname=khabar sslmode=disable", "PGPASSWORD=secret"}
	wrong := []string{env[0], "PGPASSWORD=wrong"}
	if code, words := j.run("miniflux", "", wrong, "-migrate"); code == 0 || !strings.Contains(words, "password authentication failed") {
		j.Errorf("miniflux -migrate with a wrong password: %d %s", code, words)
	}
	for range 2 {
		if code, words := j.run("miniflux", "", env, "-migrate"); code != 0 {
			j.Errorf("miniflux -migrate: %d %s", code, words)
		}
	}
	web := j.start("miniflux", "", append(env, "LISTEN_ADDR=0.0.0.0:8080", "CREATE_ADMIN=1", "ADMIN_USERNAME=admin", "ADMIN_PASSWORD=admin-password"))
	j.expect("GET", "/healthcheck", "", 200, "OK")
	j.expect("GET", "/", "", 200, "Miniflux")
	j.expect("GET", "/v1/me", "", 200, `"username":"admin"`)
	j.expect("POST", "/v1/categories", `{"title":"Khabrein"}`, 201, "Khabrein")
	db.end()
	j.expect("GET", "/readyz", "", 503)
	web.end()
}
