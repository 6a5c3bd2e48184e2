// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"
)

// announcement is what the plugin tells the enforcer about a new pod.
type announcement struct {
	UID          types.UID
	Pod, Address string
}

type reply struct{ Error string }

// plugin is the last entry of the CNI chain. It changes nothing: it passes the
// previous result on once the enforcer covers the pod.
func plugin(command, args string, in io.Reader, out io.Writer) int {
	if command == "VERSION" {
		fmt.Fprintln(out, `{"cniVersion":"1.0.0","supportedVersions":["1.0.0"]}`)
		return 0
	}
	if command != "ADD" {
		return 0
	}
	result, err := add(args, in)
	if err != nil {
		raw, _ := json.Marshal(map[string]any{"cniVersion": "1.0.0", "code": 100, "msg": err.Error()}) // strings and a number
		fmt.Fprintln(out, string(raw))
		return 1
	}
	fmt.Fprintln(out, string(result))
	return 0
}

func add(args string, in io.Reader) (json.RawMessage, error) {
	var config struct {
		Socket     string
		PrevResult json.RawMessage
	}
	if err := json.NewDecoder(in).Decode(&config); err != nil {
		return nil, err
	}
	a, err := parse(args, config.PrevResult)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("unix", config.Socket)
	if err != nil {
		return nil, fmt.Errorf("the NetworkPolicy enforcer does not answer: %w", err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(2 * coverTimeout)); err != nil {
		return nil, err
	}
	if err := json.NewEncoder(conn).Encode(a); err != nil {
		return nil, err
	}
	var r reply
	if err := json.NewDecoder(conn).Decode(&r); err != nil {
		return nil, err
	}
	if r.Error != "" {
		return nil, errors.New(r.Error)
	}
	return config.PrevResult, nil
}

func parse(args string, previous json.RawMessage) (announcement, error) {
	values := map[string]string{}
	for pair := range strings.SplitSeq(args, ";") {
		k, v, _ := strings.Cut(pair, "=")
		values[k] = v
	}
	a := announcement{
		UID: types.UID(values["K8S_POD_UID"]),
		Pod: values["K8S_POD_NAMESPACE"] + "/" + values["K8S_POD_NAME"],
	}
	if a.UID == "" {
		return a, fmt.Errorf("CNI_ARGS %q names no K8S_POD_UID", args)
	}
	var result struct{ IPs []struct{ Address string } }
	if err := json.Unmarshal(previous, &result); err != nil {
		return a, fmt.Errorf("prevResult: %w", err)
	}
	if len(result.IPs) != 1 {
		return a, fmt.Errorf("prevResult: want one address, got %d", len(result.IPs))
	}
	ip, _, err := net.ParseCIDR(result.IPs[0].Address)
	if err != nil {
		return a, fmt.Errorf("prevResult: %w", err)
	}
	a.Address = ip.String()
	return a, nil
}
