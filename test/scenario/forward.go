// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scenario

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/httpstream" //nolint:staticcheck // client-go's dialer speaks this one
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport/spdy"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// repairing is whom admission lets repair by hand, in namespaces that were labelled for it; see docs/break-glass.md.
var repairing = rest.ImpersonationConfig{UserName: "engineer-9@ntc.gov.pk", Groups: []string{"platform.ntc.gov.pk:break-glass", "system:masters", "system:authenticated"}}

// portForward is the protocol of kubectl port-forward.
const portForward = "portforward.k8s.io"

// breakGlass labels a namespace for break-glass and returns once admission knows; nothing is asked of one that is labelled.
func (c *Cluster) breakGlass(ctx context.Context, namespace string) error {
	labelled := &corev1.Namespace{}
	if err := c.Admin.Get(ctx, client.ObjectKey{Name: namespace}, labelled); err != nil || labelled.Labels[v1alpha1.BreakGlassLabel] != "" {
		return err
	}
	config := rest.CopyConfig(c.Config)
	config.Impersonate = repairing
	writer, err := client.New(config, client.Options{Scheme: c.scheme})
	if err != nil {
		return err
	}
	label := client.RawPatch(types.MergePatchType, fmt.Appendf(nil, `{"metadata":{"labels":{%q:"INC-7"}}}`, v1alpha1.BreakGlassLabel))
	if err := writer.Patch(ctx, labelled, label); err != nil {
		return err
	}
	// Of Leases no policy says anything but who writes them in a managed namespace.
	return Eventually(ctx, 10*time.Second, func() error {
		return writer.Create(ctx, &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "glass"}}, client.DryRunAll)
	})
}

// Forward connects to a port of a pod as kubectl port-forward does, a new connection each time. It comes from the pod's own loopback, which no
// NetworkPolicy holds: what refuses it is in the pod. Admission lets nobody in but break-glass.
func (c *Cluster) Forward(ctx context.Context, pod *corev1.Pod, port int) (net.Conn, error) {
	if err := c.breakGlass(ctx, pod.Namespace); err != nil {
		return nil, err
	}
	config := rest.CopyConfig(c.Config)
	config.Impersonate = repairing
	set, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	url := set.CoreV1().RESTClient().Post().Resource("pods").Namespace(pod.Namespace).Name(pod.Name).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(config)
	if err != nil {
		return nil, err
	}
	connection, _, err := spdy.NewDialer(upgrader, &http.Client{Transport: transport, Timeout: 10 * time.Second}, http.MethodPost, url).Dial(portForward)
	if err != nil {
		return nil, fmt.Errorf("forward to %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	header := http.Header{}
	header.Set(corev1.PortHeader, strconv.Itoa(port))
	header.Set(corev1.PortForwardRequestIDHeader, "0")
	header.Set(corev1.StreamType, corev1.StreamTypeError)
	problems, err := connection.CreateStream(header)
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	problems.Close() // nothing is written there
	header.Set(corev1.StreamType, corev1.StreamTypeData)
	data, err := connection.CreateStream(header)
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	f := &forwarded{Stream: data, connection: connection, said: make(chan string, 1)}
	go func() {
		said, _ := io.ReadAll(problems)
		f.said <- string(said)
		if len(said) > 0 {
			_ = connection.Close() // else nobody learns that the pod has no such port
		}
	}()
	f.stop = context.AfterFunc(ctx, func() { _ = connection.Close() })
	return f, nil
}

// forwarded is a connection through the API server and the kubelet.
type forwarded struct {
	httpstream.Stream
	connection httpstream.Connection
	said       chan string
	stop       func() bool
}

// Read says why the kubelet ended the connection, where it says so.
func (f *forwarded) Read(b []byte) (int, error) {
	n, err := f.Stream.Read(b)
	if err == nil {
		return n, nil
	}
	select {
	case said := <-f.said:
		f.said <- said
		if said != "" {
			return n, errors.New(strings.TrimSpace(said))
		}
	default:
	}
	return n, err
}

func (f *forwarded) Close() error {
	f.stop()
	return errors.Join(f.Stream.Close(), f.connection.Close())
}

// A stream has no addresses and no deadlines; the context of Forward bounds it.
func (f *forwarded) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (f *forwarded) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (f *forwarded) SetDeadline(time.Time) error      { return nil }
func (f *forwarded) SetReadDeadline(time.Time) error  { return nil }
func (f *forwarded) SetWriteDeadline(time.Time) error { return nil }
