// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

var (
	postgresPackages = regexp.MustCompile(`^(lib|zlib|tzdata|dash$|postgresql-\d|postgresql-client-\d)`)
	// Compiling queries needs LLVM, which is larger than all the rest; without the plug-in PostgreSQL does not try.
	postgresSkips = regexp.MustCompile(`/bitcode$|/llvmjit|/man$|^/usr/share/zoneinfo/(posix|right|localtime)$`)
)

// postgres is Debian's PostgreSQL with its contrib extensions, started by hack/sample/postgres.
func (l layout) postgres() (recipe, error) {
	tree, err := l.unpacked("postgresql", func(name string) bool {
		return postgresPackages.MatchString(name) && !strings.HasPrefix(name, "libllvm")
	}, "dash")
	if err != nil {
		return recipe{}, err
	}
	homes, err := filepath.Glob(filepath.Join(tree, "usr/lib/postgresql/*"))
	if err != nil || len(homes) != 1 {
		return recipe{}, errors.Join(err, errors.New(tree+" is not whole: delete it"))
	}
	home := strings.TrimPrefix(homes[0], tree)
	debian, err := files(tree, home+"/lib", postgresSkips)
	if err != nil {
		return recipe{}, err
	}
	// initdb starts the server through sh.
	for _, program := range []string{home + "/bin/initdb", home + "/bin/pg_isready", home + "/bin/postgres", home + "/bin/psql", "/bin/dash"} {
		debian = append(debian, file{path: program, source: tree + program})
	}
	var programs []string
	for _, f := range debian {
		if f.source != "" && (strings.HasPrefix(f.path, home+"/bin/") || strings.HasSuffix(f.path, ".so")) {
			programs = append(programs, f.source)
		}
	}
	shared, err := libraries(tree, programs)
	if err != nil {
		return recipe{}, err
	}
	debian = append(debian, shared...)
	for _, dir := range []string{"/usr/share/postgresql", "/usr/share/zoneinfo", "/usr/lib/locale"} {
		data, err := files(tree, dir, postgresSkips)
		if err != nil {
			return recipe{}, err
		}
		debian = append(debian, data...)
	}
	return recipe{
		refs:   []string{sampleRepo + "postgres@"},
		layers: [][]file{slices.Concat(debian, []file{{path: "/bin/sh", link: "dash"}}), {l.tool("pgstart", "/pgstart")}},
		config: v1.Config{
			User:       nonroot,
			Entrypoint: []string{"/pgstart"},
			Env:        []string{"PATH=" + home + "/bin:/bin", "LANG=C.UTF-8", "PGDATA=/var/lib/postgresql/data", "PGHOST=/tmp"},
			// PostgreSQL's own SIGTERM waits for every client to leave.
			StopSignal: "SIGINT",
		},
	}, nil
}
