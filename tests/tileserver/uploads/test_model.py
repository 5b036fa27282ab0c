# SPDX-License-Identifier: Apache-2.0
"""What is told of an upload: the name that its file gets."""

from __future__ import annotations

import base64

import pytest

from tileserver.uploads.model import is_safe_part, read_asked


def asked(name: str) -> str:
    coded = base64.b64encode(name.encode()).decode()
    return read_asked(10, f"filename {coded}").name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("H-2026 1.svs", "H-2026 1.svs"),
        ('biopsy "left" 12:30.svs', "biopsy _left_ 12_30.svs"),
        ("-rf.svs", "_rf.svs"),
        ("Lunge\n?.ome.tif", "Lunge__.ome.tif"),
        ("C:\\slides\\Größe*.ndpi", "Größe_.ndpi"),
        ("../../etc/passwd", "passwd"),
        ("..", "slide"),
        ("a.b" * 3 + "." + "x" * 300, "a.ba.ba.b." + "x" * 245),
    ],
)
def test_only_what_is_bad_of_a_name_is_replaced(name, safe):
    assert asked(name) == safe
    assert is_safe_part(safe)


@pytest.mark.parametrize("letter", ["a", "ü", "片"])
def test_a_long_name_is_cut_before_its_suffix(letter):
    found = asked(letter * 300 + ".svs")

    assert found.strip(letter) == ".svs"
    assert 255 - len(letter.encode()) < len(found.encode()) <= 255
    assert is_safe_part(found)
