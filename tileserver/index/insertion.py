# SPDX-License-Identifier: Apache-2.0
"""A record becomes rows: its instance, its study and series where they are new, and the counts.

A study and a series have the id of their first instance: the order in which they came then follows
from that of instances, so that an index that is made anew from the files answers in the same order.

The statements are plain SQL for the driver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.index.driver import driver_of
from tileserver.index.key_rows import add_keys, add_series_keys
from tileserver.index.rows import rows_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from tileserver.index.records import InstanceRecord
    from tileserver.index.rows import Rows, StudyRow


def add_all(connection: Connection, records: Iterable[InstanceRecord]) -> int:
    """Add records in the transaction at hand; leave out second ones of an instance."""
    return sum(add(connection, rows_of(record)) for record in records)


def add(connection: Connection, rows: Rows) -> bool:
    """Add a record in the transaction at hand; tell whether its instance was new."""
    driver, record = driver_of(connection), rows.record
    known = _run(
        driver,
        "SELECT 1 FROM instance WHERE sop_instance_uid = ?",
        record.sop_instance_uid,
    ).fetchone()
    if known:
        return False
    (instance_id,) = driver.execute("SELECT coalesce(max(id), 0) + 1 FROM instance").fetchone()
    study_id, study_date = _study(driver, rows, instance_id)
    series_id = _series(driver, rows, study_id, instance_id)
    place = study_date, study_id, series_id
    add_series_keys(driver, rows.series_keys, rows.series_keys_text, place)
    _instance(driver, rows, series_id, instance_id)
    for table, key in (("study", study_id), ("series", series_id)):
        _run(
            driver,
            f"UPDATE {table} SET number_of_instances = number_of_instances + 1 WHERE id = ?",  # noqa: S608 - names of our own
            key,
        )
    return True


def _run(driver: sqlite3.Connection, statement: str, *values: object) -> sqlite3.Cursor:
    return driver.execute(statement, values)


def _study(driver: sqlite3.Connection, rows: Rows, instance_id: int) -> tuple[int, str]:
    """Return id and date of the study, which the first instance has set."""
    record = rows.record
    found = _run(
        driver,
        "SELECT id, study_date FROM study WHERE study_instance_uid = ?",
        record.study_instance_uid,
    ).fetchone()
    if found:
        return int(found[0]), str(found[1])
    insert_study(driver, instance_id, record.study_instance_uid, rows.study)
    add_keys(driver, rows.study_keys, (rows.study.study_date, instance_id, 0))
    return instance_id, rows.study.study_date


def insert_study(driver: sqlite3.Connection, id_: int, uid: str, row: StudyRow) -> None:
    """Add a study that nothing is counted in yet."""
    _run(
        driver,
        "INSERT INTO study (id, study_instance_uid, study_date, patient_id, folded_patient_name, "
        "accession_number, modalities, number_of_series, number_of_instances, summary, attributes) "
        "VALUES (?, ?, ?, ?, ?, ?, '', 0, 0, ?, ?)",
        id_,
        uid,
        row.study_date,
        row.patient_id,
        row.folded_patient_name,
        row.accession_number,
        row.summary,
        row.attributes,
    )


def _series(driver: sqlite3.Connection, rows: Rows, study_id: int, instance_id: int) -> int:
    record = rows.record
    found = _run(
        driver,
        "SELECT id FROM series WHERE series_instance_uid = ? AND study_id = ?",
        record.series_instance_uid,
        study_id,
    ).fetchone()
    if found:
        return int(found[0])
    _run(
        driver,
        "INSERT INTO series (id, study_id, series_instance_uid, modality, number_of_instances, "
        "summary, attributes) VALUES (?, ?, ?, ?, 0, ?, ?)",
        instance_id,
        study_id,
        record.series_instance_uid,
        rows.series.modality,
        rows.series.summary,
        rows.series.attributes,
    )
    count_series(driver, study_id)
    return instance_id


def count_series(driver: sqlite3.Connection, study_id: int) -> None:
    """Bring the number of series and the modalities of a study up to date."""
    found = _run(
        driver, "SELECT modality, count(*) FROM series WHERE study_id = ? GROUP BY 1", study_id
    ).fetchall()
    _run(
        driver,
        "UPDATE study SET number_of_series = ?, modalities = ? WHERE id = ?",
        sum(count for _, count in found),
        "\\".join(sorted(modality for modality, _ in found if modality)),
        study_id,
    )


def _instance(driver: sqlite3.Connection, rows: Rows, series_id: int, instance_id: int) -> None:
    record = rows.record
    _run(
        driver,
        "INSERT INTO instance (id, series_id, sop_instance_uid, sop_class_uid, "
        "transfer_syntax_uid, key, sha256, size, summary, attributes) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        instance_id,
        series_id,
        record.sop_instance_uid,
        record.sop_class_uid,
        record.transfer_syntax_uid,
        record.key,
        record.sha256,
        record.size,
        rows.summary,
        rows.attributes,
    )
    if record.frames is not None:
        _run(
            driver,
            "INSERT INTO frames (instance_id, frame_table, fragments) VALUES (?, ?, ?)",
            instance_id,
            record.frames.table,
            record.frames.fragments,
        )
    if rows.per_frame is not None:
        _run(
            driver,
            "INSERT INTO per_frame (instance_id, position, attributes) VALUES (?, ?, ?)",
            instance_id,
            *rows.per_frame,
        )
