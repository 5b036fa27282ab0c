# SPDX-License-Identifier: Apache-2.0
"""UPS-RS: the worklist, its subscriptions, and the connections that tell of what happens to it.

What is on the list stands nowhere else; so it is kept in a file of its own, which no reindex
touches.

References
----------
PS3.18 11 (worklist service), PS3.4 CC (unified procedure steps)
"""

from tileserver.ups.feature import Ups
from tileserver.ups.routes import routes

__all__ = ["Ups", "routes"]
