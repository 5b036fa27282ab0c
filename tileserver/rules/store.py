# SPDX-License-Identifier: Apache-2.0
"""What rules have to remember over a restart: series that are not stable yet, and how far they are.

What is asked for has a key of the rule and of what happened, so that nothing is asked for twice
where a crash comes before it is remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Column, Integer, MetaData, String, Table, delete, select
from sqlalchemy.dialects.sqlite import insert

from tileserver.index.database import Database

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


RULES_FILE = "rules.sqlite"
_VERSION = "1"
_tables = MetaData()
_pending = Table(
    "pending",
    _tables,
    Column("study", String, primary_key=True),
    Column("series", String, primary_key=True),
    Column("sequence", Integer, nullable=False),
    Column("time", Integer, nullable=False),
    Column("rule", String, primary_key=True),
)
_place = Table(
    "place",
    _tables,
    Column("name", String, primary_key=True),
    Column("value", Integer, nullable=False),
)


class RuleStore:
    """The memory of rules."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path, "the memory of rules", _tables, _VERSION)

    def close(self) -> None:
        """Close it."""
        self._database.close()

    def await_stable(self, rule: str, uids: tuple[str, str], sequence: int, time: int) -> None:
        """Note that something of a series came, at milliseconds since 1970."""
        study, series = uids
        values = {"study": study, "series": series, "rule": rule}
        come = {"sequence": sequence, "time": time}
        with self._database.writing() as connection:
            made = insert(_pending).values(values | come)
            connection.execute(made.on_conflict_do_update(values.keys(), set_=come))

    def stable(self, rule: str, before: int) -> Sequence[tuple[str, str, int]]:
        """Return study, series and sequence number of what last came before a moment."""
        query = select(_pending.c.study, _pending.c.series, _pending.c.sequence)
        query = query.where(_pending.c.rule == rule, _pending.c.time <= before)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(_pending.c.sequence).limit(100))
            return [(row.study, row.series, row.sequence) for row in found]

    def settle(self, rule: str, study: str, series: str, sequence: int) -> None:
        """Forget a series of which nothing more has come."""
        is_it = (_pending.c.study == study) & (_pending.c.series == series)
        is_it &= (_pending.c.rule == rule) & (_pending.c.sequence == sequence)
        with self._database.writing() as connection:
            connection.execute(delete(_pending).where(is_it))

    def place(self, name: str, default: int) -> int:
        """Return how far something is; where it is new, that is how far it is from now on."""
        with self._database.reading() as connection:
            query = select(_place.c.value).where(_place.c.name == name)
            found = connection.execute(query).scalar_one_or_none()
        if found is None:
            self.move(name, default)
            return default
        return int(found)

    def move(self, name: str, value: int) -> None:
        """Store how far something is."""
        with self._database.writing() as connection:
            made = insert(_place).values(name=name, value=value)
            connection.execute(made.on_conflict_do_update(["name"], set_={"value": value}))
