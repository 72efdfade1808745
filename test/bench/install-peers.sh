#!/usr/bin/env bash
# Installs the peers that `npm run bench` measures beside Meshproof, into ~/.cache/meshproof-components (Debian, root, Go).
set -euo pipefail
components=${MESHPROOF_COMPONENTS:-$HOME/.cache/meshproof-components}
cloudprober_version=v0.14.4
mkdir -p "$components/bin"

if ! command -v prometheus-blackbox-exporter >/dev/null; then
  apt-get update -qq
  # The package would start the exporter as a service; the benchmark starts its own.
  RUNLEVEL=1 apt-get install -y -qq --no-install-recommends prometheus-blackbox-exporter
fi

if [ ! -x "$components/bin/cloudprober" ]; then
  build=$(mktemp -d)
  trap 'rm -rf "$build"' EXIT
  cd "$build"
  go mod init peers 2>/dev/null
  go get "github.com/cloudprober/cloudprober@$cloudprober_version" 2>/dev/null
  GOFLAGS=-mod=mod go build -o "$components/bin/cloudprober" github.com/cloudprober/cloudprober/cmd/cloudprober
fi
prometheus-blackbox-exporter --version 2>&1 | head -n 1
"$components/bin/cloudprober" --version
