# SPDX-License-Identifier: Apache-2.0
"""Stored instances to a peer of the settings, by `dicomizer send`: STOW-RS or C-STORE.

The peer is asked which instances it holds, so that what an earlier attempt has sent is not sent
again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError
from tileserver.jobs.kind import Kind, not_now
from tileserver.jobs.kinds.handed_out import hand_out
from tileserver.jobs.parameters import read_below

if TYPE_CHECKING:
    from tileserver.job_queue.model import Parameters
    from tileserver.jobs.kind import Result
    from tileserver.jobs.parameters import Surroundings
    from tileserver.jobs.task import Task


def _check(parameters: Parameters, surroundings: Surroundings) -> Parameters:
    def peer(name: str, value: object) -> str:
        if value not in surroundings.peers:
            known = ", ".join(surroundings.peers) or "it is empty"
            expected = f"a name of the setting peers: {known}"
            raise BadRequestError(f"{name}: found {str(value)[:64]!r}, expected {expected}")
        return str(value)

    found = read_below(parameters, peer=peer)
    if "peer" not in found:
        raise BadRequestError("the parameter 'peer' is missing")
    return found


def _run(task: Task) -> Result:
    from tileserver.jobs.feature import peers_of

    below = task.parameters
    series = below.get("series")
    instances = task.stored(str(below["study"]), str(series) if series else None)
    wanted = [item for item in instances if below.get("instance") in (None, item.sop_instance_uid)]
    names = {f"{number}.dcm": item for number, item in enumerate(wanted)}
    folder = hand_out(task, names, "to-send")
    address = peers_of(task.settings)[str(below["peer"])]
    task.progress(f"sending to {below['peer']}", 0, len(wanted))
    journal = str(task.folder / "journal.sqlite")
    document = task.dicomizer(
        "send", str(folder), "--to", address, "--journal", journal, "--attempts", "3", "--json",
        on_event=lambda _: None,
    )  # fmt: skip
    bad = [item for item in document["instances"] if item["state"] in ("refused", "failed")]
    for item in bad:
        task.note(f"{item['sop_instance_uid']}: {item['state']}: {item['reason']}")
    if bad:
        reason = f"{bad[0]['state']}: {bad[0]['reason']}"
        raise not_now(f"{len(bad)} of {len(wanted)} instances did not go: {reason}")
    task.progress("sent", len(wanted), len(wanted))
    return {"instances": len(wanted), "peer": below["peer"]}


KIND = Kind("send", "send a study, a series or an instance to a peer", _check, _run, 2, attempts=8)
