#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Converts a slide, keeps it in .demo/archive and serves it: samples/demo.sh SLIDE [PORT [METADATA]]
# COVERSLIP_DEMO names another folder than .demo.
set -euo pipefail
cd "$(dirname "$0")/.."
slide=$1
port=${2:-8042}
metadata=${3:-}
demo=${COVERSLIP_DEMO:-.demo}
for file in "$slide" ${metadata:+"$metadata"}; do
  [ -e "$file" ] || {
    echo "there is no file $file" >&2
    exit 1
  }
done
# A slide is converted once: name, size and time of change tell whether it and its metadata are the same.
key=$(basename "$slide")-$(stat -Lc %s-%Y "$slide" ${metadata:+"$metadata"} | paste -sd-)
dicom=$demo/dicom/$key
if [ ! -e "$dicom/level-0.dcm" ]; then
  dicomizer convert "$slide" "$dicom" ${metadata:+--metadata "$metadata"}
fi
tileserver ingest "$dicom" --data "$demo/archive"
exec tileserver serve --data "$demo/archive" --port "$port"
