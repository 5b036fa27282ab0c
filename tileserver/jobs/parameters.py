# SPDX-License-Identifier: Apache-2.0
"""Checks of the parameters of jobs, before a job is put on the queue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dicomizer.dicom.uids import is_uid
from tileserver.errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tileserver.job_queue import Job
    from tileserver.job_queue.model import Parameters

    Read = Callable[[str, object], object]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What checks may look at.

    Parameters
    ----------
    peers
        Addresses by name.
    job
        Returns a job by its number.
    has_quota
        Whether there is a bound to what may be stored.
    is_protected
        Tells whether a study is kept from being deleted.
    """

    data: Path
    peers: Mapping[str, str]
    job: Callable[[int], Job]
    has_quota: bool = False
    is_protected: Callable[[str], bool] = lambda _: False


def read(
    parameters: Parameters, required: Mapping[str, Read], optional: Mapping[str, Read] | None = None
) -> dict[str, object]:
    """Return parameters, each read by its function.

    Raises
    ------
    BadRequestError
        One is missing, unknown, or makes no sense.
    """
    known = {**required, **(optional or {})}
    if unknown := parameters.keys() - known.keys():
        expected = ", ".join(known) or "none"
        raise BadRequestError(f"unknown parameter {min(unknown)[:64]!r}; expected {expected}")
    if missing := [name for name in required if name not in parameters]:
        raise BadRequestError(f"the parameter {missing[0]!r} is missing")
    return {name: known[name](name, value) for name, value in parameters.items()}


def uid(name: str, value: object) -> str:
    """Read a UID."""
    if not isinstance(value, str) or not is_uid(value):
        raise BadRequestError(f"{name}: expected a UID")
    return value


def truth(name: str, value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise BadRequestError(f"{name}: expected true or false")
    return value


def number(name: str, value: object) -> int:
    """Read the number of a job."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 62:
        raise BadRequestError(f"{name}: expected the number of a job")
    return value


def position(name: str, value: object) -> int:
    """Read which of several something is, from 1."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 1 << 31:
        raise BadRequestError(f"{name}: expected a whole number from 1")
    return value


def mapping(name: str, value: object) -> Mapping[str, object]:
    """Read a JSON object."""
    if not isinstance(value, dict):
        raise BadRequestError(f"{name}: expected a JSON object")
    return value


def one_of(*words: str) -> Read:
    """Return what reads one of some words."""

    def read_word(name: str, value: object) -> str:
        if value not in words:
            raise BadRequestError(f"{name}: expected {' or '.join(words)}")
        return str(value)

    return read_word


def read_below(parameters: Parameters, **more: Read) -> dict[str, object]:
    """Read the UIDs of a study, or of a series or an instance in it, and further parameters."""
    found = read(parameters, {"study": uid}, {"series": uid, "instance": uid, **more})
    if "instance" in found and "series" not in found:
        raise BadRequestError("an instance needs the series that it belongs to")
    return found
