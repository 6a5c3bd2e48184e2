// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Weekday is a day of the week.
// +kubebuilder:validation:Enum=Monday;Tuesday;Wednesday;Thursday;Friday;Saturday;Sunday
type Weekday string

// CalendarPolicy sets the working days.
type CalendarPolicy struct {
	// timeZone is an IANA time zone. Default Asia/Karachi.
	// +kubebuilder:default="Asia/Karachi"
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	TimeZone string `json:"timeZone,omitempty"`
	// workWeeks are the federal work weeks, each in force from its date on. Default: Monday to Friday from 2022-06-08.
	// +kubebuilder:default={{from: "2022-06-08", days: {Monday, Tuesday, Wednesday, Thursday, Friday}}}
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=50
	// +listType=map
	// +listMapKey=from
	// +optional
	WorkWeeks []WorkWeek `json:"workWeeks,omitempty"`
	// holidays are the public holidays, as the Cabinet Division notifies them. Omitted: none.
	// +kubebuilder:validation:MaxItems=500
	// +listType=map
	// +listMapKey=date
	// +optional
	Holidays []Holiday `json:"holidays,omitempty"`
}

// WorkWeek is a work week in force from a date on.
type WorkWeek struct {
	// from is the first day in force.
	// +required
	From Date `json:"from,omitempty"`
	// days are the working days.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=7
	// +listType=set
	// +required
	Days []Weekday `json:"days,omitempty"`
}

// Holiday is a public holiday.
type Holiday struct {
	// date is the day.
	// +required
	Date Date `json:"date,omitempty"`
	// name is the occasion.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +required
	Name string `json:"name,omitempty"`
	// reference is the notification that sets it.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +required
	Reference string `json:"reference,omitempty"`
}
