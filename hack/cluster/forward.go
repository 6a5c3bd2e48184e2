// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"io"
	"log"
	"net"
	"time"
)

// forward copies each connection of the listener to the address. The listener
// belongs to the host's network namespace, the address to this process's.
func forward(listener net.Listener, address string) {
	for {
		conn, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil {
			log.Printf("forward %s: %v", listener.Addr(), err)
			time.Sleep(100 * time.Millisecond) // out of descriptors: let some go
			continue
		}
		go splice(conn.(*net.TCPConn), address)
	}
}

// splice ends each direction by itself, so that a peer who has finished
// sending still gets its answer.
func splice(near *net.TCPConn, address string) {
	defer near.Close()
	conn, err := net.DialTimeout("tcp", address, 5*time.Second)
	if err != nil {
		return // the caller sees its connection close
	}
	far := conn.(*net.TCPConn)
	defer far.Close()
	done := make(chan struct{})
	go func() {
		pipe(far, near)
		close(done)
	}()
	pipe(near, far)
	<-done
}

func pipe(to, from *net.TCPConn) {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil { // broken off on one side is broken off on both
		to.Close()
		from.Close()
	}
}
