// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// envCache names the directory where tools are kept; empty: bin/tools.
const envCache = "GOVPK_CACHE"

// unpacked returns a directory with the files of a Debian package and of those of its dependencies that wanted names.
// Maintainer scripts do not run. What was unpacked first stays until somebody deletes the directory, so that an image
// made from it keeps its digest.
func (l layout) unpacked(name string, wanted func(name string) bool, more ...string) (string, error) {
	cache := os.Getenv(envCache)
	if cache == "" {
		cache = filepath.Dir(l.tools)
	}
	dir := filepath.Join(cache, "debian-"+name+"-"+architecture)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return "", fmt.Errorf("the image is made from Debian's package %s: build it on Debian, or copy %s from such a machine: %w", name, dir, err)
	}
	tmp, err := os.MkdirTemp(cache, ".debian-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	fmt.Printf("downloading %s and its libraries\n", name)
	packages := append([]string{name}, more...)
	if err := download(tmp, packages, wanted); err != nil {
		// The lists are missing, or older than the archive.
		if _, err := apt(tmp, "update", "-q"); err != nil {
			return "", err
		}
		if err := download(tmp, packages, wanted); err != nil {
			return "", err
		}
	}
	tree := filepath.Join(tmp, "tree")
	archives, err := filepath.Glob(filepath.Join(tmp, "*.deb"))
	if err != nil {
		return "", err
	}
	for _, archive := range archives {
		if out, err := exec.Command("dpkg-deb", "-x", archive, tree).CombinedOutput(); err != nil {
			return "", fmt.Errorf("dpkg-deb -x %s: %w\n%s", archive, err, out)
		}
	}
	if err := os.Rename(tree, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return dir, nil
}

var install = regexp.MustCompile(`(?m)^Inst (\S+) \((\S+)`)

// download resolves as if nothing were installed: what this machine has is not in the image.
func download(dir string, packages []string, wanted func(name string) bool) error {
	plan, err := apt(dir, append([]string{"-o", "Dir::State::status=/dev/null", "--no-install-recommends", "-s", "install"}, packages...)...)
	if err != nil {
		return err
	}
	args := []string{"-q", "-o", "APT::Sandbox::User=root", "download"}
	for _, p := range install.FindAllStringSubmatch(plan, -1) {
		if wanted(p[1]) {
			args = append(args, p[1]+"="+p[2])
		}
	}
	_, err = apt(dir, args...)
	return err
}

func apt(dir string, args ...string) (string, error) {
	cmd := exec.Command("apt-get", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("apt-get %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return string(out), nil
}

// libraries are the shared libraries that programs of a tree load, and the loader, each from the tree.
func libraries(tree string, programs []string) ([]file, error) {
	var dirs []string
	for _, pattern := range []string{"lib/*-linux-gnu*", "usr/lib/*-linux-gnu*"} {
		found, err := filepath.Glob(filepath.Join(tree, pattern))
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, found...)
	}
	var files []file
	seen := map[string]bool{}
	for queue := slices.Clone(programs); len(queue) > 0; queue = queue[1:] {
		needed, loader, err := linked(queue[0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", queue[0], err)
		}
		if loader != "" && !seen[loader] {
			needed = append(needed, loader)
		}
		for _, name := range needed {
			if seen[name] {
				continue
			}
			seen[name] = true
			source, err := find(dirs, filepath.Base(name))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", queue[0], err)
			}
			path := strings.TrimPrefix(source, tree)
			if name == loader {
				path = loader
			}
			files = append(files, file{path: path, source: source})
			queue = append(queue, source)
		}
	}
	return files, nil
}

// linked are the libraries that an ELF file names, and the path of its loader.
func linked(path string) (needed []string, loader string, err error) {
	program, err := elf.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer program.Close()
	for _, p := range program.Progs {
		if p.Type == elf.PT_INTERP {
			content := make([]byte, p.Filesz)
			if _, err := p.ReadAt(content, 0); err != nil {
				return nil, "", err
			}
			loader = strings.TrimRight(string(content), "\x00")
		}
	}
	needed, err = program.ImportedLibraries()
	return needed, loader, err
}

func find(dirs []string, name string) (string, error) {
	for _, dir := range dirs {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("needs %s, which none of the unpacked packages has", name)
}

// files are all files and links below a directory of a tree but those that skip names by their path.
func files(tree, dir string, skip *regexp.Regexp) ([]file, error) {
	var found []file
	err := filepath.WalkDir(filepath.Join(tree, dir), func(source string, d fs.DirEntry, err error) error {
		path := strings.TrimPrefix(source, tree)
		switch {
		case err != nil:
			return err
		case skip.MatchString(path) && d.IsDir():
			return fs.SkipDir
		case skip.MatchString(path) || d.IsDir():
			return nil
		case d.Type()&fs.ModeSymlink != 0:
			link, err := os.Readlink(source)
			found = append(found, file{path: path, link: link})
			return err
		}
		found = append(found, file{path: path, source: source})
		return nil
	})
	return found, err
}
