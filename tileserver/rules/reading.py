# SPDX-License-Identifier: Apache-2.0
"""Rules from TOML, checked whole before any of them is used.

::

    [[rule]]
    name = "to the archive"
    on = "series stable"
    stable_seconds = 60
    match = { Modality = "SM", PatientID = "P-*" }
    job = { kind = "send", parameters = { peer = "archive" } }
"""

from __future__ import annotations

import difflib
import re
import tomllib
from importlib import metadata
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tileserver.dicomweb.search_parameters import read_parameters
from tileserver.errors import BadRequestError, ConfigurationError
from tileserver.index import Level
from tileserver.job_queue.signing import signing_key
from tileserver.rules.model import LEVELS, Action, Rule, When

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    Check = Callable[[str, Mapping[str, object]], object]

ENTRY_POINTS = "tileserver.actions"
_NAME = re.compile(r"[\w .,-]{1,64}")
_EVERY = re.compile(r"(\d{1,6})\s*(s|min|h|d)", re.ASCII)
_AT = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86_400}
_MOST_RULES = 1000
_MOST_SHOWN = 80
_STATES = frozenset({"done", "failed", "cancelled"})
_PLACEHOLDERS = {"study": "1.2", "series": "1.2.1", "instance": "1.2.1.1"}
_WORDS = {level.name.lower(): level for level in Level}
_OF_RULE = frozenset({"name", "on", "match", "job", "webhook", "call"})
_MORE = {
    When.SERIES_STABLE: frozenset({"stable_seconds"}),
    When.JOB_FINISHED: frozenset({"kinds", "states"}),
    When.SCHEDULE: frozenset({"every", "at"}),
}


def read_rules(path: Path, kinds: Check, known: Iterable[str]) -> tuple[Rule, ...]:
    """Return the rules of a file.

    Parameters
    ----------
    kinds
        Checks kind and parameters of a job; raises `BadRequestError`.
    known
        The names of all kinds of jobs.

    Raises
    ------
    ConfigurationError
        The file cannot be read, or a rule makes no sense; it says which and what is expected.
    """
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is no TOML: {error}") from error
    tables = found.pop("rule", [])
    if found or not isinstance(tables, list) or not all(isinstance(item, dict) for item in tables):
        told = ", ".join(found) or "rule"
        raise ConfigurationError(
            f"{path}: found {told}, expected [[rule]] before each rule, in two brackets"
        )
    if len(tables) > _MOST_RULES:
        raise ConfigurationError(f"{path}: more than {_MOST_RULES:,} rules")
    names = frozenset(known)
    rules = tuple(
        _rule(f"{path}: rule {number}", each, kinds, names, path)
        for number, each in enumerate(tables, 1)
    )
    given = [rule.name for rule in rules]
    if doubled := {name for name in given if given.count(name) > 1}:
        raise ConfigurationError(f"{path}: two rules have the name {min(doubled)!r}")
    return rules


def _rule(
    place: str, table: dict[str, Any], kinds: Check, known: frozenset[str], path: Path
) -> Rule:
    name = table.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _bad(
            place, "name", name, "a text of up to 64 letters, digits, blanks, dots and dashes"
        )
    place = f"{place} ({name})"
    if table.get("on") not in set(When):
        expected = " or ".join(repr(str(item)) for item in When)
        close = difflib.get_close_matches(str(table.get("on")), list(When), 1)
        hint = f"; did you mean {str(close[0])!r}?" if close else ""
        raise _bad(place, "on", table.get("on"), f"{expected}{hint}")
    when = When(table["on"])
    _check_keys(place, table, _OF_RULE | _MORE.get(when, frozenset()))
    return Rule(
        name=name,
        when=when,
        actions=_actions(place, table, when, kinds, path),
        conditions=_conditions(place, table.get("match", {}), LEVELS[when]),
        of_job=_of_job(place, table, known) if when is When.JOB_FINISHED else None,
        stable_seconds=_seconds(place, table.get("stable_seconds", 60)),
        every_seconds=_every(place, table.get("every", "1d")),
        at_seconds=_at(place, table.get("at", "00:00")),
    )


def _check_keys(place: str, table: Mapping[str, Any], known: frozenset[str]) -> None:
    for name in table:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            hint = f"; did you mean {close[0]}?" if close else ""
            expected = ", ".join(sorted(known))
            raise ConfigurationError(f"{place}: unknown {name}, expected {expected}{hint}")


def _conditions(place: str, match: object, level: Level) -> Any:
    if not isinstance(match, dict) or not all(isinstance(text, str) for text in match.values()):
        raise _bad(place, "match", match, 'texts by attribute, such as { Modality = "SM" }')
    try:
        return read_parameters(level, tuple(match.items()), {}).conditions
    except BadRequestError as error:
        raise ConfigurationError(f"{place}: match: {error}") from error


def _actions(
    place: str, table: Mapping[str, Any], when: When, kinds: Check, path: Path
) -> tuple[Action, ...]:
    found = []
    if "job" in table:
        found.append(_job(f"{place}: job", table["job"], when, kinds))
    if "webhook" in table:
        found.append(_webhook(f"{place}: webhook", table["webhook"], path))
    if "call" in table:
        found.append(_call(place, table["call"]))
    if not found:
        raise ConfigurationError(f"{place}: nothing to do; expected job, webhook or call")
    return tuple(found)


def _job(place: str, table: object, when: When, kinds: Check) -> Action:
    if not isinstance(table, dict) or not isinstance(table.get("kind"), str):
        raise ConfigurationError(f'{place}: expected a table such as {{ kind = "export" }}')
    _check_keys(place, table, frozenset({"kind", "parameters", "level", "priority"}))
    parameters, priority = table.get("parameters", {}), table.get("priority", 0)
    if not isinstance(parameters, dict) or not isinstance(priority, int):
        raise ConfigurationError(f"{place}: expected a table of parameters and a whole priority")
    if table["kind"] == "verify" and when is not When.JOB_FINISHED:
        raise _bad(place, "kind", "verify", 'it on "job finished" alone, with kinds = ["convert"]')
    level = _level(place, table, when)
    uids = dict(list(_PLACEHOLDERS.items())[: 0 if level is None else level + 1])
    try:
        kinds(table["kind"], {**uids, **parameters})
    except BadRequestError as error:
        raise ConfigurationError(f"{place}: {error}") from error
    return Action(table["kind"], parameters, level, priority)


def _level(place: str, table: Mapping[str, Any], when: When) -> Level | None:
    """Return what the job is about: what the rule is about, unless it says otherwise."""
    word = table.get("level", "none" if table["kind"] == "recycle" else None)
    if word is None:
        return LEVELS[when]
    if word == "none":
        return None
    if word not in _WORDS or _WORDS[word] > LEVELS[when]:
        names = [name for name, level in _WORDS.items() if level <= LEVELS[when]]
        raise _bad(place, "level", word, " or ".join([*names, "none"]))
    return _WORDS[word]


def _webhook(place: str, table: object, path: Path) -> Action:
    if not isinstance(table, dict):
        raise ConfigurationError(f"{place}: expected a table with url and secret_file")
    _check_keys(place, table, frozenset({"url", "secret_file"}))
    url, secret = table.get("url"), table.get("secret_file")
    if not isinstance(url, str) or not _is_address(url):
        raise _bad(place, "url", url, "an address such as https://lis.example.org/hook")
    if not isinstance(secret, str):
        raise _bad(place, "secret_file", secret, "the name of a file with the secret that signs")
    file = path.parent / secret
    try:
        signing_key(file.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            f"{place}: secret_file: {file}: {error.strerror}, expected a file with the secret"
        ) from error
    except ConfigurationError as error:
        raise ConfigurationError(f"{place}: secret_file: {file}: {error}") from error
    return Action("webhook", {"url": url, "secret_file": str(file.absolute())}, None)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _call(place: str, name: object) -> Action:
    found = sorted(item.name for item in metadata.entry_points(group=ENTRY_POINTS))
    if name not in found:
        told = ", ".join(found) or "none, as no installed package has any"
        raise _bad(place, "call", name, f"an entry point of {ENTRY_POINTS}: {told}")
    return Action("call", {"function": name}, None)


def _of_job(
    place: str, table: Mapping[str, Any], known: frozenset[str]
) -> dict[str, frozenset[str]]:
    found = {}
    for name, default in (("kinds", []), ("states", ["done"])):
        value = table.get(name, default)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _bad(place, name, value, "a list of texts")
        found[name] = frozenset(value)
    for name, all_of_them in (("kinds", known), ("states", _STATES)):
        if unknown := found[name] - all_of_them:
            raise _bad(place, name, min(unknown), " or ".join(sorted(all_of_them)))
    return found


def _seconds(place: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= 86_400:
        raise _bad(place, "stable_seconds", value, "a whole number from 0 to 86400")
    return value


def _every(place: str, value: object) -> int:
    found = _EVERY.fullmatch(value) if isinstance(value, str) else None
    if found is None or not int(found[1]):
        raise _bad(place, "every", value, "a time such as 30min, 6h or 1d")
    return int(found[1]) * _UNITS[found[2]]


def _at(place: str, value: object) -> int:
    found = _AT.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise _bad(place, "at", value, 'a time of day (UTC) such as "02:30"')
    return int(found[1]) * 3600 + int(found[2]) * 60


def _bad(place: str, name: str, found: object, expected: str) -> ConfigurationError:
    told = f"{name} is missing" if found is None else f"{name}: found {_shown(found)}"
    return ConfigurationError(f"{place}: {told}, expected {expected}")


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."
