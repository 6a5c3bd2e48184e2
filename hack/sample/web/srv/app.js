// Copyright 2026 The govpk-operator Authors.
// SPDX-License-Identifier: Apache-2.0

const line = document.getElementById("greeting");
fetch("/api/greeting")
  .then((answer) => answer.json())
  .then(({ message, version }) => { line.textContent = `${message} (API version ${version})`; })
  .catch(() => { line.textContent = "The back end does not answer."; });
