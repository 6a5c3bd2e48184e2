// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/ntc-gov-pk/govpk-operator/internal/sidecar"
)

const (
	dataIdentity = "data" + hash
	dataHost     = "verify.nadra.gov.pk"
	application  = "sehat-digital/health-portal"
)

// seen is what a government data API sees of a request, which it answers with.
type seen struct {
	Method, URI, Host, Body, Client, Protocol string
	Header                                    http.Header
}

// dataAPI is a government data API with TLS at port 4443 of a pod. It counts what reaches it.
type dataAPI struct {
	requests  atomic.Int32
	handshake func(*tls.Config)
}

func (a *dataAPI) serve(t *testing.T, address string, own pair) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	must(t, err)
	config := &tls.Config{Certificates: []tls.Certificate{own.tls(t)}, ClientAuth: tls.RequireAnyClientCert}
	if a.handshake != nil {
		a.handshake(config)
	}
	server := &http.Server{Handler: a, TLSConfig: config, ErrorLog: log.New(io.Discard, "", 0)}
	go server.ServeTLS(listener, "", "") //nolint:errcheck // it ends with the test
	t.Cleanup(func() { server.Close() })
}

func (a *dataAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.requests.Add(1)
	if strings.HasSuffix(r.URL.Path, "/switch") {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
		}
		return
	}
	body, _ := io.ReadAll(r.Body)
	_ = json.NewEncoder(w).Encode(seen{r.Method, r.RequestURI, r.Host, string(body), r.TLS.PeerCertificates[0].Subject.CommonName, r.Proto, r.Header})
}

// read may be asked by everybody, and the others by who is granted them.
var (
	reading = sidecar.Operation{Methods: []string{"GET", "HEAD"}, Path: "/v1/citizens"}
	writing = sidecar.Operation{Methods: []string{"POST", "PATCH"}, Path: "/v1/citizens"}
)

// dataPods are web, and a proxy through which it reaches an API by those operations.
type dataPods struct {
	web, proxy *aPod
	api        *dataAPI
	ca         authority
	client     *http.Client
}

func newDataPods(t *testing.T, change func(*sidecar.DataAPI), operations ...sidecar.Operation) dataPods {
	t.Helper()
	government := newAuthority(t)
	return dataPodsWith(t, &dataAPI{}, government.issue(dataHost), government, change, operations...)
}

func dataPodsWith(t *testing.T, api *dataAPI, server pair, government authority, change func(*sidecar.DataAPI), operations ...sidecar.Operation) dataPods {
	t.Helper()
	d := dataPods{ca: newAuthority(t), api: api}
	d.proxy = newPod(t, d.ca.issue(dataIdentity), d.ca.pem)
	api.serve(t, d.proxy.at(4443), server)
	authorities := filepath.Join(d.proxy.dir, "government.crt")
	must(t, os.WriteFile(authorities, government.pem, 0o600))
	declared := sidecar.DataAPI{
		Name: "nadra", Owner: "NADRA", ServerName: "nadra." + dataIdentity, Address: d.proxy.address, Port: 4443,
		Host: dataHost, Authorities: authorities, RequestsPerSecond: 100000, Operations: operations,
	}
	if change != nil {
		change(&declared)
	}
	d.proxy.start(sidecar.Proxy{Data: &sidecar.Data{Application: application, Stage: "live", APIs: []sidecar.DataAPI{declared}}})
	d.web = newPod(t, d.ca.issue(web), d.ca.pem).start(sidecar.Proxy{Outbound: []sidecar.Outbound{{
		Listen: edgePort, Address: d.proxy.address, Port: sidecar.PeerPort, ServerName: "nadra." + dataIdentity, Identity: dataIdentity,
	}}})
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	d.client = &http.Client{Transport: transport, Timeout: 3 * patience}
	return d
}

// ask is what a component does.
func (d dataPods) ask(t *testing.T, method, path, body string, header ...string) (int, string, http.Header) {
	t.Helper()
	request, err := http.NewRequest(method, "http://"+d.web.at(edgePort)+path, strings.NewReader(body))
	must(t, err)
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := d.client.Do(request)
	must(t, err)
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(content), response.Header
}

// raw sends bytes that no client library would, and returns the answers up to the end of the connection.
func (d dataPods) raw(t *testing.T, request string) (statuses []int, content string) {
	t.Helper()
	conn := dialPlain(t, d.web.at(edgePort))
	must(t, conn.SetDeadline(time.Now().Add(2*time.Second)))
	_, err := io.WriteString(conn, request)
	must(t, err)
	reader := bufio.NewReader(conn)
	for {
		response, err := http.ReadResponse(reader, nil)
		if err != nil {
			return statuses, content
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		statuses, content = append(statuses, response.StatusCode), content+string(body)
	}
}

func TestDataOperations(t *testing.T) {
	for name, c := range map[string]struct {
		operations []sidecar.Operation
		ask        map[string]int
	}{
		"reading": {[]sidecar.Operation{reading}, map[string]int{
			"GET /v1/citizens": 200, "HEAD /v1/citizens": 200, "GET /v1/citizens/": 200, "GET /v1/citizens/7": 200, "GET /v1/citizens/7/photo?size=l&x=/../y": 200,
			"GET /v1/citizens?id=7": 200, "GET /v1/citizens/a%20b": 200, "GET /v1/citizens/O%27Neil": 200, "GET /v1/citizens/%D8%B9%D9%84%DB%8C": 200,
			"POST /v1/citizens": 403, "PUT /v1/citizens/7": 403, "PATCH /v1/citizens/7": 403, "DELETE /v1/citizens/7": 403, "OPTIONS /v1/citizens": 403, "TRACE /v1/citizens": 403,
			"get /v1/citizens": 403, "GETX /v1/citizens": 403,
			"GET /v1/citizens-all": 403, "GET /v1/citizens.json": 403, "GET /v1/citizen": 403, "GET /v1": 403, "GET /": 403, "GET /V1/citizens": 403, "GET /v2/v1/citizens": 403,
			"GET /v1/%63itizens": 403, "GET /?/v1/citizens": 403,
		}},
		"granted": {[]sidecar.Operation{reading, writing}, map[string]int{
			"GET /v1/citizens/7": 200, "POST /v1/citizens": 200, "PATCH /v1/citizens/7": 200, "patch /v1/citizens/7": 403, "DELETE /v1/citizens/7": 403, "POST /v1/other": 403,
		}},
		"a grant beneath": {[]sidecar.Operation{reading, {Methods: []string{"POST"}, Path: "/v1/citizens/requests/"}}, map[string]int{
			"POST /v1/citizens/requests": 200, "POST /v1/citizens/requests/1": 200, "POST /v1/citizens": 403, "POST /v1/citizens/requests2": 403,
		}},
		"everything beneath the root": {[]sidecar.Operation{{Methods: []string{"GET"}, Path: "/"}}, map[string]int{
			"GET /": 200, "GET /x/y": 200, "POST /": 403, "HEAD /": 403, "GET /x//y": 400, "GET /../x": 400,
		}},
		"no operation": {nil, map[string]int{"GET /v1/citizens": 403, "GET /": 403}},
		"no method":    {[]sidecar.Operation{{Path: "/v1/citizens"}}, map[string]int{"GET /v1/citizens": 403}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDataPods(t, nil, c.operations...)
			for ask, want := range c.ask {
				method, path, _ := strings.Cut(ask, " ")
				before := d.api.requests.Load()
				statuses, content := d.raw(t, fmt.Sprintf("%s %s HTTP/1.1\r\nHost: nadra\r\nConnection: close\r\n%s\r\n", method, path,
					map[bool]string{true: "Content-Length: 0\r\n"}[method != "GET" && method != "HEAD"]))
				if len(statuses) != 1 || statuses[0] != want {
					t.Errorf("%s: %v %s, want %d", ask, statuses, content, want)
				}
				if reached := d.api.requests.Load() > before; reached != (want == 200) {
					t.Errorf("%s: the API was reached: %v", ask, reached)
				}
			}
		})
	}
}

// The API sees what the component asked for, from whom, and nothing that the component says about that.
func TestDataRequest(t *testing.T) {
	d := newDataPods(t, nil, reading, writing)
	status, content, _ := d.ask(t, "POST", "/v1/citizens/7?full=1", `{"name":"x"}`, "Content-Type", "application/json", "X-Govpk-Application", "evil/app",
		"X-Govpk-Admin", "1", "X-HTTP-Method-Override", "DELETE", "X-Original-URL", "/admin", "X-Forwarded-For", "10.0.0.1", "Forwarded", "for=10.0.0.1", "X-Request-Id", "42",
		"Connection", "X-Govpk-Application")
	var got seen
	must(t, json.Unmarshal([]byte(content), &got))
	if status != 200 || got.Method != http.MethodPost || got.URI != "/v1/citizens/7?full=1" || got.Host != dataHost || got.Body != `{"name":"x"}` || got.Client != dataIdentity || got.Protocol != "HTTP/1.1" {
		t.Errorf("%d %+v", status, got)
	}
	for header, want := range map[string]string{
		"X-Govpk-Application": application, "X-Govpk-Stage": "live", "X-Request-Id": "42", "Content-Type": "application/json",
		"X-Govpk-Admin": "", "X-Http-Method-Override": "", "X-Original-Url": "", "X-Forwarded-For": "", "Forwarded": "", "Connection": "",
	} {
		if values := got.Header[header]; strings.Join(values, ",") != want {
			t.Errorf("%s: %q, want %q", header, values, want)
		}
	}
}

// Who is refused reads what, by whom, and whom to ask.
func TestDataRefusal(t *testing.T) {
	d := newDataPods(t, func(a *sidecar.DataAPI) { a.Owner = `Ministry "of" 100%[src]` + "\n'" }, reading)
	status, content, header := d.ask(t, "DELETE", `/v1/citizens/7%22`, "")
	var answer struct{ API, Method, Path, Message string }
	if err := json.Unmarshal([]byte(content), &answer); err != nil || header.Get("Content-Type") != "application/json" {
		t.Errorf("%v: %s", err, content)
	}
	if status != 403 || answer.API != "nadra" || answer.Method != http.MethodDelete || answer.Path != "/v1/citizens/7%22" {
		t.Errorf("%d %+v", status, answer)
	}
	for _, words := range []string{application, "GovernmentDataAPI nadra", "NTC", "spec.grants", "Ministry ?of? 100??src???"} {
		if !strings.Contains(answer.Message, words) {
			t.Errorf("no %q in %s", words, answer.Message)
		}
	}
	d.proxy.logged("msg=refused", "api=nadra", `identity="web`, `method="DELETE"`, `path="\/v1\/citizens\/7%22"`, "status=403")
}

// Nothing passes that the API could read as another path than the proxy does.
func TestDataPaths(t *testing.T) {
	d := newDataPods(t, nil, sidecar.Operation{Methods: []string{"GET"}, Path: "/v1/citizens"}, sidecar.Operation{Methods: []string{"GET"}, Path: "/open"})
	for _, path := range []string{
		"/v1/citizens/../admin", "/v1/citizens/..", "/v1/citizens/.", "/v1/citizens/./7", "/v1/citizens/%2e%2e/admin", "/v1/citizens/%2E%2E/admin", "/v1/citizens/.%2e/admin",
		"/v1/citizens/%2e", "/v1/citizens%2fadmin", "/v1/citizens/..%2fadmin", "/v1/citizens/%2F", "/v1/citizens//7", "//v1/citizens", "/v1//citizens", "/v1/citizens//",
		`/v1/citizens/..\admin`, `/v1/citizens\7`, "/v1/citizens/%5c", "/v1/citizens/%252e%252e/admin", "/v1/citizens/%25", "/v1/citizens/%00", "/v1/citizens/%0d%0aX:y", "/v1/citizens/%7f",
		"/v1/citizens/..;/admin", "/v1/citizens;x=1", "/v1/citizens/%3b", "/v1/citizens/%c0%ae%c0%ae/admin", "/v1/citizens/%C0%AF", "/v1/citizens/%C1%9C", "/v1/citizens/%u002e", "/v1/citizens/%", "/v1/citizens/%2",
		"/v1/citizens/%zz", "/v1/citizens/7#x", "/v1/citizens/<", "/v1/citizens/\xc0\xae", "/v1/citizens/é", "/v1/citizens/`", "/v1/citizens/\"", "/v1/citizens/|", "/v1/citizens/{x}", "/v1/citizens/'",
		"http://verify.nadra.gov.pk/v1/citizens", "http:/v1/citizens", "https://other//v1/citizens", "v1/citizens", "*", "", "/v1/citizens/" + strings.Repeat("x", 2048), "/v1/citizens/\t7", "/v1/citizens/\x00",
	} {
		statuses, content := d.raw(t, "GET "+path+" HTTP/1.1\r\nHost: nadra\r\nConnection: close\r\n\r\n")
		if len(statuses) != 1 || statuses[0] != 400 || strings.HasPrefix(content, "400 Bad Request") {
			t.Errorf("%q: %v %s; the last are the API's own words", path, statuses, content)
		}
	}
	if n := d.api.requests.Load(); n != 0 {
		t.Errorf("%d of them reached the API", n)
	}
	if statuses, content := d.raw(t, "GET /v1/citizens/"+strings.Repeat("x", 2000)+"?"+strings.Repeat("y", 4000)+" HTTP/1.1\r\nHost: nadra\r\nConnection: close\r\n\r\n"); len(statuses) != 1 || statuses[0] != 200 {
		t.Errorf("a long path: %v %s", statuses, content)
	}
}

// A request that two parsers could part differently is refused, or reaches the API as one.
func TestDataSmuggling(t *testing.T) {
	const inner = "GET /admin HTTP/1.1\r\nHost: nadra\r\n\r\n"
	chunk := fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(inner), inner)
	for name, headers := range map[string]string{
		"chunked, and a length":      "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n" + chunk,
		"two lengths":                "Content-Length: 0\r\nContent-Length: 38\r\n\r\n" + inner,
		"a length that is none":      "Content-Length: +0\r\n\r\n" + inner,
		"a space before the colon":   "Transfer-Encoding : chunked\r\nContent-Length: 0\r\n\r\n" + chunk,
		"chunked and another":        "Transfer-Encoding: chunked, identity\r\n\r\n" + chunk,
		"another":                    "Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + inner,
		"another, then chunked":      "Transfer-Encoding: gzip, chunked\r\n\r\n" + chunk,
		"chunked twice":              "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk,
		"chunked with a tab":         "Transfer-Encoding:\x0bchunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + inner,
		"a folded header":            "Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + inner,
		"an upgrade to HTTP/2":       "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n",
		"an upgrade to a web socket": "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDataPods(t, nil, reading, writing)
			statuses, content := d.raw(t, "POST /v1/citizens HTTP/1.1\r\nHost: nadra\r\n"+headers)
			if strings.Contains(content, `"URI":"/admin"`) {
				t.Errorf("smuggled: %v %s", statuses, content)
			}
			// What is refused is refused by the proxy: in its own words, or in HAProxy's.
			if !strings.Contains(content, `"URI":`) && !strings.Contains(content, `"api":"nadra"`) && !strings.Contains(content, "<html>") {
				t.Errorf("the API refused: %v %s", statuses, content)
			}
			reached := 0
			for _, status := range statuses {
				if status == 200 {
					reached++
				}
			}
			if int(d.api.requests.Load()) != reached || reached > 1 {
				t.Errorf("the API answered %d, and the component heard of %v: %s", d.api.requests.Load(), statuses, content)
			}
		})
	}
}

// An API cannot make of a connection what nobody looks into.
func TestDataUpgrade(t *testing.T) {
	d := newDataPods(t, nil, reading)
	for _, upgrade := range []string{"h2c", "websocket"} {
		status, content, _ := d.ask(t, "GET", "/v1/citizens", "", "Connection", "Upgrade", "Upgrade", upgrade, "Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version", "13")
		if status != 400 || !strings.Contains(content, "the request would leave HTTP/1.1") {
			t.Errorf("%s: %d %s", upgrade, status, content)
		}
	}
	if n := d.api.requests.Load(); n != 0 {
		t.Errorf("%d of them reached the API", n)
	}
	if statuses, content := d.raw(t, "GET /v1/citizens/switch HTTP/1.1\r\nHost: nadra\r\n\r\n"); len(statuses) != 1 || statuses[0] != 502 {
		t.Errorf("%v %s", statuses, content)
	}
}

// HTTP/2 has other rules; CONNECT would make a tunnel.
func TestDataOtherProtocols(t *testing.T) {
	d := newDataPods(t, nil, sidecar.Operation{Methods: []string{"GET", "POST"}, Path: "/"})
	second := &http.Transport{Protocols: &http.Protocols{}}
	second.Protocols.SetUnencryptedHTTP2(true)
	if response, err := (&http.Client{Transport: second, Timeout: patience}).Get("http://" + d.web.at(edgePort) + "/"); err == nil {
		response.Body.Close()
		t.Errorf("HTTP/2 is spoken: %v", response)
	}
	for _, request := range []string{"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00", "CONNECT nadra:443 HTTP/1.1\r\nHost: nadra:443\r\n\r\n", "GET / HTTP/0.9\r\n\r\n", "GET /\r\n\r\n"} {
		statuses, content := d.raw(t, request)
		for _, status := range statuses {
			if status < 400 {
				t.Errorf("%q: %v %s", request, statuses, content)
			}
		}
	}
	if n := d.api.requests.Load(); n != 0 {
		t.Errorf("%d reached the API", n)
	}
}

// More than the allowed rate is refused, and what was refused does not count.
func TestDataRate(t *testing.T) {
	d := newDataPods(t, func(a *sidecar.DataAPI) { a.RequestsPerSecond = 5 }, reading)
	count := map[int]int{}
	begin := time.Now()
	for range 50 {
		status, content, header := d.ask(t, "GET", "/v1/citizens", "")
		count[status]++
		if status == 429 && (header.Get("Retry-After") != "1" || !strings.Contains(content, "5 requests a second")) {
			t.Errorf("%v %s", header, content)
		}
	}
	if took := time.Since(begin); took < time.Second && (count[200] > 5 || count[200] < 4 || count[200]+count[429] != 50) {
		t.Errorf("%v in %s", count, took)
	}
	if got := int(d.api.requests.Load()); got != count[200] {
		t.Errorf("%d reached the API", got)
	}
	NewWithT(t).Eventually(func() int { status, _, _ := d.ask(t, "GET", "/v1/citizens", ""); return status }, 3*time.Second, 50*time.Millisecond).
		Should(Equal(200), "the rate falls with time alone, though the component goes on asking")
}

func TestDataRateOfNothing(t *testing.T) {
	d := newDataPods(t, func(a *sidecar.DataAPI) { a.RequestsPerSecond = 0 }, reading)
	if status, content, _ := d.ask(t, "GET", "/v1/citizens", ""); status != 429 {
		t.Errorf("%d %s", status, content)
	}
}

// What the component says reaches nobody but the API that was declared.
func TestDataServer(t *testing.T) {
	government, other := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		server pair
		change func(*tls.Config)
		served bool
	}{
		"the declared one":           {server: government.issue(dataHost), served: true},
		"the declared one, TLS 1.2":  {server: government.issue(dataHost), change: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }, served: true},
		"TLS 1.1":                    {server: government.issue(dataHost), change: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }},
		"another name's certificate": {server: government.issue("other.nadra.gov.pk")},
		"an unknown authority":       {server: other.issue(dataHost)},
		"self-signed":                {server: selfSigned(t, dataHost)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dataPodsWith(t, &dataAPI{handshake: c.change}, c.server, government, nil, reading)
			status, content, _ := d.ask(t, "GET", "/v1/citizens", "")
			if served := status == 200; served != c.served || !served && status != 503 && status != 502 {
				t.Errorf("%d %s", status, content)
			}
			if !c.served && d.api.requests.Load() > 0 {
				t.Error("the server was asked")
			}
		})
	}
}

// An edge to one API is none to another, and who has none is not heard.
func TestDataCallers(t *testing.T) {
	d := newDataPods(t, nil, reading)
	for name, c := range map[string]struct {
		client pair
		server string
		served bool
	}{
		"with the edge":              {d.ca.issue(web), "nadra." + dataIdentity, true},
		"without":                    {d.ca.issue(worker), "nadra." + dataIdentity, false},
		"with an edge to another":    {d.ca.issue(web), "tax." + dataIdentity, false},
		"with a port of the name":    {d.ca.issue(web, granted("nadra.data2", "nadra.dat")), "nadra." + dataIdentity, false},
		"of another stage":           {d.ca.issue("web.fedcba98765432100123"), "nadra." + dataIdentity, false},
		"of another authority":       {newAuthority(t).issue(web), "nadra." + dataIdentity, false},
		"with a certificate of none": {selfSigned(t, web), "nadra." + dataIdentity, false},
	} {
		certificate := c.client.tls(t)
		transport := &http.Transport{TLSClientConfig: &tls.Config{ServerName: c.server, RootCAs: pool(d.ca.pem), GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }}}
		response, err := (&http.Client{Transport: transport, Timeout: patience}).Get("https://" + d.proxy.at(sidecar.PeerPort) + "/v1/citizens")
		if served := err == nil && response.StatusCode == http.StatusOK; served != c.served {
			t.Errorf("%s: %v %v", name, response, err)
		}
		if err == nil {
			response.Body.Close()
		}
		transport.CloseIdleConnections()
	}
}

// A proxy that ends answers what it has begun, and tells its callers to come again by another connection: so a change of operations fails nothing.
func TestDataProxyEnds(t *testing.T) {
	d := newDataPods(t, nil, reading)
	if status, _, _ := d.ask(t, "GET", "/v1/citizens", ""); status != 200 {
		t.Fatal(status)
	}
	conn := lines(t, dialPlain(t, d.web.at(edgePort)))
	_, err := io.WriteString(conn.conn, "GET /v1/citizens HTTP/1.1\r\nHost: nadra\r\n")
	must(t, err)
	// The proxy has read half a request once it has answered another one on a later connection.
	if status, _, _ := d.ask(t, "GET", "/v1/citizens", ""); status != 200 {
		t.Fatal(status)
	}
	d.proxy.signal(15)
	d.proxy.logged("stopped")
	_, err = io.WriteString(conn.conn, "\r\n")
	must(t, err)
	response, err := http.ReadResponse(conn.reader, nil)
	must(t, err)
	response.Body.Close()
	if response.StatusCode != http.StatusOK || !response.Close {
		t.Errorf("%d, closes: %v", response.StatusCode, response.Close)
	}
	d.proxy.ends(0)
}

// Without APIs nothing listens for components.
func TestDataWithoutAPIs(t *testing.T) {
	if config := (sidecar.Proxy{Data: &sidecar.Data{Application: application, Stage: "live"}}).Config(); strings.Contains(config, fmt.Sprint(sidecar.PeerPort)) {
		t.Error(config)
	}
}
