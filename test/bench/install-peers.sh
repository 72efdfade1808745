#!/usr/bin/env bash
# Installs the peers that `npm run bench` measures beside Meshproof (Debian, root, Go).
set -euo pipefail
components=${MESHPROOF_COMPONENTS:-$HOME/.cache/meshproof-components}

if ! command -v prometheus-blackbox-exporter >/dev/null; then
  apt-get update -qq
  # The package would start the exporter as a service; the benchmark starts its own.
  RUNLEVEL=1 apt-get install -y -qq --no-install-recommends prometheus-blackbox-exporter
fi

if [ ! -x "$components/bin/cloudprober" ]; then
  build=$(mktemp -d)
  trap 'rm -rf "$build"' EXIT
  # A module that requires it, rather than `go install`, which not every module proxy can serve.
  printf 'module peers\n\nrequire github.com/cloudprober/cloudprober v0.14.4\n' >"$build/go.mod"
  go -C "$build" build -mod=mod -o "$components/bin/" github.com/cloudprober/cloudprober/cmd/cloudprober
fi

prometheus-blackbox-exporter --version 2>&1 | head -n 1
"$components/bin/cloudprober" --version
