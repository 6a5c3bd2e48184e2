// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cutover

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"time"
)

// Source serves the tree of a volume, and nothing outside of it, to whoever names the token: who may reach it is the mesh's to say.
func Source(root *os.Root, token string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+token+"/tree", func(w http.ResponseWriter, r *http.Request) { serveTree(w, root, r.URL.Query().Has("hash")) })
	mux.HandleFunc("GET /"+token+"/file", func(w http.ResponseWriter, r *http.Request) { serveFile(w, r, root) })
	return mux
}

// serveTree writes an entry a line. An answer without a last entry was cut.
func serveTree(w http.ResponseWriter, root *os.Root, hashed bool) {
	out := bufio.NewWriterSize(w, 1<<16)
	encoder := json.NewEncoder(out)
	err := walk(root, ".", func(path string, info fs.FileInfo) error {
		e, err := describe(root, path, info, hashed)
		if err != nil || e == nil {
			return err
		}
		return encoder.Encode(e)
	})
	last, refused := entry{End: true}, refusal{}
	switch {
	case errors.As(err, &refused):
		last = entry{Refused: refused.reason}
	case err != nil:
		last = entry{Failed: err.Error()}
	}
	if err != nil {
		slog.Error("the tree is not whole", "error", err)
	}
	if err := errors.Join(encoder.Encode(last), out.Flush()); err != nil {
		slog.Warn("the target went away", "error", err)
	}
}

// serveFile answers with a file's bytes, or those of a range.
func serveFile(w http.ResponseWriter, r *http.Request, root *os.Root) {
	path := r.URL.Query().Get("path")
	info, err := root.Lstat(path)
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	file, err := root.Open(path)
	if err != nil {
		http.Error(w, unreadable(path, err).Error(), http.StatusForbidden)
		return
	}
	defer file.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(w, r, "", time.Time{}, file)
}
