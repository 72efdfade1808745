#!/bin/sh
# Makes the folder that is /app in an image: compiled sources and production dependencies, nothing else.
# Usage: deploy/image.sh FOLDER    (a checkout with its dependencies installed; FOLDER must not exist, or be empty)
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:?usage: deploy/image.sh FOLDER}
mkdir -p "$out"
out=$(cd "$out" && pwd)
if [ -n "$(ls -A "$out")" ]; then
  echo "deploy/image.sh: $out is not empty" >&2
  exit 64
fi
cd "$root"
node_modules/.bin/tsc -p tsconfig.build.json --outDir "$out/dist"
cp -r deploy/sandbox/scenarios "$out/dist/deploy/sandbox/"
mkdir "$out/bin"
cp bin/meshproof.js "$out/bin/"
cp package.json package-lock.json LICENSE "$out/"
# No script of a dependency runs: none that is needed in production has one.
(cd "$out" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent)
# What only compilers and debuggers read.
find "$out/node_modules" -type f \( -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.map' \) -delete
# Whoever runs it, as whatever user, may read it and nobody may change it.
chmod -R a+rX,go-w "$out"
