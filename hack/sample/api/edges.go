// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

const (
	grpcAddress = ":9090"
	maxAsk      = 10 * time.Minute
	askTimeout  = 5 * time.Second
	// A failure that is told apart is enough to know; thousands of them are one.
	maxProblems = 20
)

// peer is where an edge of this component leads, as the platform says it.
func peer(name string) string {
	return net.JoinHostPort(os.Getenv(name+"_HOST"), os.Getenv(name+"_PORT"))
}

// tally counts what was asked of a peer.
type tally struct {
	mutex    sync.Mutex
	Asked    int      `json:"asked"`
	Failed   int      `json:"failed"`
	Problems []string `json:"problems,omitempty"`
}

func (t *tally) add(err error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.Asked++
	if err == nil {
		return
	}
	t.Failed++
	if len(t.Problems) < maxProblems {
		t.Problems = append(t.Problems, fmt.Sprintf("%s %v", time.Now().Format(time.StampMilli), err))
	}
}

// ask sends ?rate= requests a second along the edge API for ?seconds=, every other one on a connection of its own, and says
// each second how many there were and failed.
func ask(w http.ResponseWriter, r *http.Request) {
	duration, ok := number(w, r, "seconds", time.Second, maxAsk)
	if !ok {
		return
	}
	rate, ok := number(w, r, "rate", 1, 1000)
	if !ok {
		return
	}
	kept := &http.Client{Timeout: askTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	fresh := &http.Client{Timeout: askTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	defer kept.CloseIdleConnections()
	url := "http://" + peer("API") + "/api/greeting"
	var t tally
	var asked sync.WaitGroup
	begun := time.Now()
	flow := http.NewResponseController(w)
	tell := func() {
		t.mutex.Lock()
		defer t.mutex.Unlock()
		if json.NewEncoder(w).Encode(&t) == nil {
			_ = flow.Flush()
		}
	}
	for i := range int(rate) * int(duration/time.Second) {
		client := kept
		if i%2 == 0 {
			client = fresh
		}
		asked.Go(func() { t.add(askOnce(client, url)) })
		if i%int(rate) == 0 {
			tell()
		}
		// By the clock, not by ticks: those of a busy moment would be lost.
		select {
		case <-r.Context().Done():
			return
		case <-time.After(time.Until(begun.Add(time.Duration(i+1) * time.Second / rate))):
		}
	}
	asked.Wait()
	tell()
}

func askOnce(client *http.Client, url string) error {
	response, err := client.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, response.Status)
	}
	return nil
}

type grpcServer struct {
	*grpc.Server
	address string
}

// serveGRPC offers gRPC's own health service, a stream of it included.
func serveGRPC(address string) (*grpcServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }() // it ends by Stop
	return &grpcServer{server, listener.Addr().String()}, nil
}

// askGRPC asks along the edge GRPC, once and by a stream.
func askGRPC(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), askTimeout)
	defer cancel()
	conn, err := grpc.NewClient("passthrough:///"+peer("GRPC"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		fail(w, err)
		return
	}
	defer conn.Close()
	client := grpc_health_v1.NewHealthClient(conn)
	once, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		fail(w, err)
		return
	}
	stream, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		fail(w, err)
		return
	}
	first, err := stream.Recv()
	if err != nil {
		fail(w, err)
		return
	}
	answer(w, http.StatusOK, map[string]string{"check": strings.ToLower(once.Status.String()), "watch": strings.ToLower(first.Status.String())})
}
