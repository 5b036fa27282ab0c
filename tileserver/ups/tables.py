# SPDX-License-Identifier: Apache-2.0
"""The tables of the worklist: workitems and their keys, who wants to hear, what is told to whom."""

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

VERSION = "2"

tables = MetaData()

workitem = Table(
    "workitem",
    tables,
    Column("id", Integer, primary_key=True),
    Column("uid", String, nullable=False, unique=True),
    Column("state", String, nullable=False, index=True),
    # Apart from the attributes, so that no answer and no search can have it.
    Column("transaction_uid", String),
    Column("attributes", Text, nullable=False),
    Column("ended", Integer, index=True),  # milliseconds since 1970; none before a final state
    sqlite_autoincrement=True,
)

workitem_key = Table(
    "workitem_key",
    tables,
    Column("code", Integer, primary_key=True),
    Column("value", String, primary_key=True),
    Column("workitem_id", ForeignKey("workitem.id", ondelete="CASCADE"), primary_key=True),
    Index("workitem_key_of_workitem", "workitem_id"),
    sqlite_with_rowid=False,
)

gone = Table("gone", tables, Column("uid", String, primary_key=True))

subscription = Table(
    "subscription",
    tables,
    Column("workitem_id", ForeignKey("workitem.id", ondelete="CASCADE"), primary_key=True),
    Column("aetitle", String, primary_key=True, index=True),
    Column("deletion_lock", Boolean, nullable=False),
    Column("origin", String, nullable=False),  # UID of the workitem or worklist subscribed to
)

global_subscription = Table(
    "global_subscription",
    tables,
    Column("aetitle", String, primary_key=True),
    Column("uid", String, primary_key=True),
    Column("deletion_lock", Boolean, nullable=False),
    Column("filter", Text, nullable=False),
)

notice = Table(
    "notice",
    tables,
    Column("sequence", Integer, primary_key=True),
    Column("aetitle", String, nullable=False),
    Column("report", Text, nullable=False),
    Index("notice_of_subscriber", "aetitle", "sequence"),
    sqlite_autoincrement=True,  # a number never comes again, or it would not be sent
)

subscriber = Table(
    "subscriber",
    tables,
    Column("aetitle", String, primary_key=True),
    Column("delivered", Integer, nullable=False),
)
