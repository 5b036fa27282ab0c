# SPDX-License-Identifier: Apache-2.0
"""A record becomes rows: its instance, its study and series where they are new, and the counts."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, insert, select, update
from sqlalchemy.exc import IntegrityError

from tileserver.index.schema import frames, instance, series, study
from tileserver.index.search import (
    ACCESSION_NUMBER,
    MODALITY,
    PATIENT_ID,
    PATIENT_NAME,
    STUDY_DATE,
    as_text,
    attribute_text,
    fold,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tileserver.index.records import InstanceRecord


def add_all(connection: Connection, records: Iterable[InstanceRecord]) -> int:
    """Add records in the transaction at hand; leave out second ones of an instance."""
    count = 0
    for record in records:
        with contextlib.suppress(IntegrityError), connection.begin_nested():
            add(connection, record)
            count += 1
    return count


def add(connection: Connection, record: InstanceRecord) -> None:
    """Add a record in the transaction at hand.

    Raises
    ------
    IntegrityError
        The instance is there already.
    """
    study_id = _study_id(connection, record)
    series_id = _series_id(connection, record, study_id)
    added = connection.execute(
        insert(instance).values(
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
        connection.execute(
            insert(frames).values(
                instance_id=_new_id(added.inserted_primary_key),
                frame_table=record.frames.table,
                fragments=record.frames.fragments,
            )
        )
    _count_instance(connection, study_id, series_id)


def _count_instance(connection: Connection, study_id: int, series_id: int) -> None:
    for table, key in ((study, study_id), (series, series_id)):
        count = table.c.number_of_instances
        connection.execute(
            update(table).where(table.c.id == key).values(number_of_instances=count + 1)
        )


def _study_id(connection: Connection, record: InstanceRecord) -> int:
    found = connection.execute(
        select(study.c.id).where(study.c.study_instance_uid == record.study_instance_uid)
    ).scalar_one_or_none()
    if found is not None:
        return int(found)
    added = connection.execute(
        insert(study).values(
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
        select(series.c.id).where(
            series.c.series_instance_uid == record.series_instance_uid,
            series.c.study_id == study_id,
        )
    ).scalar_one_or_none()
    if found is not None:
        return int(found)
    added = connection.execute(
        insert(series).values(
            study_id=study_id,
            series_instance_uid=record.series_instance_uid,
            modality=attribute_text(record.series, MODALITY),
            attributes=as_text(record.series),
            number_of_instances=0,
        )
    )
    count = study.c.number_of_series
    connection.execute(
        update(study).where(study.c.id == study_id).values(number_of_series=count + 1)
    )
    return _new_id(added.inserted_primary_key)


def _new_id(primary_key: Row[Any] | None) -> int:
    assert primary_key is not None
    return int(primary_key[0])
