# SPDX-License-Identifier: Apache-2.0
"""The index on SQLite: one transaction for each instance, durable when it returns.

References
----------
https://sqlite.org/pragma.html#pragma_synchronous (why FULL: with NORMAL a power cut can lose
acknowledged transactions in WAL mode)
"""

from __future__ import annotations

import contextlib
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
    update,
)
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from tileserver.errors import ConflictError, StorageError
from tileserver.index import schema
from tileserver.index.records import InstanceRecord, StoredFrames, StoredInstance
from tileserver.index.search import (
    ACCESSION_NUMBER,
    MODALITY,
    PATIENT_ID,
    PATIENT_NAME,
    STUDY_DATE,
    Level,
    Search,
    as_text,
    attribute_text,
    clause,
    fold,
)

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_BUSY_SECONDS = 30
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
        self._engine = create_engine(
            f"sqlite:///{path}", connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False}
        )
        event.listen(self._engine, "connect", _configure)
        with _explained("the index cannot be opened"), self._engine.begin() as connection:
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
                with self._engine.begin() as connection:
                    _add(connection, record)
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
            .where(_study.c.study_instance_uid.in_(study_instance_uids))
            .distinct()
            .order_by(_series.c.modality)
        )
        found: dict[str, list[str]] = {}
        with self._reading() as connection:
            for uid, modality in connection.execute(query):
                found.setdefault(uid, []).append(modality)
        return found

    def replace_all(self, records: Iterator[InstanceRecord]) -> int:
        """Make the index anew from records, in one transaction; return their number.

        Readers see the old index until the new one is whole. A second record of an instance is
        left out.
        """
        count = 0
        with _explained("the index cannot be written"), self._engine.begin() as connection:
            for table in reversed(schema.tables.sorted_tables):
                if table is not schema.about:
                    connection.execute(table.delete())
            for record in records:
                with contextlib.suppress(IntegrityError), connection.begin_nested():
                    _add(connection, record)
                    count += 1
        return count

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
                f"the index has version {found}, expected {schema.VERSION}; "
                "remove it and run: tileserver reindex"
            )


def _configure(connection: sqlite3.Connection, _: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.create_function(
        "fold", 1, lambda text: fold(text) if isinstance(text, str) else "", deterministic=True
    )


def _stored(row: Row[Any]) -> StoredInstance:
    """Return the instance in a row that begins with the columns of `_STORED`."""
    return StoredInstance(*row[: len(_STORED)])


@contextlib.contextmanager
def _explained(problem: str) -> Iterator[None]:
    try:
        yield
    except (OperationalError, DatabaseError, OSError) as error:
        cause = getattr(error, "orig", None) or error
        raise StorageError(f"{problem}: {cause}") from error


def _joined(query: Select[Any]) -> Select[Any]:
    return query.select_from(_study.join(_series).join(_instance))


def _below(
    query: Select[Any], study_instance_uid: str, series_instance_uid: str | None
) -> Select[Any]:
    query = _joined(query).where(_study.c.study_instance_uid == study_instance_uid)
    if series_instance_uid is not None:
        query = query.where(_series.c.series_instance_uid == series_instance_uid)
    return query.order_by(_instance.c.id)


def _add(connection: Connection, record: InstanceRecord) -> None:
    study_id = _study_id(connection, record)
    series_id = _series_id(connection, record, study_id)
    added = connection.execute(
        insert(_instance).values(
            series_id=series_id,
            sop_instance_uid=record.sop_instance_uid,
            sop_class_uid=record.sop_class_uid,
            transfer_syntax_uid=record.transfer_syntax_uid,
            key=record.key,
            sha256=record.sha256,
            size=record.size,
            attributes=record.metadata,
        )
    )
    if record.frames is not None:
        (instance_id,) = added.inserted_primary_key or (None,)
        connection.execute(
            insert(_frames).values(
                instance_id=instance_id,
                frame_table=record.frames.table,
                fragments=record.frames.fragments,
            )
        )
    for table, key in ((_study, study_id), (_series, series_id)):
        count = table.c.number_of_instances
        connection.execute(
            update(table).where(table.c.id == key).values(number_of_instances=count + 1)
        )


def _study_id(connection: Connection, record: InstanceRecord) -> int:
    found = connection.execute(
        select(_study.c.id).where(_study.c.study_instance_uid == record.study_instance_uid)
    ).scalar_one_or_none()
    if found is not None:
        return int(found)
    added = connection.execute(
        insert(_study).values(
            study_instance_uid=record.study_instance_uid,
            study_date=attribute_text(record.study, STUDY_DATE),
            patient_id=attribute_text(record.study, PATIENT_ID),
            folded_patient_name=fold(attribute_text(record.study, PATIENT_NAME)),
            accession_number=attribute_text(record.study, ACCESSION_NUMBER),
            attributes=as_text(record.study),
            number_of_series=0,
            number_of_instances=0,
        )
    )
    return _new_id(added.inserted_primary_key)


def _series_id(connection: Connection, record: InstanceRecord, study_id: int) -> int:
    found = connection.execute(
        select(_series.c.id).where(
            _series.c.series_instance_uid == record.series_instance_uid,
            _series.c.study_id == study_id,
        )
    ).scalar_one_or_none()
    if found is not None:
        return int(found)
    added = connection.execute(
        insert(_series).values(
            study_id=study_id,
            series_instance_uid=record.series_instance_uid,
            modality=attribute_text(record.series, MODALITY),
            attributes=as_text(record.series),
            number_of_instances=0,
        )
    )
    count = _study.c.number_of_series
    connection.execute(
        update(_study).where(_study.c.id == study_id).values(number_of_series=count + 1)
    )
    return _new_id(added.inserted_primary_key)


def _new_id(primary_key: Row[Any] | None) -> int:
    assert primary_key is not None
    return int(primary_key[0])


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
