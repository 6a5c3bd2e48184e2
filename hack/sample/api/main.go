// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command api is the back end of the sample application. Besides a greeting it
// offers what tests of flows and scaling need, and with a database it keeps
// visits: DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME say where.
//
//	api           serves on :8080
//	api migrate   brings the database to this version's schema
//	api names h=a answers DNS for host h with address a on :53
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Set when linking, so that versions are images of their own.
var (
	version = "dev"
	broken  string
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("api " + version + ": ")
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, args []string) error {
	if broken != "" {
		return errors.New("cannot start: this build is broken on purpose, for rollouts that must fail")
	}
	db, err := openStore(ctx, os.Getenv)
	if err != nil {
		return err
	}
	defer db.close()
	switch {
	case len(args) == 0:
		return serve(ctx, db)
	case len(args) == 1 && args[0] == "migrate":
		return db.migrate(ctx)
	case len(args) == 2 && args[0] == "names":
		conn, err := net.ListenPacket("udp", ":53")
		if err != nil {
			return err
		}
		return names(ctx, conn, args[1])
	}
	return fmt.Errorf("%q: say nothing, migrate, or names host=address", args)
}

func serve(ctx context.Context, db *store) error {
	server := &http.Server{Addr: ":8080", Handler: handler(db), ReadHeaderTimeout: 5 * time.Second}
	rpc, err := serveGRPC(grpcAddress)
	if err != nil {
		return err
	}
	defer rpc.Stop()
	go func() {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if server.Shutdown(drain) != nil {
			server.Close() // held connections never become idle
		}
	}()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func handler(db *store) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", db.ready)
	mux.HandleFunc("GET /api/greeting", greeting)
	mux.HandleFunc("GET /api/hold", hold)
	mux.HandleFunc("GET /api/reach", reach)
	mux.HandleFunc("GET /api/resolve", resolve)
	mux.HandleFunc("GET /api/socket", socket)
	mux.HandleFunc("GET /api/burn", burn)
	mux.HandleFunc("GET /api/ask", ask)
	mux.HandleFunc("GET /api/grpc", askGRPC)
	if db != nil {
		mux.HandleFunc("GET /api/session", db.session)
		mux.HandleFunc("GET /api/visits", db.list)
		mux.HandleFunc("POST /api/visits", db.add)
	}
	return mux
}

func greeting(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{"message": "Assalam o alaikum", "version": version})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Print(err)
	}
}
