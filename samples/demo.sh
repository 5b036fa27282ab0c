#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Converts a slide, keeps it in .demo/archive and serves it: samples/demo.sh SLIDE [PORT [METADATA]]
set -euo pipefail
cd "$(dirname "$0")/.."
slide=$1
port=${2:-8042}
metadata=${3:-}
[ -e "$slide" ] || {
  echo "there is no slide at $slide" >&2
  exit 1
}
# A slide is converted once: its name, size and time of change tell whether it is the same.
key=$(basename "$slide")-$(stat -c %s-%Y "$slide")
dicom=.demo/dicom/$key
if [ ! -e "$dicom/level-0.dcm" ]; then
  dicomizer convert "$slide" "$dicom" ${metadata:+--metadata "$metadata"}
fi
tileserver ingest "$dicom" --data .demo/archive
exec tileserver serve --data .demo/archive --port "$port"
