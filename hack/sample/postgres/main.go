// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command pgstart is the entry point of the sample's PostgreSQL image. On an empty volume it makes a database cluster
// with one application user and its database; then it becomes the server. It runs as an unprivileged user whose root
// file system is read-only: data is in PGDATA, all else in /tmp.
//
//	PGDATA             the data directory: a directory below the volume's mount point, which pgstart creates
//	POSTGRES_PASSWORD  the application user's password; needed on the first start only
//	POSTGRES_USER      the application user, who owns the database and is not a superuser; "app" by default
//	POSTGRES_DB        the database; named after the user by default
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// Who is in the pod owns the data files: the socket asks for no password. The superuser has none and so cannot come over
// the network. The platform encrypts what is between pods.
const access = `local all all trust
host all all all scram-sha-256
`

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "pgstart: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	data := os.Getenv("PGDATA")
	if data == "" {
		return errors.New("PGDATA: name a directory below the volume's mount point")
	}
	_, err := os.Stat(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		err = initialize(data)
	}
	if err != nil {
		return err
	}
	// A kubelet that hands the volume to the pod's group opens the directory to that group, which PostgreSQL refuses.
	if err := os.Chmod(data, 0o700); err != nil {
		return err
	}
	server, err := exec.LookPath("postgres")
	if err != nil {
		return err
	}
	return syscall.Exec(server, []string{
		"postgres", "-D", data, "-c", "listen_addresses=*", "-c", "unix_socket_directories=/tmp",
	}, os.Environ())
}

// initialize makes the cluster beside its place and moves it there when it is whole, so that an interrupted first start
// is simply repeated.
func initialize(data string) error {
	script, err := bootstrap(os.Getenv("POSTGRES_USER"), os.Getenv("POSTGRES_DB"), os.Getenv("POSTGRES_PASSWORD"))
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "pgstart: %s holds no database: creating one\n", data)
	fresh := data + ".new"
	if err := os.RemoveAll(fresh); err != nil {
		return err
	}
	err = command(exec.Command("initdb", "--pgdata="+fresh, "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8",
		"--auth-local=trust", "--auth-host=scram-sha-256", "--data-checksums", "--no-instructions"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(fresh, "pg_hba.conf"), []byte(access), 0o600); err != nil {
		return err
	}
	// One statement a line: a database cannot be created together with something else.
	single := exec.Command("postgres", "--single", "-D", fresh, "-c", "exit_on_error=on", "-c", "log_min_error_statement=panic", "postgres")
	single.Stdin = strings.NewReader(script)
	if err := command(single); err != nil {
		return err
	}
	return os.Rename(fresh, data)
}

// bootstrap is the SQL that makes the application's user and database.
func bootstrap(user, database, password string) (string, error) {
	user = cmp.Or(user, "app")
	database = cmp.Or(database, user)
	switch {
	case password == "":
		return "", errors.New("POSTGRES_PASSWORD is empty: a new database needs its user's password; give it by secretKeyRef")
	case user == "postgres":
		return "", errors.New("POSTGRES_USER: postgres is the superuser, who does not come over the network; name another user")
	case strings.ContainsAny(user+database+password, "\x00\r\n"):
		return "", errors.New("POSTGRES_USER, POSTGRES_DB and POSTGRES_PASSWORD must each be one line")
	}
	return fmt.Sprintf("CREATE ROLE %[1]s LOGIN PASSWORD %[2]s;\nCREATE DATABASE %[3]s OWNER %[1]s;\n",
		identifier(user), literal(password), identifier(database)), nil
}

func identifier(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func literal(text string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(text) + "'"
}

// command shows a program's output only when it fails.
func command(cmd *exec.Cmd) error {
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, out)
	}
	return nil
}
