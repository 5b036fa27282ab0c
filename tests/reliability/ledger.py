# SPDX-License-Identifier: Apache-2.0
"""What was promised of each instance, and whether a data folder keeps it."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import instances

from tileserver.app import open_services, rebuild_index
from tileserver.errors import DamagedIndexError, NotFoundError
from tileserver.index import Index
from tileserver.services import Services
from tileserver.settings import Duplicates, Settings

STUDY = "1.2.826.0.1.3680043.9.1.1000"
_NUMBER = 7
LITTER = ("incoming", "condemned", "removed", "reading")


@dataclass(frozen=True, order=True)
class Name:
    """UIDs of an instance, all of the same length."""

    study: int
    number: int

    @property
    def uids(self) -> tuple[str, str, str]:
        study = study_uid(self.study)
        return study, f"{study}.1", f"{study}.1.{10**_NUMBER + self.number}"

    @property
    def path(self) -> str:
        study, series, instance = self.uids
        return f"/studies/{study}/series/{series}/instances/{instance}"


def study_uid(number: int) -> str:
    """Return the UID of a study."""
    return f"{STUDY}.{10**_NUMBER + number}"


@functools.cache
def _template(version: int) -> bytes:
    study, series, instance = Name(0, 0).uids
    frame = instances.jpeg(version % 200)
    return instances.written(
        instances.slide(
            [frame],
            StudyInstanceUID=study,
            SeriesInstanceUID=series,
            SOPInstanceUID=instance,
            PatientComments=f"version {version:04}",
        )
    )


def file_of(name: Name, version: int = 0) -> bytes:
    """Return the Part 10 file of an instance; versions have other bytes."""
    return renamed(_template(version), name)


def renamed(template: bytes, name: Name) -> bytes:
    """Return a file of instance 0 of study 0 as that of another."""
    was, now = Name(0, 0).uids, name.uids
    for one, other in zip(reversed(was), reversed(now), strict=True):
        assert len(one) == len(other)
        template = template.replace(one.encode(), other.encode())
    return template


@dataclass
class Ledger:
    """For each instance, the files of which one must be had; ``None`` stands for no instance."""

    promised: dict[Name, set[bytes | None]] = field(default_factory=dict)

    def may(self, name: Name, file: bytes | None) -> None:
        """Note what somebody asked for."""
        self.promised.setdefault(name, {None}).add(file)

    def must(self, name: Name, file: bytes | None) -> None:
        """Note what was acknowledged."""
        self.promised[name] = {file}

    def copy(self) -> Ledger:
        return Ledger({name: set(files) for name, files in self.promised.items()})


@contextlib.contextmanager
def opened(data: Path) -> Iterator[tuple[Services, Index]]:
    """Open a data folder as a server does when it starts, and do what it says if it does not."""
    settings = Settings(data=data, duplicates=Duplicates.REPLACE)
    try:
        services, index = open_services(settings)
    except DamagedIndexError as error:
        # The power went before anything was acknowledged: there are files, and nothing knows them.
        assert "run tileserver reindex" in str(error)
        rebuild_index(settings)
        services, index = open_services(settings)
    try:
        yield services, index
    finally:
        services.close()
        index.close()


@dataclass
class Found:
    """What is wrong with a data folder."""

    lost: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    litter: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.half or self.back or self.litter)

    def add(self, other: Found) -> None:
        for name in ("lost", "half", "back", "litter"):
            getattr(self, name).extend(getattr(other, name))


def check(data: Path, ledger: Ledger, *, may_litter: bool = False) -> Found:
    """Open a data folder and look for everything that was promised, and for nothing else."""
    with opened(data) as (services, index):
        assert services.status.problems() == []
        found = compare(stored_files(services, ledger), ledger)
        if not may_litter:
            found.litter = litter(data, index)
    return found


def compare(stored: dict[Name, bytes | str], ledger: Ledger) -> Found:
    """Compare what is stored with what was promised; a text tells why a file cannot be had."""
    found = Found()
    for name, promised in ledger.promised.items():
        file = stored.get(name)
        told = f"{name}: {file if isinstance(file, str) else ''}"
        if file is None:
            if None not in promised:
                found.lost.append(told)
        elif file not in promised:
            kind = found.back if promised == {None} else found.half
            (kind if isinstance(file, bytes) or kind is found.half else found.half).append(told)
    found.back += [str(name) for name in stored if name not in ledger.promised]
    return found


def stored_files(services: Services, ledger: Ledger) -> dict[Name, bytes | str]:
    """Return the file of each instance that the index names, whole with its frames."""
    found: dict[Name, bytes | str] = {}
    by_uid = {name.uids[2]: name for name in ledger.promised}
    for study in sorted({name.study for name in ledger.promised}):
        try:
            listed = services.retrieve.instances(study_uid(study))
        except NotFoundError:
            continue
        for item in listed:
            name = by_uid.get(item.sop_instance_uid, Name(-1, -1))
            try:
                found[name] = b"".join(services.retrieve.file(item).pieces())
                (frame,) = services.retrieve.frames(item, [1])
                assert frame in found[name], "the frame is another"
                assert hashlib.sha256(found[name]).digest() == item.sha256, "the index names others"
            except Exception as error:  # noqa: BLE001 - told by the test
                found[name] = f"{type(error).__name__}: {error}"
    return found


def litter(data: Path, index: Index) -> list[str]:
    """Return what lies in a data folder and belongs to nobody."""
    blobs = {path.stem for path in (data / "blobs").rglob("*.dcm")}
    known = {row.key for row in _keys(index)}
    found = [f"blob {key}" for key in sorted(blobs - known)]
    found += [f"no blob {key}" for key in sorted(known - blobs)]
    for folder in LITTER:
        found += [f"{folder}/{path.name}" for path in (data / folder).iterdir()]
    return found + [path.name for path in data.iterdir() if path.name.startswith(".reindex-")]


def _keys(index: Index) -> Iterable:
    with index._reading() as connection:
        return connection.exec_driver_sql("SELECT key FROM instance").all()
