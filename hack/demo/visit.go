// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

func (d *demo) visit(ctx context.Context, _ *Step) (string, error) {
	response, err := d.cluster.Public().Post(ctx, url+"api/visits", fmt.Sprintf(`{"patient": "Ayesha", "note": %q}`, d.note()))
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("%sapi/visits answers %d", url, response.StatusCode)
	}
	return "a migration had made its table before the release rolled", d.remembers(ctx)
}

func (d *demo) note() string { return "first visit of run " + d.run }

// remembers is an error while the visit is not among those that the application lists.
func (d *demo) remembers(ctx context.Context) error {
	response, err := d.cluster.Public().Get(ctx, url+"api/visits")
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && !strings.Contains(string(body), d.note()) {
		err = fmt.Errorf("%sapi/visits answers %d without the visit: %.200s", url, response.StatusCode, body)
	}
	return err
}
