# SPDX-License-Identifier: Apache-2.0
"""The tables: study, series and instance, normalised, with counts kept and attributes as JSON."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = 1
"""Raised with each change of the tables; an index of another version is made anew."""

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
    Column("study_date", String, nullable=False, index=True),
    Column("patient_id", String, nullable=False, index=True),
    # Upper case and without accents, so that names are found as people type them.
    Column("folded_patient_name", String, nullable=False, index=True),
    Column("accession_number", String, nullable=False, index=True),
    Column("attributes", Text, nullable=False),
    Column("number_of_series", Integer, nullable=False),
    Column("number_of_instances", Integer, nullable=False),
)

series = Table(
    "series",
    tables,
    Column("id", Integer, primary_key=True),
    Column("study_id", ForeignKey("study.id"), nullable=False, index=True),
    Column("series_instance_uid", String, nullable=False),
    Column("modality", String, nullable=False, index=True),
    Column("attributes", Text, nullable=False),
    Column("number_of_instances", Integer, nullable=False),
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
    Column("attributes", Text, nullable=False),
)

# Apart from the instance, so that queries do not wade through offset tables.
frames = Table(
    "frames",
    tables,
    Column("instance_id", ForeignKey("instance.id"), primary_key=True),
    Column("frame_table", LargeBinary, nullable=False),
    Column("fragments", Text),
)
