// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// The parts of DNS (RFC 1035) that an answer needs.
const (
	dnsHeader  = 12
	dnsTypeA   = 1
	dnsUnknown = 3
)

// names answers over UDP for the host of "host=IPv4 address" and knows no other name: the name server of a cluster without one.
func names(ctx context.Context, conn net.PacketConn, known string) error {
	host, value, _ := strings.Cut(known, "=")
	address, err := netip.ParseAddr(value)
	if err != nil || !address.Is4() {
		return fmt.Errorf("names %q: give host=IPv4 address", known)
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	query := make([]byte, 4096)
	for {
		n, from, err := conn.ReadFrom(query)
		switch {
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			return err
		}
		if reply := named(query[:n], host, address); reply != nil {
			if _, err := conn.WriteTo(reply, from); err != nil {
				return err
			}
		}
	}
}

// named answers a query of one question; nil: it is none.
func named(query []byte, host string, address netip.Addr) []byte {
	if len(query) < dnsHeader || query[2]&0x80 != 0 || binary.BigEndian.Uint16(query[4:]) != 1 {
		return nil
	}
	var labels []string
	end := dnsHeader
	for end < len(query) && query[end] != 0 {
		next := end + 1 + int(query[end])
		if query[end] > 63 || next >= len(query) {
			return nil
		}
		labels = append(labels, string(query[end+1:next]))
		end = next
	}
	question := end + 5
	if question > len(query) {
		return nil
	}
	reply := append([]byte{}, query[:question]...)
	copy(reply[2:], []byte{0x84, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	switch {
	case !strings.EqualFold(strings.Join(labels, "."), host):
		reply[3] = dnsUnknown
	case binary.BigEndian.Uint16(query[end+1:]) == dnsTypeA:
		reply[7] = 1
		// The name of the question, class IN, five seconds.
		reply = append(reply, 0xc0, dnsHeader, 0, dnsTypeA, 0, 1, 0, 0, 0, 5, 0, 4)
		reply = append(reply, address.AsSlice()...)
	}
	return reply
}
