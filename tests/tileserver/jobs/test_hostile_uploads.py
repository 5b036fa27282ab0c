# SPDX-License-Identifier: Apache-2.0
"""What is no slide, or means harm, ends as a failed job with its reason, and the server goes on."""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
from collections.abc import Iterator

import pytest
import uploading as up
from servers import Server, serving
from slides import write_svs

MEMORY = 700 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[Server]:
    """Give a server whose jobs may not take much."""
    data = tmp_path_factory.mktemp("hostile") / "data"
    bounds = ("--job-memory-bytes", str(MEMORY), "--job-seconds", "60")
    with serving(data, *bounds, "--job-disk-bytes", str(64 << 20)) as running:
        yield running
        assert running.is_alive()
        assert running.get("/studies").status_code == 204


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return packed.getvalue()


def lying(data: bytes) -> bytes:
    """Let the directory of a ZIP say that its file has ten bytes only."""
    place = data.rindex(b"PK\x01\x02") + 24
    return data[:place] + struct.pack("<I", 10) + data[place + 4 :]


def link() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        member = zipfile.ZipInfo("slide.svs")
        member.external_attr = 0o120777 << 16
        file.writestr(member, "/etc/passwd")
    return packed.getvalue()


def huge_tiff() -> bytes:
    """Return a TIFF of one strip that says it has 4 gigapixels, coded as nothing."""
    tags = [
        (256, 4, 1, 65_000), (257, 4, 1, 65_000), (258, 3, 1, 8), (259, 3, 1, 5),
        (262, 3, 1, 1), (273, 4, 1, 8), (277, 3, 1, 1), (278, 4, 1, 65_000), (279, 4, 1, 1000),
    ]  # fmt: skip
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 1008) + bytes(1000) + directory


# ruff: noqa: E501
HOSTILE = {
    "no slide": (b"just some text\n" * 100, "slide.svs", "its format is none that is known"),
    "list of the server's files": (b"slide,mpp\n/etc/passwd,1\n", "slides.csv", "format is none that is known"),
    "name with wildcards": (b"nothing", "[a-z].svs", "format is none that is known"),
    "nothing": (b"", "slide.svs", "format is none that is known|is empty"),
    "ZIP of nothing": (zipped(), "a.zip", "has no file, expected a slide"),
    "ZIP of a bomb": (zipped(bomb=bytes(256 << 20)), "a.zip", "unpacks to 268,435,456 bytes"),
    "ZIP that lies": (lying(zipped(bomb=bytes(128 << 20))), "a.zip", "cannot be unpacked|more than"),
    "ZIP that leads out": (zipped(**{"../../x.svs": b"x"}), "a.zip", "leads out of its folder"),
    "ZIP of a link": (link(), "a.zip", "a link"),
    "ZIP of two slides": (zipped(**{"a.svs": b"a", "b.svs": b"b"}), "a.zip", "2 could be the slide"),
    "ZIP cut short": (zipped(a=bytes(9000))[:-30], "a.zip", "format is none that is known"),
    "huge TIFF": (huge_tiff(), "a.tif", "."),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_it_fails_with_a_reason(server, name):
    data, filename, reason = HOSTILE[name]

    done = up.ended(server, up.uploaded(server, data, filename))

    assert done["state"] == "failed"
    assert re.search(reason, done["problem"]), done["problem"]
    assert "unexpected" not in done["problem"]
    assert "\n" not in done["problem"]
    assert str(server.data) not in done["problem"]
    assert server.is_alive()


def test_mutated_slides_end_one_way_or_the_other(server, tmp_path):
    """Whatever a mutant leads to, it is told, and nothing of a failed one stays."""
    data = write_svs(tmp_path / "slide.svs").path.read_bytes()
    chance = random.Random(11)
    for _ in range(4):
        mutant = bytearray(data)
        for _ in range(40):
            mutant[chance.randrange(len(mutant))] = chance.randrange(256)

        done = up.ended(server, up.uploaded(server, bytes(mutant)))

        assert done["state"] in ("done", "failed")
        assert "unexpected" not in (done["problem"] or "")
        if done["state"] == "done":
            study = done["result"]["study"]
            up.ended(server, up.asked(server, "delete", parameters={"study": study}))
