// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	netlisters "k8s.io/client-go/listers/networking/v1"
	"k8s.io/client-go/tools/cache"
)

// coverTimeout is how long a pod is held back; the runtime tries again later.
const coverTimeout = 5 * time.Second

type enforcer struct {
	pods       corelisters.PodLister
	namespaces corelisters.NamespaceLister
	policies   netlisters.NetworkPolicyLister

	dirty   chan struct{}
	applied string

	mu sync.Mutex
	// announced holds addresses that the API server may not know yet.
	announced map[types.UID]string
	waiting   map[types.UID]chan struct{}
}

func newEnforcer() *enforcer {
	return &enforcer{
		dirty:     make(chan struct{}, 1),
		announced: map[types.UID]string{},
		waiting:   map[types.UID]chan struct{}{},
	}
}

func (e *enforcer) watch(ctx context.Context, client kubernetes.Interface) error {
	factory := informers.NewSharedInformerFactory(client, 0)
	pods, namespaces, policies := factory.Core().V1().Pods(), factory.Core().V1().Namespaces(), factory.Networking().V1().NetworkPolicies()
	e.pods, e.namespaces, e.policies = pods.Lister(), namespaces.Lister(), policies.Lister()
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { e.mark() },
		UpdateFunc: func(_, _ any) { e.mark() },
		DeleteFunc: func(any) { e.mark() },
	}
	for _, informer := range []cache.SharedIndexInformer{pods.Informer(), namespaces.Informer(), policies.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	for kind, synced := range factory.WaitForCacheSync(ctx.Done()) {
		if !synced {
			return fmt.Errorf("cannot list %s", kind)
		}
	}
	return nil
}

func (e *enforcer) mark() {
	select {
	case e.dirty <- struct{}{}:
	default:
	}
}

func (e *enforcer) loop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.dirty:
		}
		if err := e.pass(ctx); err != nil {
			log.Print(err)
			time.AfterFunc(time.Second, e.mark)
		}
	}
}

// pass brings the table in step with the caches and lets covered pods start.
func (e *enforcer) pass(ctx context.Context) error {
	s, seen, err := e.gather()
	if err != nil {
		return err
	}
	if rules := s.render(); rules != e.applied {
		start := time.Now()
		nft := exec.CommandContext(ctx, "nft", "-f", "-")
		nft.Stdin = strings.NewReader(rules)
		if out, err := nft.CombinedOutput(); err != nil {
			return fmt.Errorf("nft: %w\n%s\n%s", err, out, rules)
		}
		e.applied = rules
		log.Printf("applied %d bytes in %s", len(rules), time.Since(start).Round(time.Millisecond))
	}
	e.release(seen)
	return nil
}

func (e *enforcer) gather() (state, map[types.UID]string, error) {
	s := state{namespaces: map[string]labels.Set{}}
	pods, err := e.pods.List(labels.Everything())
	if err != nil {
		return s, nil, err
	}
	namespaces, err := e.namespaces.List(labels.Everything())
	if err != nil {
		return s, nil, err
	}
	if s.policies, err = e.policies.List(labels.Everything()); err != nil {
		return s, nil, err
	}
	for _, n := range namespaces {
		s.namespaces[n.Name] = n.Labels
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	seen := map[types.UID]string{}
	for _, p := range pods {
		address := p.Status.PodIP
		if a := e.announced[p.UID]; a != "" {
			address = a
		}
		seen[p.UID] = address
		if address != "" && !p.Spec.HostNetwork && p.Status.Phase != corev1.PodSucceeded && p.Status.Phase != corev1.PodFailed {
			s.pods = append(s.pods, pod{p, address})
		}
	}
	return s, seen, nil
}

// release lets the pods go that the applied table covers, and forgets the
// addresses of pods that are gone.
func (e *enforcer) release(seen map[types.UID]string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for uid, covered := range e.waiting {
		if a, ok := seen[uid]; ok && a == e.announced[uid] {
			close(covered)
			delete(e.waiting, uid)
		}
	}
	for uid := range e.announced {
		if _, ok := seen[uid]; !ok && e.waiting[uid] == nil {
			delete(e.announced, uid)
		}
	}
}

// cover announces a pod's address and waits until the table covers it.
func (e *enforcer) cover(a announcement) error {
	e.mu.Lock()
	covered := make(chan struct{})
	e.announced[a.UID] = a.Address
	e.waiting[a.UID] = covered
	e.mu.Unlock()
	e.mark()
	select {
	case <-covered:
		return nil
	case <-time.After(coverTimeout):
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.waiting[a.UID] == covered {
			delete(e.waiting, a.UID)
		}
		return fmt.Errorf("pod %s: its network policies were not in force after %s; see netpol.log", a.Pod, coverTimeout)
	}
}

func (e *enforcer) listen(ctx context.Context, socket string) error {
	if err := os.RemoveAll(socket); err != nil {
		return err
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	context.AfterFunc(ctx, func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			} else if err != nil {
				log.Fatal(err)
			}
			go e.serve(conn)
		}
	}()
	return nil
}

func (e *enforcer) serve(conn net.Conn) {
	defer conn.Close()
	var a announcement
	var r reply
	if err := json.NewDecoder(conn).Decode(&a); errors.Is(err, io.EOF) {
		return // somebody asked only whether the enforcer is there
	} else if err != nil {
		r.Error = err.Error()
	} else if err := e.cover(a); err != nil {
		r.Error = err.Error()
	}
	if err := json.NewEncoder(conn).Encode(r); err != nil {
		log.Printf("pod %s: %v", a.Pod, err)
	}
}
