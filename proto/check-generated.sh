#!/usr/bin/env bash
# Fails when proto/gen is not what the .proto files generate.
set -euo pipefail
cd "$(dirname "$0")/.."
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
npx --yes --package=@bufbuild/buf@1.75.0 buf generate --output "$fresh"
diff -r "$fresh/proto/gen" proto/gen || { echo 'proto/gen is not current: run `npm run proto`' >&2; exit 1; }
