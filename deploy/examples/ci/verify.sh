#!/bin/sh
# A deployment between two measurements. `sh verify.sh shop kubectl apply -f manifests` ends with 0 if nothing is worse, with
# 79 if something is, and with 75 if that could not be told; mesh.xml (JUnit) says what.
set -u
namespace=$1
shift
: "${MESHPROOF:=meshproof}" "${TRIES:=3}"

$MESHPROOF baseline save before -n "$namespace" --file before.json.gz --force --min-coverage 1 || exit
"$@" || exit

status=75
while [ "$status" -eq 75 ] && [ "$TRIES" -gt 0 ]; do
  TRIES=$((TRIES - 1))
  $MESHPROOF verify --baseline-file before.json.gz -n "$namespace" --settle 20s -o junit --output-file mesh.xml
  status=$?
done
exit "$status"
