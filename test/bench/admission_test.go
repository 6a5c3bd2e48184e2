// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
)

func TestAdmissionReport(t *testing.T) {
	const what = anOrganization + ": Secret"
	side := func(latency, perSecond, policies float64) AdmissionSide {
		all := AdmissionSide{Latencies: map[string][]float64{}, Policies: map[string]float64{}, PerSecond: perSecond}
		for _, who := range []string{what, theOperator + ": Service"} {
			// The slowest comes first: percentiles sort.
			all.Latencies[who], all.Policies[who] = append(all.Latencies[who], 10*latency), policies
			for range 99 {
				all.Latencies[who] = append(all.Latencies[who], latency)
			}
		}
		return all
	}
	var out bytes.Buffer
	printAdmission(&out, map[int][]AdmissionRound{10: {
		{With: side(2.4, 850, 0.7), Without: side(1.9, 1000, 0.1)}, {With: side(2.6, 950, 0.8), Without: side(2.1, 1000, 0.1)},
	}})
	for _, want := range []string{
		"10\t" + what + "\t0.60\t0.6\t2.00 (1.90–2.10)\t0.75 (0.70–0.80)\n",
		"10\t0.90 (0.85–0.95)\t1000\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, out.String())
		}
	}
}

// What somebody writes goes to the site that it is asked for, and is never the same twice.
func TestBodies(t *testing.T) {
	for _, who := range []string{theOperator, anOrganization, anAdministrator} {
		for what, body := range bodiesOf(who) {
			first, second := body(siteAt(1), 1), body(siteAt(2), 2)
			if bytes.Equal(first.body, second.body) || strings.Contains(string(first.body), "%!") || strings.Contains(first.path, "%!") {
				t.Errorf("%s %s: %s %s", who, what, first.path, first.body)
			}
			if who == theOperator && !strings.Contains(first.path, "/"+siteAt(1).stage) {
				t.Errorf("%s %s: %s", who, what, first.path)
			}
		}
	}
}

func TestAdmissionSeconds(t *testing.T) {
	page := `# TYPE apiserver_admission_controller_admission_duration_seconds histogram
apiserver_admission_controller_admission_duration_seconds_bucket{name="ValidatingAdmissionPolicy",operation="CREATE",rejected="false",type="validate",le="0.005"} 7
apiserver_admission_controller_admission_duration_seconds_sum{name="ValidatingAdmissionPolicy",operation="CREATE",rejected="false",type="validate"} 0.25
apiserver_admission_controller_admission_duration_seconds_sum{name="ValidatingAdmissionPolicy",operation="UPDATE",rejected="true",type="validate"} 1.5e-05
apiserver_admission_controller_admission_duration_seconds_sum{name="ResourceQuota",operation="CREATE",rejected="false",type="validate"} 4
apiserver_admission_controller_admission_duration_seconds_count{name="ValidatingAdmissionPolicy",operation="CREATE",rejected="false",type="validate"} 9
`
	if got := admissionSeconds([]byte(page)); got != 0.250015 {
		t.Errorf("%v s", got)
	}
	if got := admissionSeconds(nil); got != 0 {
		t.Errorf("%v s of nothing", got)
	}
}

func TestAtOnce(t *testing.T) {
	var sum atomic.Int64
	failure := errors.New("third")
	err := atOnce(4, func(i int) error {
		sum.Add(int64(i))
		if i == 3 {
			return failure
		}
		return nil
	})
	if sum.Load() != 6 || !errors.Is(err, failure) {
		t.Errorf("sum %d, %v", sum.Load(), err)
	}
}
