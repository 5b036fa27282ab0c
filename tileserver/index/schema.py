# SPDX-License-Identifier: Apache-2.0
"""The tables: study, series and instance, normalised, with counts kept and attributes as JSON.

Beside them ``study_key`` has a row for each value that queries look for, in the order in which
answers come: what is asked most is found, sorted, by one index. The names of patients are indexed
once more by groups of three characters, for wildcards in front of them.

The id of a study and of a series is that of the first instance in it, which tells their values.
"""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
    func,
    literal_column,
)

VERSION = 4
"""Raised with each change of the tables; `tileserver.index.upgrade` reads those before."""

tables = MetaData()

about = Table(
    "about",
    tables,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)

study = Table(
    "study",
    tables,
    Column("id", Integer, primary_key=True),
    Column("study_instance_uid", String, nullable=False, unique=True),
    Column("study_date", String, nullable=False),
    Column("patient_id", String, nullable=False),
    # Upper case and without accents, so that names are found as people type them.
    Column("folded_patient_name", String, nullable=False),
    Column("accession_number", String, nullable=False),
    # In order, with a backslash between.
    Column("modalities", String, nullable=False),
    Column("number_of_series", Integer, nullable=False),
    Column("number_of_instances", Integer, nullable=False),
    # What answers hold when nobody asks for more: queries leave the long rest on its pages.
    Column("summary", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    # In the order of answers, with what is tried on the way.
    Index("study_in_order", "study_date", "id", "folded_patient_name", "patient_id"),
    # What is looked at of a study that was found by its name, a hundred of them on a page.
    Index("study_by_id", "id", "study_date", "folded_patient_name"),
)

series = Table(
    "series",
    tables,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False, index=True),
    Column("series_instance_uid", String, nullable=False),
    Column("modality", String, nullable=False),
    Column("number_of_instances", Integer, nullable=False),
    Column("summary", Text, nullable=False),
    Column("attributes", Text, nullable=False),
    # The keys of its first instance, as JSON, and a bit for each code whose values are not those
    # of all its instances: but for them, the keys of the series are those of each instance.
    Column("first_keys", Text, nullable=False, server_default=""),
    Column("differing_codes", Integer, nullable=False, server_default="0"),
    Index("series_of_study", "series_instance_uid", "study_id", unique=True),
)

instance = Table(
    "instance",
    tables,
    Column("id", Integer, primary_key=True),
    Column("series_id", ForeignKey("series.id"), nullable=False, index=True),
    Column("sop_instance_uid", String, nullable=False, unique=True),
    Column("sop_class_uid", String, nullable=False),
    Column("transfer_syntax_uid", String, nullable=False),
    Column("key", String, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("summary", Text, nullable=False),
    Column("attributes", Text, nullable=False),
)
# Whoever removes a blob asks whether it is named, while others wait. Keys are digests: a part of
# one is nearly as good as all of it, and a quarter of the size.
BEGIN_OF_KEY = func.substr(instance.c.key, literal_column("1"), literal_column("16"))
Index("instance_by_key", BEGIN_OF_KEY)

# Apart from the instance, so that queries do not wade through offset tables.
frames = Table(
    "frames",
    tables,
    Column("instance_id", ForeignKey("instance.id"), primary_key=True),
    Column("frame_table", LargeBinary, nullable=False),
    Column("fragments", Text),
)

# The attributes of each frame, tens of megabytes for a sparse slide, as they stand in the text of
# all attributes from ``position`` on. Not compressed: unpacking takes longer than reading.
per_frame = Table(
    "per_frame",
    tables,
    Column("instance_id", ForeignKey("instance.id"), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("attributes", Text, nullable=False),
)

# ``series_id`` is 0 for what belongs to the study. No row is needed behind the key.
study_key = Table(
    "study_key",
    tables,
    Column("code", Integer, primary_key=True),
    Column("value", String, primary_key=True),
    Column("study_date", String, primary_key=True),
    Column("study_id", Integer, primary_key=True),
    Column("series_id", Integer, primary_key=True),
    sqlite_with_rowid=False,
)

PATIENT_NAME_TEXT = "patient_name_text"
_CREATE_TEXT = """
CREATE VIRTUAL TABLE IF NOT EXISTS patient_name_text
USING fts5(folded_patient_name, content='study', content_rowid='id',
           tokenize='trigram case_sensitive 1')
"""
_FILL_TEXT = """
CREATE TRIGGER IF NOT EXISTS study_added AFTER INSERT ON study BEGIN
    INSERT INTO patient_name_text (rowid, folded_patient_name)
    VALUES (new.id, new.folded_patient_name);
END
"""
_CLEAR_TEXT = """
CREATE TRIGGER IF NOT EXISTS study_deleted AFTER DELETE ON study BEGIN
    INSERT INTO patient_name_text (patient_name_text, rowid, folded_patient_name)
    VALUES ('delete', old.id, old.folded_patient_name);
END
"""
for statement in (_CREATE_TEXT, _FILL_TEXT, _CLEAR_TEXT):
    event.listen(study, "after_create", DDL(statement))  # type: ignore[no-untyped-call]
