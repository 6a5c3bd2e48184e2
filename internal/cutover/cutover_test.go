// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cutover

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const token = "copy-1"

// volume is a directory that stands for one.
type volume struct {
	t    *testing.T
	dir  string
	root *os.Root
}

func newVolume(t *testing.T) volume {
	t.Helper()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	must(t, err)
	t.Cleanup(func() { root.Close() })
	return volume{t, dir, root}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (v volume) at(path string) string { return filepath.Join(v.dir, path) }

func (v volume) write(path, content string, mode fs.FileMode) {
	v.t.Helper()
	must(v.t, os.MkdirAll(filepath.Dir(v.at(path)), 0o755))
	must(v.t, os.WriteFile(v.at(path), []byte(content), 0o600))
	must(v.t, os.Chmod(v.at(path), mode))
	v.age(path, time.Hour)
}

// age makes a file older, so that a copy that does not set times shows.
func (v volume) age(path string, by time.Duration) {
	v.t.Helper()
	then := time.Now().Add(-by)
	must(v.t, os.Chtimes(v.at(path), then, then))
}

// content says what a volume holds: kind, mode, time, and bytes or where it leads.
func (v volume) content() map[string]string {
	v.t.Helper()
	found := map[string]string{}
	must(v.t, walk(v.root, ".", func(path string, info fs.FileInfo) error {
		e, err := describe(v.root, path, info, true)
		if err != nil || e == nil {
			return err
		}
		found[path] = fmt.Sprintf("%s %d %x %s %d", e.Mode, e.Size, e.Hash, e.Link, e.Group)
		if info.Mode().Type() != fs.ModeSymlink {
			found[path] += info.ModTime().UTC().Format(time.RFC3339)
		}
		return nil
	}))
	return found
}

func same(t *testing.T, from, to volume) {
	t.Helper()
	want, got := from.content(), to.content()
	for path, is := range want {
		if got[path] != is {
			t.Errorf("%q: %q at the target, %q at the source", path, got[path], is)
		}
	}
	for path := range got {
		if _, known := want[path]; !known {
			t.Errorf("%q is at the target alone", path)
		}
	}
}

// served counts how often each file was asked for.
type served struct {
	*httptest.Server
	files atomic.Int32
	// between is asked before each answer; false: the answer is cut.
	between func(*http.Request) bool
}

func serve(t *testing.T, v volume) *served {
	t.Helper()
	s := &served{}
	source := Source(v.root, token)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/file") {
			s.files.Add(1)
		}
		if s.between != nil && !s.between(r) {
			w = &cut{ResponseWriter: w, left: 10}
		}
		source.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// cut lets some bytes of an answer through and then breaks the connection.
type cut struct {
	http.ResponseWriter
	left int
}

func (c *cut) Write(p []byte) (int, error) {
	if len(p) > c.left {
		_, _ = c.ResponseWriter.Write(p[:c.left])
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		panic(http.ErrAbortHandler)
	}
	c.left -= len(p)
	return c.ResponseWriter.Write(p)
}

func (s *served) target(v volume) Target {
	return Target{Root: v.root, Source: s.URL + "/" + token, Client: s.Client(), Wait: time.Millisecond}
}

// database is a source with all that a volume may hold.
func database(t *testing.T) volume {
	t.Helper()
	v := newVolume(t)
	v.write("pgdata/base/1/112", strings.Repeat("row ", 50000), 0o600)
	v.write("pgdata/PG_VERSION", "17\n", 0o640)
	v.write("pgdata/empty", "", 0o400)
	v.write("pgdata/\xff\xfe not UTF-8\n?&#%", "bytes", 0o644)
	v.write("sealed/one", "1", 0o444)
	must(t, os.MkdirAll(v.at("pgdata/pg_wal/archive_status"), 0o700))
	must(t, os.Symlink("PG_VERSION", v.at("pgdata/link")))
	must(t, os.Symlink("/etc/passwd", v.at("pgdata/outside")))
	must(t, os.Symlink("../../nowhere", v.at("pgdata/broken")))
	must(t, os.Chmod(v.at("pgdata"), 0o700))
	must(t, os.Chmod(v.at("sealed"), 0o500))
	must(t, syscall.Mkfifo(v.at("pgdata/pipe"), 0o600))
	socket, err := net.ListenUnix("unix", &net.UnixAddr{Name: v.at("s"), Net: "unix"})
	must(t, err)
	t.Cleanup(func() { socket.Close() })
	for _, dir := range []string{"pgdata/pg_wal/archive_status", "pgdata", "sealed"} {
		v.age(dir, 2*time.Hour)
	}
	t.Cleanup(func() { _ = os.Chmod(v.at("sealed"), 0o700) })
	return v
}

func writable(t *testing.T, v volume) {
	t.Cleanup(func() { _ = os.Chmod(v.at("sealed"), 0o700) })
}

func TestEverythingIsCopied(t *testing.T) {
	from, to := database(t), newVolume(t)
	writable(t, to)
	report, err := serve(t, from).target(to).Fetch(t.Context())
	must(t, err)
	same(t, from, to)
	if want := (Report{Files: 5, Bytes: 200000 + 3 + 5 + 1}); report != want {
		t.Errorf("%v, want %v", report, want)
	}
	if _, err := os.Lstat(to.at(partial)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is left: %v", partial, err)
	}
	if info, err := os.Stat(to.at("sealed")); err != nil || info.Mode().Perm() != 0o500 {
		t.Errorf("sealed: %v %v", info, err)
	}
}

// What is there is not sent again, and what is not as it should be is mended: also where size and time are right and the bytes are not.
func TestACopyGoesOn(t *testing.T) {
	from, to := database(t), newVolume(t)
	writable(t, to)
	source := serve(t, from)
	_, err := source.target(to).Fetch(t.Context())
	must(t, err)
	for name, row := range map[string]struct {
		change func()
		files  int32
	}{
		"nothing happened": {func() {}, 0},
		"a file is gone":   {func() { must(t, os.Remove(to.at("pgdata/PG_VERSION"))) }, 1},
		"other bytes of the same size and time": {func() {
			must(t, os.WriteFile(to.at("pgdata/PG_VERSION"), []byte("16\n"), 0o640))
			then := from.info("pgdata/PG_VERSION").ModTime()
			must(t, os.Chtimes(to.at("pgdata/PG_VERSION"), then, then))
		}, 1},
		"another mode":                {func() { must(t, os.Chmod(to.at("pgdata/PG_VERSION"), 0o666)) }, 0},
		"another mode of a directory": {func() { must(t, os.Chmod(to.at("pgdata"), 0o755)) }, 0},
		"a link elsewhere": {func() {
			must(t, os.Remove(to.at("pgdata/link")))
			must(t, os.Symlink("/etc/shadow", to.at("pgdata/link")))
		}, 0},
		"a directory where a file is": {func() {
			must(t, os.Remove(to.at("pgdata/PG_VERSION")))
			must(t, os.MkdirAll(to.at("pgdata/PG_VERSION/deep"), 0o700))
		}, 1},
		"a link where a directory is": {func() {
			must(t, os.RemoveAll(to.at("pgdata/pg_wal")))
			must(t, os.Symlink("/tmp", to.at("pgdata/pg_wal")))
		}, 0},
		"what the source does not have": {func() { must(t, os.MkdirAll(to.at("pgdata/old/er"), 0o700)) }, 0},
		"an empty file is gone":         {func() { must(t, os.Remove(to.at("pgdata/empty"))) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			row.change()
			source.files.Store(0)
			_, err := source.target(to).Fetch(t.Context())
			must(t, err)
			same(t, from, to)
			if asked := source.files.Load(); asked != row.files {
				t.Errorf("%d files were asked for, want %d", asked, row.files)
			}
		})
	}
}

func (v volume) info(path string) fs.FileInfo {
	v.t.Helper()
	info, err := os.Lstat(v.at(path))
	must(v.t, err)
	return info
}

// A target that is killed anywhere leaves what the next one goes on with: a part of a file is not sent twice either.
func TestAKilledTargetGoesOn(t *testing.T) {
	from, to := newVolume(t), newVolume(t)
	big := bytes.Repeat([]byte("0123456789"), 1<<20)
	must(t, os.WriteFile(from.at("big"), big, 0o600))
	from.age("big", time.Hour)
	source := serve(t, from)
	ctx, kill := context.WithCancel(t.Context())
	target := source.target(to)
	target.Client = &http.Client{Transport: killing{source.Client().Transport, kill, 3 << 20}}
	if _, err := target.Fetch(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if _, err := os.Lstat(to.at("big")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("a part stands where the whole belongs")
	}
	var first string
	source.between = func(r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/file") && first == "" {
			first = r.Header.Get("Range")
		}
		return true
	}
	_, err := source.target(to).Fetch(t.Context())
	must(t, err)
	same(t, from, to)
	if first == "" || first == "bytes=0-" {
		t.Errorf("began with range %q", first)
	}
}

// killing ends the target after some bytes of a file.
type killing struct {
	http.RoundTripper
	kill  func()
	after int64
}

func (k killing) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := k.RoundTripper.RoundTrip(r)
	if err == nil && strings.HasSuffix(r.URL.Path, "/file") {
		answer.Body = &killingBody{ReadCloser: answer.Body, killing: k}
	}
	return answer, err
}

type killingBody struct {
	io.ReadCloser
	killing
}

func (b *killingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.after -= int64(n); b.after < 0 {
		b.kill()
	}
	return n, err
}

// Answers that break off, of the tree and of files, are asked for again.
func TestABrokenWayIsTriedAgain(t *testing.T) {
	from, to := database(t), newVolume(t)
	writable(t, to)
	source := serve(t, from)
	var answers atomic.Int32
	source.between = func(*http.Request) bool { return answers.Add(1)%2 == 0 }
	_, err := source.target(to).Fetch(t.Context())
	must(t, err)
	same(t, from, to)
}

func TestAnotherCopysSourceGivesNothing(t *testing.T) {
	from, to := database(t), newVolume(t)
	target := serve(t, from).target(to)
	target.Source += "-other"
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := target.Fetch(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if len(to.content()) > 0 {
		t.Error("something was copied")
	}
}

// What cannot be copied ends the copy with its name: nothing is left out in silence.
func TestRefused(t *testing.T) {
	for name, row := range map[string]struct {
		make func(*testing.T, volume)
		says string
	}{
		"a device": {func(t *testing.T, v volume) {
			if err := syscall.Mknod(v.at("null"), syscall.S_IFCHR|0o666, 1<<8|3); err != nil {
				t.Skipf("SKIPPED: only root makes devices: %v", err)
			}
		}, `"null" is a device`},
		"the copy's own name": {func(_ *testing.T, v volume) { v.write(partial+"/x", "x", 0o600) }, `".govpk-copy" is a name that the copy itself needs`},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := newVolume(t), newVolume(t)
			row.make(t, from)
			var refused refusal
			if _, err := serve(t, from).target(to).Fetch(t.Context()); !errors.As(err, &refused) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
}

func TestUnreadableFilesAreRefused(t *testing.T) {
	if err := unreadable("secret", fs.ErrPermission); !errors.As(err, new(refusal)) || !strings.Contains(err.Error(), `"secret" may not be read`) {
		t.Error(err)
	}
	if err := unreadable("broken", syscall.EIO); errors.As(err, new(refusal)) {
		t.Error("a disk that errs may not err again")
	}
	if err := full(fmt.Errorf("x: %w", syscall.ENOSPC)); !errors.As(err, new(refusal)) || !strings.Contains(err.Error(), "storage.size") {
		t.Error(err)
	}
}

// A source that was taken over may name anything: the target writes nothing outside of its volume, and follows no link.
func TestAHostileSourceWritesNothingElsewhere(t *testing.T) {
	outside := t.TempDir()
	for _, tree := range []string{
		`{"path":"Li4vZXNjYXBlZA==","size":1}`,     // ../escaped
		`{"path":"L2V0Yy9lc2NhcGVk","size":1}`,     // /etc/escaped
		`{"path":"Lg==","mode":2147484096}`,        // .
		`{"path":"YS8uLi8uLi9i","size":1}`,         // a/../../b
		`{"path":"LmdvdnBrLWNvcHkveA==","size":1}`, // .govpk-copy/x
		`{"path":"ZGV2","mode":69206454}`,          // a device
		fmt.Sprintf(`{"path":"bGluaw==","mode":%d,"link":%q}`+"\n"+`{"path":"bGluay9ncmVldGluZw==","size":1}`, uint32(fs.ModeSymlink|0o777), b64(outside)), // link -> outside, link/greeting
	} {
		to := newVolume(t)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/file") {
				fmt.Fprint(w, "x")
				return
			}
			fmt.Fprintln(w, tree)
			fmt.Fprintln(w, `{"end":true}`)
		}))
		t.Cleanup(server.Close)
		if _, err := (Target{Root: to.root, Source: server.URL, Client: server.Client(), Wait: time.Microsecond}).Fetch(t.Context()); err == nil {
			t.Errorf("%s is taken", tree)
		}
		if found, err := os.ReadDir(outside); err != nil || len(found) > 0 {
			t.Errorf("%s: %v is outside, %v", tree, found, err)
		}
	}
}

func TestTheSourceServesNothingElse(t *testing.T) {
	from := database(t)
	source := serve(t, from)
	for _, path := range []string{"../../etc/passwd", "/etc/passwd", "pgdata/outside", "pgdata/link", "pgdata", "pgdata/pipe", "s", ""} {
		answer, err := source.Client().Get(source.URL + "/" + token + fileQuery(path))
		must(t, err)
		answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("%q: %s", path, answer.Status)
		}
	}
	answer, err := source.Client().Post(source.URL+"/"+token+"/tree", "", nil)
	must(t, err)
	answer.Body.Close()
	if answer.StatusCode != http.StatusMethodNotAllowed {
		t.Error(answer.Status)
	}
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
