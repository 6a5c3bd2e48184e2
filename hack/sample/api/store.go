// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// schema is the newest schema that this build knows; set when linking.
var schema = "2"

// Each schema only adds to the one before, so that the release before still runs on it.
const (
	createVisits = `CREATE TABLE IF NOT EXISTS visits (
		id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
		patient text NOT NULL, note text NOT NULL, at timestamptz NOT NULL DEFAULT now())`
	addDepartment = `ALTER TABLE visits ADD COLUMN IF NOT EXISTS department text NOT NULL DEFAULT 'General'`
)

// visit is one visit of a patient, and what was noted.
type visit struct {
	ID      int64     `json:"id"`
	Patient string    `json:"patient"`
	Note    string    `json:"note"`
	At      time.Time `json:"at"`
	// Department came with schema 2.
	Department string `json:"department,omitempty"`
}

// store keeps visits in PostgreSQL. A nil store is an API without database.
type store struct{ pool *pgxpool.Pool }

// openStore does not connect yet. It returns nil when no DB_HOST is given.
func openStore(ctx context.Context, env func(string) string) (*store, error) {
	if env("DB_HOST") == "" {
		return nil, nil
	}
	for _, name := range []string{"DB_PORT", "DB_USER", "DB_PASSWORD", "DB_NAME"} {
		if env(name) == "" {
			return nil, fmt.Errorf("%s is empty: with DB_HOST it is needed", name)
		}
	}
	port, err := strconv.ParseUint(env("DB_PORT"), 10, 16)
	if err != nil {
		return nil, fmt.Errorf("DB_PORT: %w", err)
	}
	// The platform encrypts what is between components.
	config, err := pgxpool.ParseConfig("sslmode=disable connect_timeout=5")
	if err != nil {
		return nil, err
	}
	config.ConnConfig.Host, config.ConnConfig.Port = env("DB_HOST"), uint16(port)
	config.ConnConfig.User, config.ConnConfig.Password = env("DB_USER"), env("DB_PASSWORD")
	config.ConnConfig.Database = env("DB_NAME")
	pool, err := pgxpool.NewWithConfig(ctx, config)
	return &store{pool: pool}, err
}

func (s *store) close() {
	if s != nil {
		s.pool.Close()
	}
}

// migrate may run any number of times, also at the same time.
func (s *store) migrate(ctx context.Context) error {
	if s == nil {
		return errors.New("migrate: DB_HOST is empty: there is no database to migrate")
	}
	statements := []string{"SELECT pg_advisory_xact_lock(20261122)", createVisits}
	if schema != "1" {
		statements = append(statements, addDepartment)
	}
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	log.Printf("migrate: the database has schema %s", schema)
	return nil
}

// columns of schema 1 keep their meaning in every later one.
func columns() string {
	if schema == "1" {
		return "id, patient, note, at, '' AS department"
	}
	return "id, patient, note, at, department"
}

// ready says whether the database answers with the schema that this build needs.
func (s *store) ready(w http.ResponseWriter, r *http.Request) {
	if s != nil {
		if _, err := s.pool.Exec(r.Context(), "SELECT "+columns()+" FROM visits LIMIT 0"); err != nil {
			fail(w, err)
			return
		}
	}
	fmt.Fprintln(w, "ok")
}

func (s *store) list(w http.ResponseWriter, r *http.Request) {
	rows, err := s.pool.Query(r.Context(), "SELECT "+columns()+" FROM visits ORDER BY id DESC LIMIT 100")
	if err != nil {
		fail(w, err)
		return
	}
	visits, err := pgx.CollectRows(rows, pgx.RowToStructByPos[visit])
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, visits)
}

func (s *store) add(w http.ResponseWriter, r *http.Request) {
	var v visit
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&v); err != nil || v.Patient == "" || v.Note == "" {
		http.Error(w, `give {"patient": "…", "note": "…"}`, http.StatusBadRequest)
		return
	}
	insert, args := "INSERT INTO visits (patient, note) VALUES ($1, $2)", []any{v.Patient, v.Note}
	if schema != "1" && v.Department != "" {
		insert, args = "INSERT INTO visits (patient, note, department) VALUES ($1, $2, $3)", append(args, v.Department)
	}
	rows, err := s.pool.Query(r.Context(), insert+" RETURNING "+columns(), args...)
	if err != nil {
		fail(w, err)
		return
	}
	if v, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[visit]); err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusCreated, v)
}

// session holds one session of the database for ?seconds=N and asks it each second which backend serves it.
func (s *store) session(w http.ResponseWriter, r *http.Request) {
	duration, ok := number(w, r, "seconds", time.Second, maxHold)
	if !ok {
		return
	}
	conn, err := s.pool.Acquire(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	defer conn.Release()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	flow := http.NewResponseController(w)
	for range int(duration / time.Second) {
		var backend int
		if err := conn.QueryRow(r.Context(), "SELECT pg_backend_pid()").Scan(&backend); err != nil {
			fmt.Fprintln(w, err)
			return
		}
		fmt.Fprintln(w, backend)
		if flow.Flush() != nil {
			return
		}
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
		}
	}
}

// fail gives the database's own words.
func fail(w http.ResponseWriter, err error) {
	log.Print(err)
	http.Error(w, err.Error(), http.StatusServiceUnavailable)
}
