# SPDX-License-Identifier: Apache-2.0
"""A process that opens a data folder and does to it what it is told, in a child for each time.

Run with the faults before its C library. A line of JSON tells what is to be done, and a line tells
what came of it, as far as the child came.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from reliability.faults import Control, Kind
from worklist import WORKITEM

from tileserver.app import open_services
from tileserver.dicomweb.store_parts import InstanceParts
from tileserver.errors import TileserverError
from tileserver.settings import Duplicates, Settings
from tileserver.store import FolderBlobStore
from tileserver.ups import Ups


class Actor:
    """Does one thing after the other."""

    def __init__(self, data: Path, duplicates: str, control: Control) -> None:
        self._data = data
        self._duplicates = Duplicates(duplicates)
        self._control = control

    def arm(self, **fault: Any) -> str:
        self._control.arm(**fault | {"kinds": Kind(fault["kinds"])})
        return "done"

    def leave_room(self, size: int) -> str:
        self._control.leave_room(size)
        return "done"

    def disarm(self) -> int:
        return self._control.disarm()

    def open(self) -> str:
        settings = Settings(data=self._data, duplicates=self._duplicates)
        self._services, self._index = open_services(settings)
        return "done"

    def open_worklist(self) -> str:
        FolderBlobStore(self._data)  # which makes the folder, durably
        self._ups = Ups.open(Settings(data=self._data))
        return "done"

    def create_workitem(self, uid: str) -> str:
        self._ups.worklist.create(uid, WORKITEM)
        return "done"

    def workitem(self, uid: str) -> str:
        self._ups.worklist.retrieve(uid)
        return "done"

    def close(self) -> str:
        self._services.close()
        self._index.close()
        return "done"

    def store(self, files: list[str]) -> list[str]:
        """Store files as a request does; tell what became of each."""
        parts = InstanceParts(self._services.ingest, None)
        try:
            for file in files:
                parts.begin({})
                parts.data(Path(file).read_bytes())
                parts.end()
            outcome = parts.finish()
        finally:
            parts.close()
        stored = [item.sop_instance_uid for item in outcome.stored]
        return stored + [type(error).__name__ for error in outcome.failed]

    def delete(self, uids: list[str]) -> str:
        self._services.delete.delete(*uids)
        return "done"

    def read(self, study: str) -> int:
        """Read all bytes and all frames of a study; tell how many instances it has."""
        listed = self._services.retrieve.instances(study)
        for item in listed:
            b"".join(self._services.retrieve.file(item).pieces())
            b"".join(self._services.retrieve.frames(item, [1]))
        return len(listed)

    def problems(self) -> list[str]:
        return self._services.status.problems()


def _act(request: dict[str, Any], control: Control, told: int) -> None:
    actor = Actor(Path(request["data"]), request["duplicates"], control)
    for name, arguments in request["steps"]:
        try:
            result = getattr(actor, name)(**arguments)
        except TileserverError as error:
            result = type(error).__name__ + f": {error}"
        except Exception:  # noqa: BLE001 - for the test to tell
            result = f"unexpected: {traceback.format_exc()}"
        os.write(told, f"{json.dumps(result)}\n".encode())


def _child(request: dict[str, Any], control: Control) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _act(request, control, writing)
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as told:
        results = [json.loads(line) for line in told]
    _, status = os.waitpid(child, 0)
    return {"results": results, "is_killed": os.WIFSIGNALED(status), "calls": control.disarm()}


def main() -> None:
    control = Control(Path(os.environ["FAULTS_CONTROL"]))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_child(json.loads(line), control)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
