# SPDX-License-Identifier: Apache-2.0
"""What became of each slide that came in, known by its content: a file of SQLite.

A slide goes through its states in order; with each, the next start of the service knows what is
left to be done. A process that is killed loses none of them. Those after which something is moved
are flushed to the disk as well before it is (``synchronous=FULL``), with all before them; what a
power cut may take of the others is found again by looking at the inbox:

    new         to be converted, or being converted: nothing of it can be seen anywhere
    converted   whole in the private folder, verified, and its place is reserved; to be stored, sent
    done        stored and sent
    unmatched   a look-up that is required does not find it; asked again from time to time
    failed      for good, until somebody tries it again
    gone        taken away before it was converted

Where it is done, unmatched or failed, the source is put aside next; ``is_settled`` tells whether
that is done as well. One service writes; others may read at the same time.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dicomizer.errors import TargetError
from dicomizer.targets.durable import durable_folders

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_VERSION = 1
_SCHEMA = """
CREATE TABLE slides (
    content TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,
    is_settled INTEGER NOT NULL DEFAULT 0,
    slide_bytes INTEGER NOT NULL,
    file_bytes INTEGER,
    out TEXT UNIQUE,
    target TEXT,
    study_instance_uid TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try REAL NOT NULL DEFAULT 0,
    reason TEXT,
    remedy TEXT,
    seconds REAL NOT NULL DEFAULT 0,
    first_seen REAL NOT NULL,
    changed REAL NOT NULL
);
CREATE INDEX slides_open ON slides (state, is_settled);
CREATE TABLE sightings (
    path TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    content TEXT NOT NULL REFERENCES slides (content)
);
CREATE INDEX sightings_content ON sightings (content);
"""


class State(StrEnum):
    """How far a slide is."""

    NEW = "new"
    CONVERTED = "converted"
    DONE = "done"
    UNMATCHED = "unmatched"
    FAILED = "failed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of a slide.

    Parameters
    ----------
    content
        Digest of its files.
    name
        Its path below the inbox when it came.
    path
        Where it lies, or lay last.
    fingerprint
        State of its files there, as they were when their content was read.
    out
        Name of its folder among the results, once it is reserved.
    target
        Where the source is moved, once that has begun.
    attempts
        That have failed in a row.
    next_try
        Seconds since 1970; not before then.
    seconds
        That its last attempt took.
    """

    content: str
    name: str
    path: str
    fingerprint: str
    state: State
    is_settled: bool
    slide_bytes: int
    file_bytes: int | None
    out: str | None
    target: str | None
    study_instance_uid: str | None
    attempts: int
    next_try: float
    reason: str | None
    remedy: str | None
    seconds: float
    first_seen: float
    changed: float


_COLUMNS = ", ".join(item.name for item in fields(Record))


class Journal:
    """The journal of one inbox; threads may use it at once.

    Raises
    ------
    TargetError
        It cannot be opened, or is of a newer version of this program.
    """

    def __init__(self, path: Path, *, is_read_only: bool = False) -> None:
        self.path = path
        self._lock = threading.Lock()
        with self._explained():
            if not is_read_only:
                durable_folders(path.parent, mode=0o700)
            mode = "ro" if is_read_only else "rwc"
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=30,
                isolation_level=None,
                check_same_thread=False,
            )
            self._check_version(is_read_only=is_read_only)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def sighting(self, path: str) -> tuple[str, str] | None:
        """Return fingerprint and content of what was seen at a path."""
        rows = self._all("SELECT fingerprint, content FROM sightings WHERE path = ?", path)
        return (rows[0][0], rows[0][1]) if rows else None

    def arrive(self, path: str, fingerprint: str, content: str, slide_bytes: int) -> Record:
        """Note that a content lies at a path, and return what is known of it.

        A slide that was given up or has gone is tried anew: somebody brought it again. One that is
        under way from a place where it is no more goes on from here.
        """
        now = time.time()
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO slides (content, name, path, fingerprint, state, slide_bytes, "
                "first_seen, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (content) DO UPDATE SET name = excluded.name, path = excluded.path, "
                "fingerprint = excluded.fingerprint, state = excluded.state, is_settled = 0, "
                "attempts = 0, next_try = 0, reason = NULL, remedy = NULL, target = NULL, "
                "changed = excluded.changed "
                "WHERE state IN ('failed', 'gone') AND is_settled",
                (content, path, path, fingerprint, State.NEW, slide_bytes, now, now),
            )
            connection.execute(
                "INSERT INTO sightings VALUES (?, ?, ?) ON CONFLICT (path) DO UPDATE SET "
                "fingerprint = excluded.fingerprint, content = excluded.content",
                (path, fingerprint, content),
            )
        return self.record(content)

    def bring_back(self, content: str, path: str, fingerprint: str) -> None:
        """Try a slide anew that was taken away and has come again."""
        self.change(
            content,
            name=path,
            path=path,
            fingerprint=fingerprint,
            state=State.NEW,
            is_settled=0,
            attempts=0,
            next_try=0,
            reason=None,
            remedy=None,
            target=None,
        )

    def try_again(self, record: Record) -> bool:
        """Have a slide tried again now, whatever became of it; tell whether that can be.

        It cannot while its source is being put aside, or where the service has gone on meanwhile.
        A source that was put aside is brought back by the service before it is tried.
        """
        with self._transaction(is_durable=True) as connection:
            changed = connection.execute(
                "UPDATE slides SET attempts = 0, next_try = 0, changed = ?, "
                "reason = CASE state WHEN 'failed' THEN NULL ELSE reason END, "
                "remedy = CASE state WHEN 'failed' THEN NULL ELSE remedy END, "
                "is_settled = CASE state WHEN 'failed' THEN 0 ELSE is_settled END, "
                "state = CASE state WHEN 'failed' THEN 'new' ELSE state END "
                "WHERE content = ? AND state = ? AND (state != 'failed' OR is_settled)",
                (time.time(), record.content, record.state),
            )
            return changed.rowcount == 1

    def returned(self, record: Record, path: str) -> Record:
        """Note that a source that was put aside lies in the inbox again, and where."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO sightings VALUES (?, ?, ?) ON CONFLICT (path) DO UPDATE SET "
                "fingerprint = excluded.fingerprint, content = excluded.content",
                (path, record.fingerprint, record.content),
            )
            connection.execute(
                "UPDATE slides SET path = ?, target = NULL, changed = ? WHERE content = ?",
                (path, time.time(), record.content),
            )
        return self.record(record.content)

    def waiting(self) -> list[Record]:
        """Return the slides that `try_again` is for: given up, or waiting for another attempt."""
        rows = self._all(
            f"SELECT {_COLUMNS} FROM slides WHERE state IN ('failed', 'unmatched') OR "  # noqa: S608
            "(state IN ('new', 'converted', 'done') AND next_try > 0) ORDER BY first_seen"
        )
        return list(map(_record, rows))

    def forget(self, path: str) -> None:
        """Note that nothing lies at a path any more."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM sightings WHERE path = ?", (path,))

    def sightings(self) -> dict[str, tuple[str, str]]:
        """Return fingerprint and content by path."""
        return {
            path: (fingerprint, content)
            for path, fingerprint, content in self._all(
                "SELECT path, fingerprint, content FROM sightings"
            )
        }

    def record(self, content: str) -> Record:
        """Return what is known of a content."""
        (row,) = self._all(f"SELECT {_COLUMNS} FROM slides WHERE content = ?", content)  # noqa: S608
        return _record(row)

    def open_records(self, now: float) -> list[Record]:
        """Return the slides with which something is left to be done now, oldest first."""
        rows = self._all(
            f"SELECT {_COLUMNS} FROM slides WHERE next_try <= ? AND (state IN "  # noqa: S608
            "('new', 'converted', 'unmatched') OR (state IN ('done', 'failed') AND NOT is_settled))"
            " ORDER BY first_seen",
            now,
        )
        return list(map(_record, rows))

    def is_open(self) -> bool:
        """Tell whether something is left to be done, but for slides that are not matched."""
        ((found,),) = self._all(
            "SELECT EXISTS (SELECT 1 FROM slides WHERE state IN ('new', 'converted') OR "
            "(state IN ('done', 'failed') AND NOT is_settled))"
        )
        return bool(found)

    def next_try(self) -> float | None:
        """Return when the next slide is to be tried again; ``None`` where none waits."""
        ((found,),) = self._all(
            "SELECT min(next_try) FROM slides WHERE next_try > 0 AND state IN "
            "('new', 'converted', 'unmatched')"
        )
        return found if found is None else float(found)

    def change(self, content: str, *, is_durable: bool = False, **values: object) -> Record:
        """Change what is known of a slide.

        Parameters
        ----------
        is_durable
            Whether it is on disk on return.
        """
        values["changed"] = time.time()
        names = ", ".join(f"{name} = ?" for name in values)
        with self._transaction(is_durable=is_durable) as connection:
            connection.execute(
                f"UPDATE slides SET {names} WHERE content = ?",  # noqa: S608 - names are ours
                (*values.values(), content),
            )
        return self.record(content)

    def settle(self, record: Record, path: str, *, is_seen: bool) -> Record:
        """Note that a source was put aside, and where.

        Parameters
        ----------
        is_seen
            Whether it still lies where it came, and is not to be taken in again.
        """
        with self._transaction() as connection:
            if not is_seen:
                connection.execute("DELETE FROM sightings WHERE path = ?", (record.path,))
            connection.execute(
                "UPDATE slides SET is_settled = 1, target = NULL, path = ?, changed = ? "
                "WHERE content = ?",
                (path, time.time(), record.content),
            )
        return self.record(record.content)

    def reserve(self, content: str, names: Iterator[str]) -> str:
        """Return the slide's folder among the results, the first name that no other slide has."""
        known = self.record(content).out
        if known is not None:
            return known
        for name in names:
            with contextlib.suppress(sqlite3.IntegrityError), self._transaction() as connection:
                connection.execute("UPDATE slides SET out = ? WHERE content = ?", (name, content))
                return name
        raise AssertionError("names do not end")

    def counts(self) -> dict[str, int]:
        """Return how many slides are in each state."""
        found = dict.fromkeys(map(str, State), 0)
        found.update(self._all("SELECT state, count(*) FROM slides GROUP BY state"))
        return found

    def totals(self) -> dict[str, float]:
        """Return bytes and seconds of all that are done."""
        ((slide_bytes, file_bytes, seconds),) = self._all(
            "SELECT total(slide_bytes), total(file_bytes), total(seconds) FROM slides "
            "WHERE state = 'done'"
        )
        return {"slide_bytes": slide_bytes, "file_bytes": file_bytes, "seconds": seconds}

    def oldest_seconds(self) -> float:
        """Return since when the oldest slide waits that is not done; 0 where none does."""
        ((found,),) = self._all(
            "SELECT min(first_seen) FROM slides WHERE state IN ('new', 'converted', 'unmatched')"
        )
        return max(time.time() - found, 0.0) if found else 0.0

    def unsettled(self, limit: int) -> list[Record]:
        """Return the slides that are not done, those that changed last first."""
        rows = self._all(
            f"SELECT {_COLUMNS} FROM slides WHERE state NOT IN ('done', 'gone') "  # noqa: S608
            "ORDER BY changed DESC LIMIT ?",
            limit,
        )
        return list(map(_record, rows))

    def all(self) -> list[Record]:
        """Return all slides, oldest first."""
        return list(map(_record, self._all(f"SELECT {_COLUMNS} FROM slides ORDER BY first_seen")))  # noqa: S608

    def _all(self, query: str, *values: object) -> Sequence[Any]:
        with self._lock, self._explained():
            return self._connection.execute(query, values).fetchall()

    @contextlib.contextmanager
    def _transaction(self, *, is_durable: bool = False) -> Iterator[sqlite3.Connection]:
        with self._lock, self._explained():
            # In the mode NORMAL, the log of SQLite is flushed with the next commit that is FULL.
            mode = "FULL" if is_durable else "NORMAL"
            self._connection.execute(f"PRAGMA synchronous = {mode}")
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _check_version(self, *, is_read_only: bool) -> None:
        ((version,),) = self._connection.execute("PRAGMA user_version").fetchall()
        if version == 0 and not is_read_only:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.executescript(
                f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT;"
            )
        elif version != _VERSION:
            raise TargetError(
                f"found version {version} of a journal, expected {_VERSION}",
                file=self.path,
                remedy="name the journal of a watch folder, or a new file, by --journal",
            )

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.IntegrityError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise TargetError(
                f"the journal cannot be used: {error}",
                file=self.path,
                remedy="name a file on a disk of this machine by --journal",
            ) from error


def _record(row: Sequence[Any]) -> Record:
    values = dict(zip((item.name for item in fields(Record)), row, strict=True))
    values["state"] = State(values["state"])
    values["is_settled"] = bool(values["is_settled"])
    return Record(**values)
