// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
)

func main() {
	if command := os.Getenv("CNI_COMMAND"); command != "" {
		os.Exit(plugin(command, os.Getenv("CNI_ARGS"), os.Stdin, os.Stdout))
	}
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig of a user who may list pods, namespaces and network policies")
	socket := flag.String("socket", "", "unix socket on which the network plugin announces pods")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := enforce(ctx, *kubeconfig, *socket); err != nil {
		log.Fatal(err)
	}
}

func enforce(ctx context.Context, kubeconfig, socket string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	e := newEnforcer()
	if err := e.watch(ctx, client); err != nil {
		return err
	}
	if err := e.pass(ctx); err != nil {
		return err
	}
	if err := e.listen(ctx, socket); err != nil {
		return err
	}
	e.loop(ctx)
	return nil
}
