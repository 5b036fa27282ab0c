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
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    Connection,
    FromClause,
    Row,
    Select,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from tileserver.errors import ConflictError, StorageError
from tileserver.index import schema
from tileserver.index.insertion import add, add_all
from tileserver.index.records import InstanceRecord, StoredFrames, StoredInstance
from tileserver.index.search import Level, Search, clause, fold

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence

_BUSY_SECONDS = 30
_REMEDY = "remove it and run: tileserver reindex"
_study, _series, _instance, _frames = schema.study, schema.series, schema.instance, schema.frames
_STORED = (
    _study.c.study_instance_uid,
    _series.c.series_instance_uid,
    _instance.c.sop_instance_uid,
    _instance.c.transfer_syntax_uid,
    _instance.c.key,
    _instance.c.sha256,
    _instance.c.size,
)


class Index:
    """An open index.

    Parameters
    ----------
    path
        Of the SQLite file; made when it does not exist.

    Raises
    ------
    StorageError
        The file cannot be opened, is no index, or is one of another version.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = create_engine(
            f"sqlite:///{path}",
            connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
            max_overflow=-1,  # the threads of the server are the bound
            hide_parameters=True,  # they hold values of patients
        )
        event.listen(self._engine, "connect", _configure)
        with (
            _explained("the index cannot be opened", "where it is damaged, " + _REMEDY),
            self._writing() as connection,
        ):
            schema.tables.create_all(connection)
            self._check_version(connection)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def add(self, record: InstanceRecord) -> None:
        """Add an instance, and its study and series where they are new; durable on return.

        Raises
        ------
        ConflictError
            The instance is there already.
        StorageError
            The index cannot be written.
        """
        with _explained("the index cannot be written"):
            try:
                with self._writing() as connection:
                    add(connection, record)
            except IntegrityError as error:
                raise ConflictError("the instance is stored already") from error

    def find(self, sop_instance_uid: str) -> StoredInstance | None:
        """Return an instance by its UID."""
        query = _joined(select(*_STORED)).where(_instance.c.sop_instance_uid == sop_instance_uid)
        with self._reading() as connection:
            row = connection.execute(query).one_or_none()
        return _stored(row) if row else None

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
        query = _below(
            select(*_STORED, _instance.c.attributes), study_instance_uid, series_instance_uid
        )
        if sop_instance_uid is not None:
            query = query.where(_instance.c.sop_instance_uid == sop_instance_uid)
        with self._reading() as connection:
            return [(_stored(row), str(row[-1])) for row in connection.execute(query)]

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
            select(*_STORED, _instance.c.id, _instance.c.attributes),
            study_instance_uid,
            series_instance_uid,
        )
        if sop_instance_uid is not None:
            query = query.where(_instance.c.sop_instance_uid == sop_instance_uid)
        if after:
            query = query.where(_instance.c.id > after)
        with self._reading() as connection:
            rows = connection.execute(query.limit(limit))
            return [(row.id, _stored(row), str(row.attributes)) for row in rows]

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

    def search(self, asked: Search) -> Sequence[Row[Any]]:
        """Return the rows that match, newest study first.

        A row has, by name, what its level and those above it hold: ``study_attributes``,
        ``series_attributes``, ``instance_attributes`` as JSON text, UIDs, counts and
        ``modalities``.
        """
        query = _search_query(asked)
        with self._reading() as connection:
            return connection.execute(query).all()

    def modalities(self, study_instance_uids: Sequence[str]) -> dict[str, list[str]]:
        """Return the modalities in each study, in order."""
        query = (
            select(_study.c.study_instance_uid, _series.c.modality)
            .join(_series)
            .where(_study.c.study_instance_uid.in_(study_instance_uids), _series.c.modality != "")
            .distinct()
            .order_by(_series.c.modality)
        )
        found: dict[str, list[str]] = {}
        with self._reading() as connection:
            for uid, modality in connection.execute(query):
                found.setdefault(uid, []).append(modality)
        return found

    def replace_all(
        self, records: Iterable[InstanceRecord], late: Iterable[InstanceRecord] = ()
    ) -> int:
        """Make the index anew, and put it in place of the old in one transaction.

        Parameters
        ----------
        records
            Read into a file beside, while the old index is read and written by others.
        late
            What came meanwhile; read when all others have to wait.

        Returns
        -------
        count
            Of instances; a second record of one is left out.
        """
        with tempfile.TemporaryDirectory(dir=self._path.parent, prefix=".reindex-") as folder:
            beside = Path(folder) / self._path.name
            fresh = Index(beside)
            try:
                with _explained("the index cannot be written"), fresh._writing() as connection:
                    count = add_all(connection, records)
            finally:
                fresh.close()
            return count + self._take_over(beside, late)

    def _take_over(self, beside: Path, late: Iterable[InstanceRecord]) -> int:
        """Put the rows of another index in place of one's own, add more, and return how many."""
        replaced = [table for table in schema.tables.sorted_tables if table is not schema.about]
        with (
            _explained("the index cannot be written"),
            self._engine.connect() as connection,
            _attached(connection, beside),
            _immediate(connection),
        ):
            for table in reversed(replaced):
                connection.execute(table.delete())
            for table in replaced:
                connection.exec_driver_sql(
                    f"INSERT INTO main.{table.name} SELECT * FROM beside.{table.name}"  # noqa: S608 - names of our own
                )
            return add_all(connection, late)

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._engine.connect() as connection, _immediate(connection):
            yield connection

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _explained("the index cannot be read"), self._engine.connect() as connection:
            yield connection

    def _check_version(self, connection: Connection) -> None:
        query = select(schema.about.c.value).where(schema.about.c.name == "version")
        found = connection.execute(query).scalar_one_or_none()
        if found is None:
            connection.execute(
                insert(schema.about).values(name="version", value=str(schema.VERSION))
            )
        elif found != str(schema.VERSION):
            raise StorageError(
                f"the index has version {found}, expected {schema.VERSION}; {_REMEDY}"
            )


def _configure(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.create_function(
        "fold", 1, lambda text: fold(text) if isinstance(text, str) else "", deterministic=True
    )


@contextlib.contextmanager
def _immediate(connection: Connection) -> Iterator[None]:
    """Hold the right to write from now on; nothing may have run in this transaction yet."""
    with connection.begin():
        # The driver would begin one of its own only before the first change.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
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


@contextlib.contextmanager
def _explained(problem: str, remedy: str | None = None) -> Iterator[None]:
    try:
        yield
    except (OperationalError, DatabaseError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StorageError("; ".join(filter(None, (f"{problem}: {cause}", remedy)))) from error


def _joined(query: Select[Any]) -> Select[Any]:
    return query.select_from(_study.join(_series).join(_instance))


def _below(
    query: Select[Any], study_instance_uid: str, series_instance_uid: str | None
) -> Select[Any]:
    query = _joined(query).where(_study.c.study_instance_uid == study_instance_uid)
    if series_instance_uid is not None:
        query = query.where(_series.c.series_instance_uid == series_instance_uid)
    return query.order_by(_instance.c.id)


def _search_query(asked: Search) -> Select[Any]:
    columns = [
        _study.c.study_instance_uid,
        _study.c.attributes.label("study_attributes"),
        _study.c.number_of_series,
        _study.c.number_of_instances.label("number_of_study_instances"),
    ]
    source: FromClause = _study
    if asked.level >= Level.SERIES:
        source = source.join(_series)
        columns += [
            _series.c.series_instance_uid,
            _series.c.attributes.label("series_attributes"),
            _series.c.number_of_instances.label("number_of_series_instances"),
        ]
    if asked.level is Level.INSTANCE:
        source = source.join(_instance)
        columns += [
            _instance.c.sop_instance_uid,
            _instance.c.transfer_syntax_uid,
            _instance.c.attributes.label("instance_attributes"),
        ]
    order = (_study.c.study_date.desc(), _study.c.id, _series.c.id, _instance.c.id)
    return (
        select(*columns)
        .select_from(source)
        .where(*map(clause, asked.conditions))
        .order_by(*order[: 2 + asked.level])
        .limit(asked.limit)
        .offset(asked.offset)
    )
