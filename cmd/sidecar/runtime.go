// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// runtime is HAProxy's Runtime API.
type runtime struct{ socket string }

// largestPayload is what fits into one of HAProxy's buffers together with the command.
const largestPayload = 15 << 10

// replace puts content in the place of a file's. Connections that stand keep what they were made with.
func (r runtime) replace(kind, file string, content []byte) error {
	if len(content) > largestPayload {
		return fmt.Errorf("%s has %d bytes of certificates, HAProxy takes %d at once: leave out those that nobody uses any more", file, len(content), largestPayload)
	}
	name := kind + " " + file
	err := r.ask("set ssl "+name+" <<\n"+string(content), "Transaction ")
	if err == nil {
		err = r.ask("commit ssl "+name, "Success!")
	}
	if err != nil {
		// What was set stays pending otherwise.
		_ = r.ask("abort ssl "+name, "aborted")
		return fmt.Errorf("HAProxy takes no new %s: %w", name, err)
	}
	return nil
}

// ask sends one command and fails unless the answer has what is expected. It repeats one line of the answer, of the
// command nothing: it may hold a key.
func (r runtime) ask(command, expected string) error {
	conn, err := net.DialTimeout("unix", r.socket, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, command+"\n"); err != nil {
		return err
	}
	answer, err := io.ReadAll(conn)
	if err != nil {
		return err
	}
	if bytes.Contains(answer, []byte(expected)) {
		return nil
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(answer)), "\n")
	if line == "" || len(line) > 200 || strings.Contains(command, line) {
		line = "it does not say why"
	}
	return errors.New(line)
}
