// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cutover

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// fetch writes a file beside its place, goes on where a part of it is already, and puts it there once it is whole.
func (r *round) fetch(ctx context.Context, path string, e *entry) error {
	if err := r.Root.Mkdir(partial, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	sum := sha256.Sum256([]byte(path))
	part := filepath.Join(partial, hex.EncodeToString(sum[:]))
	if r.hashed {
		// What is there was verified and found wrong.
		if err := r.Root.RemoveAll(part); err != nil {
			return err
		}
	}
	file, err := r.Root.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(r.fill(ctx, file, path, e.Size), file.Close())
	if err != nil {
		return err
	}
	if err := r.adorn(part, e); err != nil {
		return err
	}
	return r.Root.Rename(part, path)
}

func (r *round) fill(ctx context.Context, file *os.File, path string, size int64) error {
	have, err := file.Seek(0, io.SeekEnd)
	if err == nil && have > size {
		have, err = 0, file.Truncate(0)
	}
	if err != nil || have == size {
		return err
	}
	answer, err := r.get(ctx, fileQuery(path), have)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		have = 0
	}
	if _, err := file.Seek(have, io.SeekStart); err != nil {
		return err
	}
	n, err := io.Copy(file, remote{answer.Body})
	if err != nil {
		return err
	}
	if have+n != size {
		return fmt.Errorf("%w: %d bytes of %d came", errRemote, have+n, size)
	}
	return nil
}

// remote tells the source's failures from those of the volume.
type remote struct{ io.Reader }

func (r remote) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", errRemote, err)
	}
	return n, err
}

// flush has the disk hold what was written to the volume.
func flush(root *os.Root) error {
	directory, err := root.Open(".")
	if err != nil {
		return err
	}
	defer directory.Close()
	return unix.Syncfs(int(directory.Fd()))
}
