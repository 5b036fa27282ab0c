# SPDX-License-Identifier: Apache-2.0
"""The index on SQLite: one transaction for each instance, durable when it returns.

Writers take their turn from the first statement on (``BEGIN IMMEDIATE``), so that what they look
up stays true until they commit. Readers never wait.

References
----------
https://sqlite.org/pragma.html#pragma_synchronous (why FULL: with NORMAL a power cut can lose
acknowledged transactions in WAL mode)
"""

from __future__ import annotations

import contextlib
import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
)
from sqlalchemy.exc import DatabaseError, OperationalError

from tileserver.errors import ConflictError, DamagedIndexError, FullDiskError, StorageError
from tileserver.events import Event, EventKind
from tileserver.index import changes, deletion, difference, schema
from tileserver.index.beside import folder_beside
from tileserver.index.commits import Commits
from tileserver.index.doubt import NOTE_CHANGE, Doubt, make_durable
from tileserver.index.driver import driver_of
from tileserver.index.finding import Finder, Found
from tileserver.index.folding import teach
from tileserver.index.generation import Generation
from tileserver.index.insertion import add, add_all
from tileserver.index.log import use_log
from tileserver.index.records import (
    Counts,
    InstanceRecord,
    NamedBlob,
    StoredFrames,
    StoredInstance,
)
from tileserver.index.rows import rows_of
from tileserver.index.upgrade import UPGRADES, upgrade
from tileserver.index.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from tileserver.index.patience import Patience
    from tileserver.index.rows import Rows
    from tileserver.index.search import Search

_BUSY_SECONDS = 30
_PAGE = 1000
_CACHE_KIB = 8 << 10
"""Of a connection: with SQLite's 2 MiB, each search of a large archive reads its indexes anew."""
_CACHE_OF_ALL_KIB = 128 << 10
"""While a whole index is made: UIDs and keys come in any order, all over their indexes."""
_REMEDY = "run: tileserver reindex"
_KEPT = (schema.about, changes.change, changes.subscriber)
"""Tables that a new index does not replace."""
_LEFT_ASIDE = "left aside"
_study, _series, _instance = schema.study, schema.series, schema.instance
_frames, _per_frame = schema.frames, schema.per_frame
_STORED = (
    _study.c.study_instance_uid,
    _series.c.series_instance_uid,
    _instance.c.sop_instance_uid,
    _instance.c.transfer_syntax_uid,
    _instance.c.key,
    _instance.c.sha256,
    _instance.c.size,
)
_FIND = (
    f"SELECT {', '.join(map(str, _STORED))} FROM instance "  # noqa: S608 - names of our own
    "JOIN series ON series.id = instance.series_id JOIN study ON study.id = series.study_id "
    "WHERE instance.sop_instance_uid = ?"
)
_SURROUNDINGS = (
    "SELECT (SELECT attributes FROM study WHERE study_instance_uid = ?1), EXISTS "
    "(SELECT 1 FROM series JOIN study ON study.id = series.study_id "
    "WHERE series_instance_uid = ?2 AND study_instance_uid <> ?1)"
)
_METADATA = (_instance.c.attributes, _per_frame.c.position, _per_frame.c.attributes)
"""What `_whole` puts together."""


class Index:
    """An open index.

    Parameters
    ----------
    path
        Of the SQLite file; made when it does not exist.

    Raises
    ------
    StorageError
        The file cannot be opened.
    DamagedIndexError
        It is no index, or one of a version that cannot be upgraded.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._finder = Finder()
        self._engine = create_engine(
            f"sqlite:///{path}",
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            max_overflow=-1,  # the threads of the server are the bound
            hide_parameters=True,  # they hold values of patients
        )
        event.listen(self._engine, "connect", _configure)
        self._doubt = Doubt()
        with _opening():
            self._watch = Watch(path, _BUSY_SECONDS)
        try:
            # Writes nothing where nothing is to be made: a full disk is to be read.
            with _opening(), self._alone() as connection:
                self._prepare(connection)
                changes.begin(connection)
            with _opening(), self._engine.connect() as connection:
                make_durable(driver_of(connection))
                self.generation = Generation(path.with_name(f"{path.name}-generation"))
        except StorageError:
            self._engine.dispose()
            self._watch.close()
            raise
        self._commits = Commits(self._writing)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        self.generation.close()
        self._watch.close()

    def version(self) -> int:
        """Return a number that is another after each change, whatever process made it.

        What is looked up after it was read holds for as long as it is the same; this costs some
        microseconds, and never waits for who writes.
        """
        with _explained("the index cannot be read"):
            return self._watch.version()

    def add(self, *records: InstanceRecord) -> None:
        """Add instances, and their studies and series where they are new; durable on return.

        Raises
        ------
        ConflictError
            One of the instances is there already; none is added.
        StorageError
            The index cannot be written.
        """
        rows = [rows_of(record) for record in records]
        with _explained("the index cannot be written"):
            self._commits.run(partial(_add_with_events, several=rows))

    def replace(self, found: StoredInstance, record: InstanceRecord) -> None:
        """Put a record in place of that of the same instance, in one transaction.

        Raises
        ------
        ConflictError
            The instance is no longer stored as it was found.
        StorageError
            The index cannot be written.
        """
        rows = rows_of(record)
        with _explained("the index cannot be written"):
            self._commits.run(partial(_replace, found=found, rows=rows))
        self.generation.advance()

    def remove(self, below: deletion.Below, keys: Collection[str]) -> list[Event]:
        """Remove a study, series or instance and all below; durable on return.

        Parameters
        ----------
        keys
            Of all that is expected there.

        Returns
        -------
        events
            What happened: nothing where nothing was.

        Raises
        ------
        ConflictError
            There is more by now.
        StorageError
            The index cannot be written.
        """
        with _explained("the index cannot be written"):
            events = self._commits.run(partial(_remove, below=below, keys=frozenset(keys)))
        self.generation.advance()
        return events

    def keys_below(self, below: deletion.Below) -> list[str]:
        """Return the keys of the blobs of all instances below."""
        with self._reading() as connection:
            return deletion.keys_below(connection, below)

    @contextlib.contextmanager
    def knowing(self, keys: Sequence[str]) -> Iterator[set[str]]:
        """Give those of the keys that are named here, which nobody can change meanwhile."""
        with _explained("the index cannot be written"), self._alone() as connection:
            yield deletion.known_keys(connection, keys)

    def parts_below(self, below: deletion.Below, limit: int) -> list[deletion.Below]:
        """Return some of the instances below."""
        with self._reading() as connection:
            return deletion.parts_below(connection, below, limit)

    def shorten_log(self) -> None:
        """Let the log of transactions begin anew, in the room that it has on the disk.

        References
        ----------
        https://sqlite.org/pragma.html#pragma_wal_checkpoint (PASSIVE waits for nobody)
        """
        with _explained("the index cannot be written"), self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def events(self, since: int, limit: int) -> list[Event]:
        """Return the events after a sequence number, in order."""
        with self._reading() as connection:
            return changes.read(connection, since, limit)

    def last_event(self) -> int:
        """Return the sequence number of the last event."""
        with self._reading() as connection:
            return changes.last(connection)

    def cursor(self, name: str, *, from_beginning: bool) -> int:
        """Return how far a subscriber to events has come."""
        with self._reading() as connection:
            found = changes.cursor(connection, name)
        if found is None:
            found = 0 if from_beginning else self.last_event()
            self.move_cursor(name, found)
        return found

    def move_cursor(self, name: str, sequence: int) -> None:
        """Store how far a subscriber to events has come."""
        with _explained("the index cannot be written"):
            self._commits.run(partial(changes.move_cursor, name=name, sequence=sequence))

    def find(self, sop_instance_uid: str) -> StoredInstance | None:
        """Return an instance by its UID."""
        with self._reading() as connection:
            row = driver_of(connection).execute(_FIND, (sop_instance_uid,)).fetchone()
        return StoredInstance(*row) if row else None

    def surroundings(
        self, study_instance_uid: str, series_instance_uid: str
    ) -> tuple[str | None, bool]:
        """Return attributes of a study as DICOM JSON, and whether another has a series of the UID.

        The first are ``None`` where there is no such study.
        """
        with self._reading() as connection:
            row = driver_of(connection).execute(
                _SURROUNDINGS, (study_instance_uid, series_instance_uid)
            )
            attributes, is_elsewhere = row.fetchone()
        return attributes, bool(is_elsewhere)

    def known(self, sop_instance_uids: Iterable[str]) -> set[str]:
        """Return those of the UIDs whose instances are here."""
        with self._reading() as connection:
            driver = driver_of(connection)
            return {uid for uid in sop_instance_uids if driver.execute(_FIND, (uid,)).fetchone()}

    def named_blobs(self) -> Iterator[NamedBlob]:
        """Yield the blob of each instance, in the order they came; others may write meanwhile."""
        last = 0
        columns = (_instance.c.sop_instance_uid, _instance.c.key, _instance.c.sha256)
        while True:
            query = select(_instance.c.id, *columns).where(_instance.c.id > last)
            with self._reading() as connection:
                rows = connection.execute(query.order_by(_instance.c.id).limit(_PAGE)).all()
            if not rows:
                return
            yield from (NamedBlob(*row[1:]) for row in rows)
            last = rows[-1].id

    def instances(
        self, study_instance_uid: str, series_instance_uid: str | None = None
    ) -> list[StoredInstance]:
        """Return the instances of a study or series, in the order they came."""
        query = _below(select(*_STORED), study_instance_uid, series_instance_uid)
        with self._reading() as connection:
            return [_stored(row) for row in connection.execute(query)]

    def metadata(
        self,
        study_instance_uid: str,
        series_instance_uid: str | None = None,
        sop_instance_uid: str | None = None,
    ) -> list[tuple[StoredInstance, str]]:
        """Return the instances below, each with its attributes as DICOM JSON text."""
        query = _below(select(*_STORED, *_METADATA), study_instance_uid, series_instance_uid)
        query = query.outerjoin_from(_instance, _per_frame)
        if sop_instance_uid is not None:
            query = query.where(_instance.c.sop_instance_uid == sop_instance_uid)
        with self._reading() as connection:
            return [(_stored(row), _whole(*row[-3:])) for row in connection.execute(query)]

    def metadata_page(
        self,
        study_instance_uid: str,
        series_instance_uid: str | None = None,
        sop_instance_uid: str | None = None,
        *,
        after: int,
        limit: int,
    ) -> list[tuple[int, StoredInstance, str]]:
        """Return some of the instances below, each with its attributes as DICOM JSON text.

        Parameters
        ----------
        after
            The first member of the last tuple that was had; 0 to begin with.
        """
        query = _below(
            select(*_STORED, _instance.c.id, *_METADATA), study_instance_uid, series_instance_uid
        ).outerjoin_from(_instance, _per_frame)
        if sop_instance_uid is not None:
            query = query.where(_instance.c.sop_instance_uid == sop_instance_uid)
        if after:
            query = query.where(_instance.c.id > after)
        with self._reading() as connection:
            rows = connection.execute(query.limit(limit))
            return [(row.id, _stored(row), _whole(*row[-3:])) for row in rows]

    def frames(self, sop_instance_uid: str) -> StoredFrames | None:
        """Return where the frames of an instance lie."""
        query = (
            select(_frames.c.frame_table, _frames.c.fragments)
            .join(_instance)
            .where(_instance.c.sop_instance_uid == sop_instance_uid)
        )
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return StoredFrames(*row) if row else None

    def search(self, asked: Search, patience: Patience | None = None) -> Found:
        """Return the rows that match, newest study first, and whether there are more.

        Raises
        ------
        TooBroadError
            It took longer than there was patience.
        """
        with self._reading() as connection:
            if patience is None:
                return self._finder.find(connection, asked)
            with patience.during(driver_of(connection)):
                return self._finder.find(connection, asked)

    def check(self) -> None:
        """Read all of the file.

        Raises
        ------
        DamagedIndexError
            It contradicts itself.
        """
        with _opening(), self._engine.connect() as connection:
            found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if found != "ok":
            raise DamagedIndexError(f"the index is damaged; {_REMEDY}")

    def is_unused(self) -> bool:
        """Tell whether there is no instance, and never was one."""
        traces = (_instance.c.id, changes.change.c.sequence)
        with self._reading() as connection:
            return not any(connection.execute(select(each).limit(1)).first() for each in traces)

    def left_aside(self) -> int:
        """Return how many stored files were no instance when the index was made of them."""
        query = select(schema.about.c.value).where(schema.about.c.name == _LEFT_ASIDE)
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one_or_none() or 0)

    def note_left_aside(self, count: int) -> None:
        """Note how many stored files were no instance when the index was made of them."""
        with _explained("the index cannot be written"):
            self._commits.run(
                lambda connection: driver_of(connection).execute(
                    "INSERT OR REPLACE INTO about (name, value) VALUES (?, ?)",
                    (_LEFT_ASIDE, str(count)),
                )
            )

    def counts(self) -> Counts:
        """Return how much is stored."""
        query = select(
            func.count(),
            func.coalesce(func.sum(_study.c.number_of_series), 0),
            func.coalesce(func.sum(_study.c.number_of_instances), 0),
        ).select_from(_study)
        with self._reading() as connection:
            return Counts(*connection.execute(query).one())

    def stored_bytes(self) -> int:
        """Return how many bytes all instances have."""
        query = select(func.coalesce(func.sum(_instance.c.size), 0))
        with self._reading() as connection:
            return int(connection.execute(query).scalar_one())

    def oldest_studies(self, after: int, limit: int) -> list[tuple[int, str, int]]:
        """Return number, UID and bytes of some studies, in the order in which they first came.

        Parameters
        ----------
        after
            The number of the last that was had; 0 to begin with.
        """
        some = select(_study.c.id).where(_study.c.id > after).order_by(_study.c.id).limit(limit)
        query = (
            select(_study.c.id, _study.c.study_instance_uid, func.sum(_instance.c.size))
            .join(_series, _series.c.study_id == _study.c.id)
            .join(_instance, _instance.c.series_id == _series.c.id)
            .where(_study.c.id.in_(some))
            .group_by(_study.c.id)
            .order_by(_study.c.id)
        )
        with self._reading() as connection:
            return [(row[0], row[1], int(row[2])) for row in connection.execute(query)]

    def replace_all(
        self,
        records: Iterable[InstanceRecord],
        late: Iterable[InstanceRecord] = (),
        forget: Callable[[Iterable[str]], object] = list,
    ) -> int:
        """Make the index anew, and put it in place of the old in one transaction.

        Parameters
        ----------
        records
            Read into a file beside, while the old index is read and written by others.
        late
            What came meanwhile; read when all others have to wait.
        forget
            Told, before ``late`` is read, the keys of records whose instances were deleted
            meanwhile: what is stored under them now came later.

        Returns
        -------
        count
            Of instances; a second record of one is left out.
        """
        since = self.last_event()
        with folder_beside(self._path.parent) as folder:
            beside = folder / self._path.name
            fresh = Index(beside)
            try:
                with _explained("the index cannot be written"), fresh._writing() as connection:
                    connection.exec_driver_sql(f"PRAGMA cache_size = -{_CACHE_OF_ALL_KIB}")
                    count = add_all(connection, records)
            finally:
                fresh.close()
            late_count = self._take_over(beside, since, forget, late)
        self.generation.advance()
        return count + late_count

    def _take_over(
        self,
        beside: Path,
        since: int,
        forget: Callable[[Iterable[str]], object],
        late: Iterable[InstanceRecord],
    ) -> int:
        """Put the rows of another index in place of one's own, add more, and return how many."""
        replaced = [table for table in schema.tables.sorted_tables if table not in _KEPT]
        with (
            _explained("the index cannot be written"),
            self._engine.connect() as connection,
            self._doubt.settled(connection),
            _attached(connection, beside),
            _immediate(connection),
        ):
            difference.remember(connection)
            for table in reversed(replaced):
                connection.execute(table.delete())
            for table in replaced:
                names = ", ".join(f'"{column.name}"' for column in table.columns)
                connection.exec_driver_sql(
                    f"INSERT INTO main.{table.name} ({names}) "  # noqa: S608 - names of our own
                    f"SELECT {names} FROM beside.{table.name}"
                )
            gone = list(difference.remove_deleted(connection, since))
            forget(gone)
            count = add_all(connection, late) - len(gone)
            difference.write(connection)
            driver_of(connection).execute(NOTE_CHANGE)
            return count

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._alone() as connection:
            yield connection
            driver_of(connection).execute(NOTE_CHANGE)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Connection]:
        with (
            self._engine.connect() as connection,
            self._doubt.settled(connection),
            _immediate(connection),
        ):
            yield connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _explained("the index cannot be read"), self._engine.connect() as connection:
            yield connection

    def _prepare(self, connection: Connection) -> None:
        """Make the tables, or bring those of an earlier version up to date."""
        schema.about.create(connection, checkfirst=True)
        query = select(schema.about.c.value).where(schema.about.c.name == "version")
        found = connection.execute(query).scalar_one_or_none()
        if found in UPGRADES:
            upgrade(connection, found)
        elif found not in (None, str(schema.VERSION)):
            raise DamagedIndexError(
                f"the index has version {found}, expected {schema.VERSION}; {_REMEDY}"
            )
        schema.tables.create_all(connection)
        if found != str(schema.VERSION):
            connection.execute(delete(schema.about).where(schema.about.c.name == "version"))
            connection.execute(
                insert(schema.about).values(name="version", value=str(schema.VERSION))
            )
            driver_of(connection).execute(NOTE_CHANGE)


def _add_with_events(connection: Connection, several: Sequence[Rows]) -> None:
    for rows in several:
        if not add(connection, rows):
            raise ConflictError("the instance is stored already")
    records = [rows.record for rows in several]
    changes.write(
        connection,
        [
            Event(
                EventKind.INSTANCE_STORED,
                record.study_instance_uid,
                record.series_instance_uid,
                record.sop_instance_uid,
            )
            for record in records
        ],
    )


def _remove(connection: Connection, below: deletion.Below, keys: frozenset[str]) -> list[Event]:
    if not keys.issuperset(deletion.keys_below(connection, below)):
        raise ConflictError("more instances have come since")
    events = deletion.remove(connection, below)
    changes.write(connection, events)
    return events


def _replace(connection: Connection, found: StoredInstance, rows: Rows) -> None:
    events = deletion.remove_exactly(connection, found)
    if not events:
        raise ConflictError("the instance is stored with yet other bytes")
    changes.write(connection, events)
    _add_with_events(connection, [rows])


def _configure(connection: sqlite3.Connection, _: object) -> None:
    use_log(connection)
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    teach(connection)


@contextlib.contextmanager
def _immediate(connection: Connection) -> Iterator[None]:
    """Hold the right to write from now on; nothing may have run in this transaction yet."""
    with connection.begin():
        # The driver would begin one of its own only before the first change.
        driver_of(connection).execute("BEGIN IMMEDIATE")
        yield


@contextlib.contextmanager
def _attached(connection: Connection, path: Path) -> Iterator[None]:
    """Let statements name the tables of another file ``beside.…``; not within a transaction."""
    connection.exec_driver_sql("ATTACH DATABASE ? AS beside", (str(path),))
    connection.commit()
    try:
        yield
    finally:
        connection.exec_driver_sql("DETACH DATABASE beside")
        connection.commit()


def _stored(row: Row[Any]) -> StoredInstance:
    """Return the instance in a row that begins with the columns of `_STORED`."""
    return StoredInstance(*row[: len(_STORED)])


def _whole(text: str, position: int | None, per_frame: str | None) -> str:
    """Put the attributes of each frame, kept apart, in their place."""
    if position is None or per_frame is None:
        return text
    return "".join((text[:position], per_frame, text[position:]))


@contextlib.contextmanager
def _explained(problem: str) -> Iterator[None]:
    try:
        yield
    except (DatabaseError, sqlite3.Error, OSError) as error:
        cause = getattr(error, "orig", None) or error
        is_full = getattr(cause, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        kind = FullDiskError if is_full else StorageError
        raise kind(f"{problem}: {cause}") from error


@contextlib.contextmanager
def _opening() -> Iterator[None]:
    """Tell a file that is no index, or a damaged one, from one that cannot be had now."""
    with _explained("the index cannot be opened"):
        try:
            yield
        except (OperationalError, sqlite3.OperationalError):
            raise  # locked, no space, no permission
        except (DatabaseError, sqlite3.DatabaseError) as error:
            cause = getattr(error, "orig", None) or error
            raise DamagedIndexError(
                f"the index cannot be opened: {cause}; it is damaged: {_REMEDY}"
            ) from error


def set_aside(path: Path) -> Path:
    """Give a damaged index another name, in place of one set aside before."""
    aside = path.with_name(f"{path.name}.damaged")
    for suffix in ("", "-wal", "-shm"):
        part, target = (each.with_name(each.name + suffix) for each in (path, aside))
        target.unlink(missing_ok=True)
        if part.exists():
            part.rename(target)
    return aside


def _joined(query: Select[Any]) -> Select[Any]:
    return query.select_from(_study.join(_series).join(_instance))


def _below(
    query: Select[Any], study_instance_uid: str, series_instance_uid: str | None
) -> Select[Any]:
    query = _joined(query).where(_study.c.study_instance_uid == study_instance_uid)
    if series_instance_uid is not None:
        query = query.where(_series.c.series_instance_uid == series_instance_uid)
    return query.order_by(_instance.c.id)
