# SPDX-License-Identifier: Apache-2.0
"""2 GB over a line that breaks, in little memory."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from sending import CuttingProxy, write_large

MOST_MB = 200
_CODE = """
import sys
from dicomizer.cli.program import group
code = group.main(sys.argv[1:], standalone_mode=False)
status = open("/proc/self/status").read()
print("peak", int(status.split("VmHWM:")[1].split()[0]) // 1024, file=sys.stderr)
sys.exit(code)
"""
"""The peak is asked of the process itself: that which its parent is told counts the parent too."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is told by Linux")
def test_2_gb_over_a_line_that_breaks_take_less_than_200_mb(server, tmp_path):
    if shutil.disk_usage(tmp_path).free < 6 << 30:
        pytest.skip("less than 6 GiB are free: name a larger folder in TMPDIR")
    paths = write_large(tmp_path / "in", 10)
    size = sum(path.stat().st_size for path in paths)
    assert size > 2_000_000_000
    port = int(server.address.rsplit(":", 1)[1])
    with CuttingProxy(port, [300_000_000, 150_000_000, 700_000_000, 1_000]) as proxy:
        done = subprocess.run(
            [
                *(sys.executable, "-c", _CODE, "send", str(tmp_path / "in"), "--json"),
                *("--to", f"http://127.0.0.1:{proxy.port}/dicomweb"),
                *("--journal", str(tmp_path / "journal")),
            ],
            capture_output=True,
            text=True,
            timeout=250,
            check=False,
        )

        assert done.returncode == 0, done.stderr + done.stdout
        assert proxy.cut == 4
        # Each cut costs an instance at most that had not arrived whole.
        assert proxy.sent_bytes < size + 4 * 201_500_000
    document = json.loads(done.stdout)
    assert [item["verified"] for item in document["instances"]] == [True] * 10
    name, peak = done.stderr.split()[-2:]
    assert name == "peak"
    assert int(peak) < MOST_MB
    shutil.rmtree(server.data)
