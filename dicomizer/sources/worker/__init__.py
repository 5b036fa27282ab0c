# SPDX-License-Identifier: Apache-2.0
"""Native readers in child processes, so that what crashes or hangs there is an error here.

A library that is known to abort its process on broken files is called by a `child`, a program of
its own with limits on memory and time. A `Worker` starts it, sends it requests and gets replies
as `messages` over pipes; a `Team` of workers reads ahead in parallel and gives the replies in
order.
"""

from dicomizer.sources.worker.batches import batches
from dicomizer.sources.worker.library import require_library
from dicomizer.sources.worker.messages import Message
from dicomizer.sources.worker.team import Team
from dicomizer.sources.worker.worker import Worker

__all__ = ["Message", "Team", "Worker", "batches", "require_library"]
