# SPDX-License-Identifier: Apache-2.0
"""The driver below SQLAlchemy, for statements on the way of each instance that is stored.

What SQLAlchemy adds to a statement takes five times as long as SQLite does to carry it out.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Connection


def driver_of(connection: Connection) -> sqlite3.Connection:
    """Return the driver's connection, for statements within the transaction at hand."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
