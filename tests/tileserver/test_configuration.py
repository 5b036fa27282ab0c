# SPDX-License-Identifier: Apache-2.0
"""Where settings come from, and what is refused."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path

import pytest
from servers import command

from tileserver.configuration import fields, load, sample
from tileserver.errors import ConfigurationError
from tileserver.settings import Settings


def _file(folder: Path, text: str) -> Path:
    path = folder / "tileserver.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_argument_goes_over_the_environment_over_the_file_over_the_default(tmp_path):
    file = _file(tmp_path, 'data = "archive"\nport = 1\nhost = "::1"\nmax_results = 5\n')

    loaded = load({"port": 3, "host": None}, {"TILESERVER_PORT": "2", "TILESERVER_HOST": "h"}, file)

    assert loaded.settings == Settings(data=tmp_path / "archive", host="h", port=3, max_results=5)
    assert loaded.origins == {
        "data": str(file),
        "host": "TILESERVER_HOST",
        "port": "argument",
        "max_results": str(file),
    } | {
        name: "default" for name in fields() if name not in ("data", "host", "port", "max_results")
    }


def test_the_environment_names_the_file(tmp_path):
    file = _file(tmp_path, 'data = "/a"\n')

    assert load({}, {"TILESERVER_CONFIG": str(file)}).settings == Settings(data=Path("/a"))


def test_lists_are_parted_by_commas_or_blanks():
    environment = {"TILESERVER_DATA": "/a", "TILESERVER_ALLOWED_HOSTS": "a.org, b.org c.org"}

    assert load({}, environment).settings.allowed_hosts == ("a.org", "b.org", "c.org")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prot = 1", "unknown setting prot; did you mean port?"),
        ("zzz = 1", "unknown setting zzz"),
        ('port = "1"', "port makes no sense; expected a whole number"),
        ('data = "a"\nport = 65536', "port = 65536 makes no sense; expected 0 to 65535"),
        ('data = "a"\nport = -1', "port = -1 makes no sense; expected 0 to 65535"),
        ("host = 1", "host makes no sense; expected a text"),
        ('data = "a"\nmax_results = 0', "max_results = 0 makes no sense; expected 1 or more"),
        ('data = "a"\nsearch_seconds = -1', "search_seconds = -1 makes no sense; expected 0 or"),
        ('data = "a"\nmax_body_bytes = 0', "max_body_bytes = 0 makes no sense; expected 1 or"),
        ('data = "a"\nkeep_workitems_days = -1', "expected 0 or more: Days for which a workitem"),
        ('data = "a"\nallowed_hosts = ["http://a"]', "allowed_hosts makes no sense; expected na"),
        ('allowed_hosts = "a"', "allowed_hosts makes no sense; expected a list of texts"),
        (
            'data = "a"\nbase_url = "slides.example.org"',
            "base_url makes no sense; expected an address",
        ),
        (
            'data = "a"\nbase_url = "https://a.example/dicomweb/x"',
            "base_url makes no sense; expected a path that does not begin with one of its own, "
            "/dicomweb",
        ),
        ('data = "a"\nbase_url = "https://a.example/a/../b"', "base_url makes no sense"),
        ('data = "a"\nbase_url = "https://a.example/a//b"', "base_url makes no sense"),
        ('data = "a"\nbase_url = "https://a.example/a%20b"', "base_url makes no sense"),
        ("port", "is no TOML"),
        ("port = 1", "data is not given; expected --data, TILESERVER_DATA or data in the file"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(tmp_path, text, told):
    file = _file(tmp_path, text)

    with pytest.raises(ConfigurationError) as caught:
        load({}, {}, file)

    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"), [("TILESERVER_PORT", "x"), ("TILESERVER_MAX_RESULTS", "1.5")]
)
def test_so_is_the_environment(name, value):
    with pytest.raises(ConfigurationError, match=f"{name} makes no sense"):
        load({}, {"TILESERVER_DATA": "/a", name: value})


@pytest.mark.parametrize(
    "url", ["https://a.example", "https://a.example/", "http://[::1]:80/a/b.c/", "https://a/-/~x"]
)
def test_addresses_are_taken(tmp_path, url):
    loaded = load({}, {}, _file(tmp_path, f'data = "a"\nbase_url = "{url}"'))

    assert loaded.settings.base_url == url


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        load({}, {}, tmp_path / "none.toml")


def test_the_sample_has_every_setting_with_its_default(tmp_path):
    text = sample()
    every = tomllib.loads(text.replace('\n# base_url = ""', '\nbase_url = ""'))
    bare = "\n".join(
        line.removeprefix("# ") if line.removeprefix("# ").partition(" ")[0] in fields() else line
        for line in text.splitlines()
    )

    assert set(tomllib.loads(bare)) == set(fields())
    assert every["data"] == "archive"
    loaded = load({}, {}, _file(tmp_path, bare))
    assert loaded.settings == Settings(data=tmp_path / "archive")


def test_the_sample_is_kept():
    kept = Path(__file__).parents[2] / "samples" / "tileserver.toml"

    assert kept.read_text(encoding="utf-8") == sample()


def test_the_settings_in_force_are_shown():
    done = subprocess.run(
        command("config", "show", "--json", "--data", "/a", "--port", "7"),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    shown = json.loads(done.stdout)
    assert shown["port"] == {"value": 7, "origin": "argument"}
    assert shown["host"] == {"value": "127.0.0.1", "origin": "default"}
    assert set(shown) == set(fields())
