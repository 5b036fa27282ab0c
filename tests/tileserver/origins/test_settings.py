# SPDX-License-Identifier: Apache-2.0
"""Which origins and logins make sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from tileserver.configuration import load
from tileserver.errors import ConfigurationError
from tileserver.origin import Origin, origins_of, parse_origin
from tileserver.origins.logins import read_logins


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("lab=http://10.0.0.5:8042/dicom-web", "http://10.0.0.5:8042/dicom-web"),
        ("lab=https://pacs.example.org/a/b.c/", "https://pacs.example.org/a/b.c"),
        ("lab=http://[::1]:8042/dicom-web", "http://[::1]:8042/dicom-web"),
        ("lab=http://pacs", "http://pacs"),
    ],
)
def test_an_origin_is_a_name_and_an_address(text, url):
    assert parse_origin(text) == Origin("lab", url)


@pytest.mark.parametrize(
    "text",
    [
        "http://10.0.0.5:8042/dicom-web",
        "Lab=http://host/",
        "a b=http://host/",
        "../x=http://host/",
        "lab=ftp://host/",
        "lab=http://reader:secret@host/",
        "lab=http://host/?a=b",
        'lab=http://host/"><script>',
        "lab=http://host; script-src *",
        "lab=http://host:99999/",
        "lab=http://host:0/",
        "",
    ],
)
def test_nothing_else_is(text):
    assert parse_origin(text) is None
    with pytest.raises(ConfigurationError, match="expected NAME=ADDRESS, such as lab=http://10"):
        load({"data": Path("a"), "direct_origins": (text,) if text else ("x",)}, {})


def test_a_name_is_given_once():
    given = {
        "data": Path("a"),
        "origins": ("lab=http://a/", "b=http://b/"),
        "direct_origins": ("lab=http://c",),
    }

    with pytest.raises(ConfigurationError, match="direct_origins makes no sense; expected lab onc"):
        load(given, {})
    known = origins_of(load(given | {"direct_origins": ("c=https://c:1/d/",)}, {}).settings)
    assert known["c"] == Origin("c", "https://c:1/d", is_direct=True)
    assert known["c"].site == "https://c:1"
    assert list(known) == ["lab", "b", "c"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('lab = "nocolon"', "lab makes no sense; expected"),
        ('lab = "Bearer "', "lab makes no sense; expected"),
        ('lab = "a:b\\n"', "lab makes no sense; expected"),
        ("lab = 1", "lab makes no sense; expected"),
        ('other = "a:b"', "no such name in origins: other"),
        ('lab = "a:hidden', "expected lines such as lab ="),
    ],
)
def test_logins_that_make_no_sense_are_refused_untold(tmp_path, text, told):
    file = tmp_path / "logins.toml"
    file.write_text(text)

    with pytest.raises(ConfigurationError, match=told) as caught:
        read_logins(file, {"lab"})

    assert str(file) in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("nocolon", "hidden", "a:b"))


def test_a_file_of_logins_has_to_be_there(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        read_logins(tmp_path / "none", {"lab"})
