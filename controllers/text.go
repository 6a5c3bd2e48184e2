// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
)

// What others wrote (names of people, words of programs, answers of the API server that quote them) leaves the operator in conditions, events
// and logs. There it is one line of plain text of bounded length, which moves no terminal and hides nothing: what cannot be seen is spelled
// out. Markup stays as it was written: none of these is a page, and who makes one escapes it there.
const (
	// conditionLimit is less than the API server's, so that a condition can always be written.
	conditionLimit = 2048
	// noteLimit is the API server's: it refuses an event whose note is longer, and nobody would hear of it.
	noteLimit = 1024
	// logLimit is for one value of a line.
	logLimit = 4096
)

// bounded is a message as a condition has it.
func bounded(message string) string { return shortened(message, conditionLimit) }

// shortened is a text in one plain line of so many bytes.
func shortened(text string, most int) string {
	const more = "…"
	// What is beyond is never looked at, however long it is.
	cut := len(text) > most
	if cut {
		text = text[:most]
	}
	line := plain(text, cut)
	if cut || len(line) > most {
		return strings.ToValidUTF8(line[:min(len(line), most-len(more))], "") + more
	}
	return line
}

// plain spells out what cannot be seen. Where the text was cut, half a rune at its end is dropped.
func plain(text string, cut bool) string {
	if cut {
		for range utf8.UTFMax - 1 {
			if r, size := utf8.DecodeLastRuneInString(text); r != utf8.RuneError || size != 1 {
				break
			}
			text = text[:len(text)-1]
		}
	}
	var line strings.Builder
	for i, r := range text {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			line.WriteByte(' ')
		case r == utf8.RuneError && strings.HasPrefix(text[i:], "\ufffd"), unicode.IsPrint(r) && r != utf8.RuneError, joins(r):
			line.WriteRune(r)
		case r == utf8.RuneError:
			fmt.Fprintf(&line, `\x%02x`, text[i])
		default:
			line.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return line.String()
}

// joins is true for what Urdu and Persian need between letters.
func joins(r rune) bool { return r == '\u200c' || r == '\u200d' }

// PlainEvents records events whose notes are plain and of a length that the API server takes.
type PlainEvents struct{ events.EventRecorder }

// Eventf records an event.
func (p PlainEvents) Eventf(regarding, related runtime.Object, kind, reason, action, note string, args ...any) {
	p.EventRecorder.Eventf(regarding, related, kind, reason, action, "%s", shortened(fmt.Sprintf(note, args...), noteLimit))
}

// PlainAttribute bounds what a line of the log says. JSON escapes control characters by itself.
func PlainAttribute(_ []string, attribute slog.Attr) slog.Attr {
	switch value := attribute.Value.Any().(type) {
	case string:
		attribute.Value = slog.StringValue(shortened(value, logLimit))
	case error:
		attribute.Value = slog.StringValue(shortened(value.Error(), logLimit))
	}
	return attribute
}
