// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cutover

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// entry is one thing in a tree. Paths are bytes: no file system asks for UTF-8.
type entry struct {
	Path []byte      `json:"path,omitempty"`
	Mode fs.FileMode `json:"mode,omitempty"`
	Size int64       `json:"size,omitempty"`
	// ModTime is in microseconds since 1970, since no calendar holds all that a file system does.
	ModTime int64 `json:"modTime,omitempty"`
	Group   int   `json:"group,omitempty"`
	// Link is where a symbolic link leads.
	Link []byte `json:"link,omitempty"`
	// Hash is a file's SHA-256, where it was asked for.
	Hash []byte `json:"hash,omitempty"`
	// Refused says, as the last entry, why the rest cannot be copied; Failed that it could not be read. End is the last entry otherwise.
	Refused string `json:"refused,omitempty"`
	Failed  string `json:"failed,omitempty"`
	End     bool   `json:"end,omitempty"`
}

// refusal is an error that no further try mends.
type refusal struct{ reason string }

func (r refusal) Error() string { return r.reason }

// Refused is true for an error that no further try mends.
func Refused(err error) bool { return errors.As(err, new(refusal)) }

// walk visits a tree, each directory before what is in it, names in order. It follows no link.
func walk(root *os.Root, dir string, visit func(path string, info fs.FileInfo) error) error {
	names, err := list(root, dir)
	if err != nil {
		return unreadable(dir, err)
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := root.Lstat(path)
		if err != nil {
			return unreadable(path, err)
		}
		if platforms(path, info) {
			continue
		}
		if err := visit(path, info); err != nil {
			return err
		}
		if info.IsDir() {
			if err := walk(root, path, visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// platforms is true for what is no part of an application's data: what the file system keeps for itself.
func platforms(path string, info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return path == "lost+found" && info.IsDir() && ok && stat.Uid == 0
}

func list(root *os.Root, dir string) ([]string, error) {
	directory, err := root.Open(dir)
	if err != nil {
		return nil, err
	}
	defer directory.Close()
	names, err := directory.Readdirnames(-1)
	slices.Sort(names)
	return names, err
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return refusal{fmt.Sprintf("%q may not be read by the user that the component runs as; the component gives it to itself, or removes it", path)}
	}
	return fmt.Errorf("read %q: %w", path, err)
}

// describe is the entry of a path; nil: it holds nothing that lasts.
func describe(root *os.Root, path string, info fs.FileInfo, hashed bool) (*entry, error) {
	e := &entry{Path: []byte(path), Mode: info.Mode(), ModTime: info.ModTime().UnixMicro()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		e.Group = int(stat.Gid)
	}
	switch kind := info.Mode().Type(); {
	case path == partial:
		return nil, refusal{fmt.Sprintf("%q is a name that the copy itself needs; the component gives it another one", path)}
	case kind == fs.ModeSocket, kind == fs.ModeNamedPipe:
		slog.Info("left out: it holds no data", "path", path, "kind", kind.String())
		return nil, nil
	case kind == fs.ModeSymlink:
		link, err := root.Readlink(path)
		e.Link = []byte(link)
		return e, err
	case kind == fs.ModeDir:
		return e, nil
	case kind == 0:
		e.Size = info.Size()
		if !hashed {
			return e, nil
		}
		var err error
		e.Hash, err = hash(root, path)
		return e, err
	default:
		return nil, refusal{fmt.Sprintf("%q is a device (%s), and devices are not copied; the component removes it", path, kind)}
	}
}

func hash(root *os.Root, path string) ([]byte, error) {
	file, err := root.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return nil, fmt.Errorf("read %q: %w", path, err)
	}
	return sum.Sum(nil), nil
}
