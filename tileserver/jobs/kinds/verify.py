# SPDX-License-Identifier: Apache-2.0
"""What a conversion has stored against the uploaded slide, by `dicomizer verify`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tileserver.errors import BadRequestError
from tileserver.jobs.kind import Kind, refused
from tileserver.jobs.kinds.convert import source_of
from tileserver.jobs.kinds.handed_out import hand_out
from tileserver.jobs.parameters import number, read

if TYPE_CHECKING:
    from tileserver.job_queue.model import Parameters
    from tileserver.jobs.kind import Result
    from tileserver.jobs.parameters import Surroundings
    from tileserver.jobs.task import Task

_SHOWN = 100


def _check(parameters: Parameters, surroundings: Surroundings) -> Parameters:
    found = read(parameters, {"convert": number})
    job = surroundings.job(int(str(found["convert"])))
    if job.kind != "convert":
        raise BadRequestError(f"job {job.id} is no conversion")
    again = {name: job.parameters[name] for name in ("metadata", "mpp") if name in job.parameters}
    return {**found, "upload": job.parameters["upload"], **again}


def _run(task: Task) -> Result:
    result = task.needed[int(str(task.parameters["convert"]))]
    stored = {item.sop_instance_uid: item for item in task.stored(result["study"])}
    missing = [name for name, uid in result["instances"].items() if uid not in stored]
    if missing:
        raise refused(f"{missing[0]} of the conversion is not stored any more")
    files = {name: stored[uid] for name, uid in result["instances"].items()}
    task.progress("comparing")
    arguments = [str(source_of(task)), str(hand_out(task, files, "stored"))]
    if "mpp" in task.parameters:
        arguments += ["--mpp", str(task.parameters["mpp"])]
    if "metadata" in task.parameters:
        path = task.folder / "metadata.json"
        path.write_text(json.dumps(task.parameters["metadata"]))
        arguments += ["--metadata", str(path)]
    document = task.dicomizer("verify", *arguments, "--json", on_event=lambda _: None)
    differences = document["differences"]
    for difference in differences[:_SHOWN]:
        task.note(f"difference: {json.dumps(difference)}")
    if not document["same"]:
        raise refused(f"{len(differences)} differences from the slide; the log lists them")
    return {"same": True, "images": len(document["images"]), "seconds": document["seconds"]}


KIND = Kind("verify", "compare what was stored with the uploaded slide", _check, _run)
