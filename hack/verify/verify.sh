#!/usr/bin/env bash
# Copyright 2026 The govpk-operator Authors.
# SPDX-License-Identifier: Apache-2.0
#
# Each check names what is wrong and how to mend it; all of them run before the script fails.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools=$PWD/bin/tools/current
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

complain() {
  echo "verify: $*" >&2
  failed=1
}

sources() { git ls-files --cached --others --exclude-standard -- "$@" | while read -r f; do [[ ! -f $f ]] || echo "$f"; done; }

# In a copy, so that neither a dirty tree nor a failure half-way matters.
generated() {
  sources | tar --create --files-from=- | tar --extract --directory="$work"
  cp -r "$work" "$work.before"
  if ! make --directory="$work" --no-print-directory generate >"$work.log" 2>&1; then
    cat "$work.log" >&2
    complain "make generate failed"
  elif ! diff --recursive --brief --exclude=bin "$work.before" "$work" >"$work.diff"; then
    sed "s|$work.before|committed|g; s|$work|generated|g" "$work.diff" >&2
    complain "the files above are stale: run make generate and commit what it writes"
  fi
  rm -rf "$work.before" "$work.log" "$work.diff"
}

# direct prints what a go.mod names itself: required modules and the packages of tools.
direct() {
  awk '/^(require|tool) \($/ {inside=1; next} /^\)/ {inside=0}
    / \/\/ indirect/ {next}
    inside {print $1}
    /^(require|tool) [^(]/ {print $2}' "$1"
}

modules() {
  go mod tidy -diff || complain "go.mod or go.sum is not tidy: run go mod tidy"
  local file dependency named declared=""
  named=$(grep '^| `' docs/dependencies.md | cut -d'|' -f2 | grep --only-matching '`[^`]*`' | tr -d '`')
  for file in $(sources go.mod '*/go.mod'); do
    for dependency in $(direct "$file"); do
      declared+=$dependency$'\n'
      grep --quiet --line-regexp --fixed-strings "$dependency" <<<"$named" ||
        complain "docs/dependencies.md does not say what $file needs $dependency for"
    done
  done
  for dependency in $named; do
    grep --quiet --line-regexp --fixed-strings "$dependency" <<<"$declared" ||
      complain "docs/dependencies.md names $dependency, which no go.mod requires: remove its line"
  done
}

formatting() {
  local unformatted
  unformatted=$(sources '*.go' | xargs gofmt -l)
  [[ -z $unformatted ]] || complain "not formatted, run gofmt -w:" $unformatted
}

headers() {
  local file
  for file in $(sources '*.go' '*.sh' 'Makefile' '*.mk' '.ci/run'); do
    head -5 "$file" | grep --quiet 'SPDX-License-Identifier: Apache-2.0' ||
      complain "$file: the licence header is missing, see hack/boilerplate"
  done
}

chart() {
  "$tools/kubectl" kustomize config/default >"$work/install.yaml"
  "$tools/helm" template govpk-operator charts/govpk-operator --namespace govpk-system --include-crds >"$work/chart.yaml"
  go run ./hack/chart compare "$work/install.yaml" "$work/chart.yaml" || complain "charts/govpk-operator is not config/default"
  if "$tools/helm" template govpk-operator charts/govpk-operator --namespace elsewhere >"$work/refused" 2>&1; then
    complain "the chart installs outside govpk-system, where the admission policies do not know its ServiceAccount"
  elif ! grep --quiet -- '--namespace govpk-system' "$work/refused"; then
    cat "$work/refused" >&2
    complain "the chart refuses another namespace without naming the remedy"
  fi
}

for check in headers formatting modules generated chart; do
  echo "verify: $check"
  $check || complain "$check failed"
done
exit $failed
