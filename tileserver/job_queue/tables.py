# SPDX-License-Identifier: Apache-2.0
"""The tables of the queue."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = "1"

tables = MetaData()

job = Table(
    "job",
    tables,
    Column("id", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("parameters", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("key", String, unique=True),
    Column("cause", String, nullable=False),
    Column("state", String, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("interruptions", Integer, nullable=False),
    Column("created", Integer, nullable=False),
    Column("due", Integer, nullable=False),
    Column("started", Integer),
    Column("ended", Integer),
    Column("progress", Text, nullable=False),
    Column("result", Text),
    Column("problem", Text),
    Column("is_cancelling", Boolean, nullable=False),
    # Whether it was cancelled for want of another, and comes back with it.
    Column("is_orphan", Boolean, nullable=False),
    Column("made", Text, nullable=False),
    Column("lease", String),
    Column("lease_until", Integer),
    Column("version", Integer, nullable=False, index=True),
    Index("job_in_order", "state", "priority", "id"),
    sqlite_autoincrement=True,  # the number of one that was forgotten is in addresses
)

need = Table(
    "need",
    tables,
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True),
    Column("needs_id", ForeignKey("job.id", ondelete="CASCADE"), primary_key=True, index=True),
)

line = Table(
    "line",
    tables,
    Column("id", Integer, primary_key=True),
    Column("job_id", ForeignKey("job.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("time", Integer, nullable=False),
    Column("text", Text, nullable=False),
    sqlite_autoincrement=True,
)

# One row each time that a job ends, in the transaction in which it does: the events of the queue.
ending = Table(
    "ending",
    tables,
    Column("sequence", Integer, primary_key=True),
    Column("job_id", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("time", Integer, nullable=False),
    sqlite_autoincrement=True,
)

protected = Table("protected", tables, Column("study", String, primary_key=True))
