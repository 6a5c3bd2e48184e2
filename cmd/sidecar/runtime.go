// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"time"
)

// runtime is HAProxy's Runtime API.
type runtime struct{ socket string }

// largestPayload is what fits into one of HAProxy's buffers together with the command.
const largestPayload = 15 << 10

// What HAProxy answers when it has done what was asked.
var (
	set       = regexp.MustCompile(`(?i)^transaction (created|updated) for`)
	committed = regexp.MustCompile(`(?m)^Success!$`)
)

// replaceCertificate puts a certificate and its key in the place of a file's. Connections that stand keep what they began with.
func (r runtime) replaceCertificate(file string, pair []byte) error {
	if len(pair) > largestPayload {
		return fmt.Errorf("%s and its key have %d bytes, HAProxy takes %d", file, len(pair), largestPayload)
	}
	err := r.ask("set ssl cert "+file+" <<\n"+string(pair), set)
	if err == nil {
		err = r.ask("commit ssl cert "+file, committed)
	}
	if err != nil {
		// What was set stays pending, until the next one takes its place.
		return fmt.Errorf("HAProxy refuses the new %s: %w", file, err)
	}
	return nil
}

// ask sends one command and fails unless the answer is as expected. Its error repeats a line of the answer and nothing of
// the command, which may hold a key.
func (r runtime) ask(command string, expected *regexp.Regexp) error {
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
	answer = bytes.TrimSpace(answer)
	if expected.Match(answer) {
		return nil
	}
	line, _, _ := strings.Cut(string(answer), "\n")
	if line == "" || len(line) > 200 || strings.Contains(command, line) {
		line = "it does not say why"
	}
	return errors.New(line)
}
