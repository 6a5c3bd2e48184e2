// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package sop

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/ntc-gov-pk/govpk-operator/api/v1alpha1"
)

// Booking is what an application books with a provider by the quotas that its stages have there. From its test on it has room
// to be launched as well: live counts with what it has, or with as much as test where that is more.
func Booking(test, live Compute) Compute {
	booked := live.larger(test).copied()
	booked.Add(test)
	return booked
}

// needs is what the application books once a release is in test and, as far as it depends on room, live.
func (c *Case) needs(release *v1alpha1.Release) Compute {
	return Booking(c.quota(c.testTarget(release)), c.quota(c.liveTarget(release)))
}

// shortage is what the provider's nodes lack for a release; zero: nothing.
func (c *Case) shortage(release *v1alpha1.Release) Compute {
	if c.Policy == nil {
		return Compute{}
	}
	nodes, wanted := c.offered(release), c.needs(release)
	if c.competes(release) {
		wanted.Add(nodes.Booked)
	}
	return wanted.beyond(c.bookable(nodes))
}

// competes is true for a release that needs more than the application holds. One that does not is tested even where nodes went
// and more is booked than there is: a patch cannot wait for them.
func (c *Case) competes(release *v1alpha1.Release) bool {
	return !c.needs(release).beyond(c.offered(release).Held).none()
}

// bookable is how much of what the nodes offer may be booked.
func (c *Case) bookable(nodes ProviderNodes) Compute {
	all := nodes.sum()
	return Compute{percent(all.CPU, c.Policy.Capacity.CPUOvercommitPercent), percent(all.Memory, c.Policy.Capacity.MemoryOvercommitPercent)}
}

func (c *Case) shortageMessage(release *v1alpha1.Release, missing Compute) string {
	name, capacity := release.Spec.CloudServiceProvider, c.Policy.Capacity
	nodes, needs := c.offered(release), c.needs(release)
	message := fmt.Sprintf("spec.requirements.hardware: test and live of the application need %s; CloudServiceProvider %s offers %s on %s",
		needs.read(), name, nodes.total(), count(len(nodes.Ready)))
	remedy := "the provider adds nodes"
	if capacity.CPUOvercommitPercent != 100 || capacity.MemoryOvercommitPercent != 100 {
		message += fmt.Sprintf(", spec.capacity of DeploymentPolicy default lets %d%% of the cpu and %d%% of the memory be booked",
			capacity.CPUOvercommitPercent, capacity.MemoryOvercommitPercent)
	}
	if c.competes(release) && !nodes.Booked.none() {
		message += fmt.Sprintf(", and other applications have booked %s", nodes.Booked.read())
		remedy += ", other applications give up theirs"
	}
	return fmt.Sprintf("%s; missing: %s; %s, or the organization declares less", message, strings.Join(missing.parts(), ", "), remedy)
}

// WaitsForRoom is true while a release that is to be tested or launched, or hardware that was declared anew, lacks only room.
func (c *Case) WaitsForRoom(a Assessment) bool {
	for _, release := range []*v1alpha1.Release{a.Current, c.release(c.wanted())} {
		if release != nil && !c.shortage(release).none() {
			return true
		}
	}
	return false
}

func percent(q resource.Quantity, percent int32) resource.Quantity {
	q = q.DeepCopy()
	q.Mul(int64(percent))
	hundredfold := q.AsDec()
	return *resource.NewDecimalQuantity(*hundredfold.SetScale(hundredfold.Scale() + 2), q.Format)
}

func (s Compute) copied() Compute { return Compute{s.CPU.DeepCopy(), s.Memory.DeepCopy()} }

func (s Compute) times(n int32) Compute {
	s = s.copied()
	s.CPU.Mul(int64(n))
	s.Memory.Mul(int64(n))
	return s
}

func (s Compute) none() bool { return s.CPU.Sign() <= 0 && s.Memory.Sign() <= 0 }

// beyond is by how much it is more than the other; where it is not, zero.
func (s Compute) beyond(other Compute) Compute {
	s = s.copied()
	s.Subtract(other)
	return s.larger(Compute{})
}

// read is a need as people read it: memory in whole Mi, rounded up.
func (s Compute) read() Compute {
	s = s.copied()
	s.Memory.Add(*resource.NewQuantity(mebibyte-1, resource.BinarySI))
	return s.offered()
}

func (s Compute) parts() []string {
	s = s.read()
	var parts []string
	if s.CPU.Sign() > 0 {
		parts = append(parts, s.CPU.String()+" cpu")
	}
	if s.Memory.Sign() > 0 {
		parts = append(parts, s.Memory.String()+" memory")
	}
	return parts
}

// Subtract is the opposite of Add.
func (s *Compute) Subtract(less Compute) {
	s.CPU.Sub(less.CPU)
	s.Memory.Sub(less.Memory)
}

// Less is true when there is less cpu or less memory than in the other.
func (s Compute) Less(other Compute) bool { return !other.beyond(s).none() }
