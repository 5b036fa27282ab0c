# SPDX-License-Identifier: Apache-2.0
"""Many instances are checked, and indexed anew, in memory that does not grow with them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import instances
from servers import command

INSTANCES = int(os.environ.get("COVERSLIP_CHECK_INSTANCES", "2000"))
LARGE_MB = int(os.environ.get("COVERSLIP_CHECK_MB", "64"))
"""Size of one large blob, read at the speed of the disk."""
_OF_STUDY = 20
_UID = "1.2.826.0.1.3680043.8.498.1{:011d}"
MEASURED = (
    "import resource, subprocess, sys\n"
    "done = subprocess.run(sys.argv[1:])\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
    "sys.exit(done.returncode)\n"
)


def write_many(data: Path, count: int) -> int:
    """Write blobs as a store lays them out, without its care; return their bytes."""
    study, series, uid = (_UID.format(number) for number in (3 * 10**9, 4 * 10**9, 5 * 10**9))
    template = instances.written(
        instances.dataset(StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=uid)
    )
    for number in range(256):
        (data / "blobs" / f"{number:02x}").mkdir(parents=True, exist_ok=True)
    (data / "layout").write_text("2\n")
    for number in range(count):
        own = _UID.format(number)
        content = template.replace(uid.encode(), own.encode())
        for old, kind in ((study, 1), (series, 2)):
            new = _UID.format(kind * 10**9 + number // _OF_STUDY)
            content = content.replace(old.encode(), new.encode())
        key = hashlib.sha256(own.encode()).hexdigest()
        (data / "blobs" / key[:2] / f"{key}.dcm").write_bytes(content)
    return count * len(template)


def run(data: Path, *verb: str) -> tuple[str, float, int]:
    """Return what a verb prints, its seconds and its memory at most, in MB."""
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *command(*verb, "--data", str(data))],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout, time.monotonic() - begun, int(done.stderr.split()[-1]) // 1024


def test_memory_does_not_grow_with_the_archive(tmp_path):
    data = tmp_path / "data"
    size = write_many(data, INSTANCES)

    told, reindex_seconds, reindex_mb = run(data, "reindex")
    assert told == f"{INSTANCES} instances indexed\n"
    told, seconds, memory = run(data, "check")
    assert told.startswith(f"{INSTANCES:,} instances, {INSTANCES:,} blobs, {size:,} bytes read")
    assert told.endswith(", 0 problems\n")
    told, fast_seconds, fast_mb = run(data, "check", "--fast")
    assert told.endswith(", 0 problems\n")

    # What is kept of each is 32 bytes, twice for a moment.
    assert max(memory, fast_mb) < 130 + INSTANCES // 5000
    print(
        f"check: {INSTANCES:,} instances in {seconds:.0f} s with {memory} MB, fast in "
        f"{fast_seconds:.0f} s with {fast_mb} MB; reindex in {reindex_seconds:.0f} s "
        f"with {reindex_mb} MB"
    )


def test_a_large_blob_is_read_about_as_fast_as_it_can_be_hashed(tmp_path):
    data = tmp_path / "data"
    files = [tmp_path / f"{number}.dcm" for number in range(2)]
    for number, path in enumerate(files):
        pixels = os.urandom(1 << 20) * LARGE_MB
        found = instances.native(pixels, LARGE_MB, SOPInstanceUID=f"1.2.{number}")
        found.Rows = found.Columns = 1024
        found.SamplesPerPixel, found.PhotometricInterpretation = 1, "MONOCHROME2"
        del found.PlanarConfiguration
        path.write_bytes(instances.written(found))
    subprocess.run(
        command("ingest", *map(str, files), "--data", str(data)), check=True, capture_output=True
    )
    begun = time.monotonic()
    for path in files:
        with path.open("rb") as file:
            hashlib.file_digest(file, "sha256")
    alone = time.monotonic() - begun

    told, _, memory = run(data, "check", "--json")

    summary = json.loads(told)["summary"]
    assert (summary["instances"], summary["problems"]) == (2, 0)
    assert memory < 130
    size, seconds = summary["bytes_read"], max(summary["seconds"], 0.1)
    assert size == sum(path.stat().st_size for path in files)
    print(
        f"check: {size / seconds / 1e6:.0f} MB/s of large blobs with {memory} MB; "
        f"hashing alone on one core {size / alone / 1e6:.0f} MB/s"
    )
