# SPDX-License-Identifier: Apache-2.0
"""Where settings come from: arguments, else the environment, else a TOML file, else the default."""

from __future__ import annotations

import dataclasses
import difflib
import json
import re
import tomllib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args, get_type_hints
from urllib.parse import urlsplit

from tileserver.errors import ConfigurationError
from tileserver.origin import EXPECTED_ORIGIN, parse_origin
from tileserver.settings import OWN_PATHS, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

PREFIX = "TILESERVER_"
CONFIG_VARIABLE = f"{PREFIX}CONFIG"
_RANGES = {"port": (0, 65535), "workers": (1, 64), "jobs_at_once": (0, 256)}
_AT_LEAST_ONE = frozenset(
    {"max_body_bytes", "max_results", "job_memory_bytes", "job_seconds", "job_disk_bytes"}
)
_NAME = re.compile(r"\*|[A-Za-z0-9._-]{1,253}", re.ASCII)
_URL = re.compile(r"https?://[^/?#\s]+(?:/(?!\.{1,2}(?:/|$))[\w.~-]+)*/?", re.ASCII)
"""What a path has must need no coding, and name no other place than it says."""
_TRUTH = {"1": True, "true": True, "yes": True, "on": True,
          "0": False, "false": False, "no": False, "off": False}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Field:
    """A setting.

    Parameters
    ----------
    kind
        ``bool``, ``int``, ``float``, ``str``, ``Path``, an enum, or ``tuple`` of texts.
    default
        `dataclasses.MISSING` where it must be given.
    """

    name: str
    kind: type
    help: str
    default: object

    @property
    def variable(self) -> str:
        """Of the environment."""
        return PREFIX + self.name.upper()

    @property
    def is_required(self) -> bool:
        """Whether there is no default."""
        return self.default is dataclasses.MISSING


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and by name of each where it came from."""

    settings: Settings
    origins: dict[str, str]


def fields() -> dict[str, Field]:
    """Return all settings by name."""
    hints = get_type_hints(Settings)
    return {
        item.name: Field(item.name, _kind(hints[item.name]), item.metadata["help"], item.default)
        for item in dataclasses.fields(Settings)
    }


def load(
    arguments: Mapping[str, object], environment: Mapping[str, str], file: Path | None = None
) -> Loaded:
    """Return the settings in force.

    Parameters
    ----------
    arguments
        By name; ``None`` and empty tuples were not given.
    file
        Where not given, the one that the environment names.

    Raises
    ------
    ConfigurationError
        A value makes no sense, a key of the file is unknown, or a setting is missing.
    """
    if file is None and environment.get(CONFIG_VARIABLE):
        file = Path(environment[CONFIG_VARIABLE])
    found = {name: (value, "default") for name, value in _defaults()}
    found |= _of_file(file) if file else {}
    found |= _of_environment(environment)
    found |= {
        name: (_made(fields()[name], f"--{name}", value), "argument")
        for name, value in arguments.items()
        if value not in (None, ())
    }
    if missing := [f for f in fields().values() if f.name not in found]:
        field = missing[0]
        raise ConfigurationError(
            f"{field.name} is not given; expected --{field.name.replace('_', '-')}, "
            f"{field.variable} or {field.name} in the file of --config"
        )
    values: dict[str, Any] = {
        name: value or None if fields()[name].default is None else value
        for name, (value, _) in found.items()
    }
    _check(values, found)
    return Loaded(Settings(**values), {name: origin for name, (_, origin) in found.items()})


def _check(values: Mapping[str, Any], found: Mapping[str, tuple[object, str]]) -> None:
    """Refuse what no server could mean."""
    for name, field in fields().items():
        value, (_, origin) = values[name], found[name]
        least, largest = _RANGES.get(name, (int(name in _AT_LEAST_ONE), 1 << 62))
        if field.kind is int and not least <= value <= largest:
            told = f"{least} to {largest}" if name in _RANGES else f"{least} or more"
            raise _bad(field, f"{origin}: {name} = {value}", told)
        if field.kind is str and name.endswith("_url") and value:
            _check_url(field, f"{origin}: {name}", value)
        if name == "allowed_hosts" and not all(map(_NAME.fullmatch, value)):
            raise _bad(field, f"{origin}: {name}", "names such as slides.example.org, or *")
    _check_origins(values, found)


def _check_origins(values: Mapping[str, Any], found: Mapping[str, tuple[object, str]]) -> None:
    """Refuse origins without a name or an address, and two of one name."""
    names: set[str] = set()
    for setting in ("origins", "direct_origins"):
        for text in values[setting]:
            parsed = parse_origin(text)
            place = f"{found[setting][1]}: {setting}"
            if parsed is None:
                raise _bad(fields()[setting], place, EXPECTED_ORIGIN)
            if parsed.name in names:
                raise _bad(fields()[setting], place, f"{parsed.name} once")
            names.add(parsed.name)


def _check_url(field: Field, place: str, value: str) -> None:
    if not _URL.fullmatch(value):
        raise _bad(field, place, "an address such as https://slides.example.org/pacs")
    first = urlsplit(value).path.split("/")[1:2]
    if OWN_PATHS.intersection(first):
        raise _bad(field, place, f"a path that does not begin with one of its own, /{first[0]}")


def sample() -> str:
    """Return a configuration file with every setting, its meaning and its default."""
    blocks = []
    for field in fields().values():
        comment = "\n".join(f"# {line}" for line in _wrapped(field.help))
        value = 'data = "archive"' if field.is_required else _assignment(field)
        blocks.append(f"{comment}\n# Environment: {field.variable}\n{value}\n")
    return "# Settings of tileserver; what is commented out has the value shown.\n\n" + "\n".join(
        blocks
    )


def plain(value: object) -> object:
    """Return the value of a setting as JSON and TOML write it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def _assignment(field: Field) -> str:
    if field.default is None:
        return f'# {field.name} = ""'
    return f"# {field.name} = {json.dumps(plain(field.default))}"


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(text, 96)


def _defaults() -> Iterator[tuple[str, object]]:
    for field in fields().values():
        if not field.is_required:
            yield field.name, field.default


def _kind(hint: Any) -> type:
    """Return the plain type of an annotation, without ``None`` and what a tuple holds."""
    kinds = [item for item in get_args(hint) if item not in (NoneType, Ellipsis)]
    if getattr(hint, "__origin__", None) is tuple:
        return tuple
    found: type = kinds[0] if kinds else hint
    return found


def _of_environment(environment: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    return {
        field.name: (_parsed(field, environment[field.variable]), field.variable)
        for field in fields().values()
        if field.variable in environment
    }


def _parsed(field: Field, text: str) -> object:
    """Return the value that a text of the environment stands for."""
    if field.kind is tuple:
        return tuple(item for item in text.replace(",", " ").split() if item)
    if field.kind is bool:
        if text.lower() not in _TRUTH:
            raise _bad(field, field.variable, "yes or no")
        return _TRUTH[text.lower()]
    return _made(field, field.variable, text)


def _of_file(path: Path) -> dict[str, tuple[object, str]]:
    known = fields()
    found = {}
    for name, value in _read(path).items():
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            raise ConfigurationError(f"{path}: unknown setting {name}{hint}")
        found[name] = (_typed(known[name], path, value), str(path))
    return found


def _read(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is no TOML: {error}") from error


def _typed(field: Field, path: Path, value: object) -> object:
    """Return a value of the file, which must be of the setting's own type."""
    place = f"{path}: {field.name}"
    if field.kind is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _bad(field, place, "a list of texts")
        return tuple(value)
    wanted = field.kind if field.kind in (bool, int, float) else str
    if type(value) is not wanted and not (wanted is float and type(value) is int):
        raise _bad(field, place, _EXPECTED[wanted])
    made = _made(field, place, value)
    # A path in a file is seen from the file.
    return path.parent / made if isinstance(made, Path) else made


_EXPECTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def _made(field: Field, place: str, value: object) -> object:
    if field.default is None and value == "":
        return value  # as in the sample: nothing, which an empty path is not
    make: Callable[[object], object] = field.kind
    try:
        return make(value)
    except ValueError as error:
        names = [str(item.value) for item in field.kind] if issubclass(field.kind, Enum) else []
        raise _bad(field, place, " or ".join(names) or _EXPECTED[field.kind]) from error


def _bad(field: Field, place: str, expected: str) -> ConfigurationError:
    meaning = field.help.split(". ")[0].rstrip(".")
    return ConfigurationError(f"{place} makes no sense; expected {expected}: {meaning}")
