// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cutover

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Report is what a finished copy holds.
type Report struct{ Files, Bytes int64 }

func (r Report) String() string { return fmt.Sprintf("%d files, %d bytes", r.Files, r.Bytes) }

// Target makes a volume alike to the one that a source serves.
type Target struct {
	// Root is the volume.
	Root *os.Root
	// Source is where the source's token is served, without a slash at the end.
	Source string
	Client *http.Client
	// Wait is before the first retry; each one waits twice as long, up to tenfold: a component is away meanwhile.
	Wait time.Duration
}

// localTries is how often in a row the target's own volume may fail. The source is waited for without end: a node may be away for long.
const localTries = 10

// errRemote is of the source or of the way to it.
var errRemote = errors.New("source")

// Fetch returns once a round that compared every file's hash found nothing to change. What it did before it was killed is not done again.
func (t Target) Fetch(ctx context.Context) (Report, error) {
	hashed, failures, wait := false, 0, t.Wait
	for {
		r := round{Target: t, hashed: hashed, seen: map[string]bool{}}
		err := r.run(ctx)
		var refused refusal
		switch {
		case err == nil && hashed && r.changes == 0:
			return r.report, t.finish()
		case err == nil:
			// The first round compares sizes and times, which tells where a copy stopped; those that follow verify.
			hashed, failures, wait = true, 0, t.Wait
			slog.Info("compared", "files", r.report.Files, "bytes", r.report.Bytes, "changed", r.changes)
			continue
		case errors.As(err, &refused), ctx.Err() != nil:
			return Report{}, err
		case !errors.Is(err, errRemote):
			failures++
			if failures == localTries {
				return Report{}, err
			}
		}
		slog.Warn("goes on where it was", "retryIn", wait, "error", err)
		select {
		case <-ctx.Done():
			return Report{}, ctx.Err()
		case <-time.After(wait):
		}
		wait = min(2*wait, 10*t.Wait)
	}
}

// finish leaves nothing of the copy itself, and has the disk hold the rest.
func (t Target) finish() error {
	if err := t.Root.RemoveAll(partial); err != nil {
		return err
	}
	return flush(t.Root)
}

// round is one comparison of both trees.
type round struct {
	Target
	hashed  bool
	changes int
	report  Report
	seen    map[string]bool
	// directories get their modes and times when nothing is written into them any more.
	directories []*entry
}

func (r *round) run(ctx context.Context) error {
	query := "/tree"
	if r.hashed {
		query += "?hash"
	}
	answer, err := r.get(ctx, query, 0)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	decoder := json.NewDecoder(bufio.NewReaderSize(answer.Body, 1<<16))
	for {
		e := &entry{}
		if err := decoder.Decode(e); err != nil {
			return fmt.Errorf("%w: the tree is cut: %w", errRemote, err)
		}
		switch {
		case e.Refused != "":
			return refusal{e.Refused}
		case e.Failed != "":
			return fmt.Errorf("%w: %s", errRemote, e.Failed)
		case e.End:
			return r.end()
		}
		if err := r.take(ctx, e); err != nil {
			return full(err)
		}
	}
}

func (r *round) end() error {
	if err := r.removeOthers("."); err != nil {
		return err
	}
	for _, e := range slices.Backward(r.directories) {
		if err := r.adorn(string(e.Path), e); err != nil {
			return err
		}
	}
	return nil
}

// take makes one entry be there as it is at the source.
func (r *round) take(ctx context.Context, e *entry) error {
	path := string(e.Path)
	if !filepath.IsLocal(path) || filepath.Clean(path) != path || path == "." || path == partial || strings.HasPrefix(path, partial+"/") {
		return refusal{fmt.Sprintf("the source names %q, which is no path of a volume", path)}
	}
	r.seen[path] = true
	local, err := r.Root.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && local.Mode().Type() != e.Mode.Type() {
		if err := r.Root.RemoveAll(path); err != nil {
			return err
		}
		local = nil
	}
	if err != nil {
		local = nil
	}
	switch e.Mode.Type() {
	case fs.ModeDir:
		return r.takeDirectory(path, e, local)
	case fs.ModeSymlink:
		return r.takeLink(path, e, local)
	case 0:
		r.report.Files++
		r.report.Bytes += e.Size
		return r.takeFile(ctx, path, e, local)
	default:
		return refusal{fmt.Sprintf("the source names %q of kind %s", path, e.Mode.Type())}
	}
}

func (r *round) takeDirectory(path string, e *entry, local fs.FileInfo) error {
	r.directories = append(r.directories, e)
	if local == nil {
		r.changes++
		return r.Root.Mkdir(path, 0o700)
	}
	if !alike(local, e) {
		r.changes++
	}
	if local.Mode().Perm()&0o700 != 0o700 {
		return r.Root.Chmod(path, 0o700)
	}
	return nil
}

func (r *round) takeLink(path string, e *entry, local fs.FileInfo) error {
	if local != nil {
		if link, err := r.Root.Readlink(path); err == nil && link == string(e.Link) {
			return nil
		}
		if err := r.Root.Remove(path); err != nil {
			return err
		}
	}
	r.changes++
	return r.Root.Symlink(string(e.Link), path)
}

func (r *round) takeFile(ctx context.Context, path string, e *entry, local fs.FileInfo) error {
	if local != nil && local.Size() == e.Size && sameTime(local, e) {
		same := true
		if r.hashed {
			sum, err := hash(r.Root, path)
			same = err == nil && bytes.Equal(sum, e.Hash)
		}
		if same && alike(local, e) {
			return nil
		}
		if same {
			r.changes++
			return r.adorn(path, e)
		}
	}
	r.changes++
	if err := r.fetch(ctx, path, e); err != nil {
		return fmt.Errorf("%q: %w", path, err)
	}
	return nil
}

// alike compares what can be set: bits that a volume need not honour are not compared.
func alike(local fs.FileInfo, e *entry) bool {
	return local.Mode().Perm() == e.Mode.Perm() && sameTime(local, e)
}

// sameTime allows for file systems that keep times less exactly.
func sameTime(local fs.FileInfo, e *entry) bool {
	return local.ModTime().Sub(time.UnixMicro(e.ModTime)).Abs() <= 2*time.Second
}

// adorn sets what is beside a file's content. A group that the component's user is not in stays the volume's.
func (r *round) adorn(path string, e *entry) error {
	if err := r.Root.Lchown(path, -1, e.Group); err != nil && !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if err := r.Root.Chmod(path, e.Mode&(fs.ModePerm|fs.ModeSetuid|fs.ModeSetgid|fs.ModeSticky)); err != nil {
		return err
	}
	return r.Root.Chtimes(path, time.Time{}, time.UnixMicro(e.ModTime))
}

// removeOthers removes what the source does not have.
func (r *round) removeOthers(dir string) error {
	names, err := list(r.Root, dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		path := filepath.Join(dir, name)
		info, err := r.Root.Lstat(path)
		if err != nil {
			return err
		}
		switch {
		case path == partial, platforms(path, info):
		case !r.seen[path]:
			r.changes++
			if err := r.Root.RemoveAll(path); err != nil {
				return err
			}
		case info.IsDir():
			if err := r.removeOthers(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// get asks the source from an offset on.
func (r *round) get(ctx context.Context, query string, offset int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Source+query, nil)
	if err != nil {
		return nil, err
	}
	if offset > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", offset))
	}
	answer, err := r.Client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errRemote, err)
	}
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusPartialContent {
		answer.Body.Close()
		return nil, fmt.Errorf("%w: %s", errRemote, answer.Status)
	}
	return answer, nil
}

func fileQuery(path string) string { return "/file?path=" + url.QueryEscape(path) }

// full is a volume that has no room: no further try mends that.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return refusal{"the new volume is full: " + err.Error() + "; declare a larger spec.components[].storage.size"}
	}
	return err
}
