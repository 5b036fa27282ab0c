# SPDX-License-Identifier: Apache-2.0
"""What those who run the server look at: whether it lives, whether it is ready, and its figures."""

from tileserver.observe.descriptions import OPERATION
from tileserver.observe.metrics import Metrics
from tileserver.observe.routes import routes

__all__ = ["OPERATION", "Metrics", "routes"]
