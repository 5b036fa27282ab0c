# SPDX-License-Identifier: Apache-2.0
"""Clients that store and delete, so that as much comes as goes; none stores what another does."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Sequence

import instances
from pydicom.dataset import FileDataset
from pydicom.uid import generate_uid
from reliability.ledger import Name
from reliability.soak import stock
from reliability.soak.clients import Client, Ground, Move
from servers import STOW_TYPE, multipart
from store_requests import JSON_TYPE, body

_STUDIES = 10
"""That each keeps."""
_MOST_INSTANCES = 5


class Modality(Client):
    """Stores studies one by one and in one go, sends them again, contradicts, and deletes."""

    def __init__(self, ground: Ground, number: int) -> None:
        super().__init__(ground, number)
        self._next = number * 1_000_000
        self._studies: deque[list[Name]] = deque()

    def moves(self) -> Sequence[tuple[int, Move]]:
        return ((4, self._store), (2, self._again), (2, self._contradict), (1, self._mixed),
                (1, self._metadata), (1, self._delete_one))  # fmt: skip

    def leave(self) -> None:
        if self._studies:
            self._delete(self._studies.popleft())

    def new_names(self) -> list[Name]:
        """Return names of a study that never was."""
        self._next += 1
        return [Name(self._next, number) for number in range(self.rng.randint(1, _MOST_INSTANCES))]

    def _store(self) -> None:
        names = self.new_names()
        if self.rng.random() < 0.5:
            self._post("STOW many", [stock.file(name) for name in names])
        else:
            for name in names:
                self._post("STOW one", [stock.file(name)])
        self._keep(names)

    def _keep(self, names: list[Name]) -> None:
        self.ground.stock.stored(names)
        self._studies.append(names)
        while len(self._studies) > _STUDIES:
            self._delete(self._studies.popleft())

    def _again(self) -> None:
        if self._studies:
            names = self.rng.choice(self._studies)
            self._post("STOW identical", [stock.file(name) for name in names])

    def _contradict(self) -> None:
        if self._studies:
            name = self.rng.choice(self.rng.choice(self._studies))
            self._post("STOW contradicting", [stock.file(name, other=1)], 409)

    def _mixed(self) -> None:
        """Store new ones beside known ones, contradicting ones and what is no instance."""
        if not self._studies:
            return
        names, known = self.new_names(), self.rng.choice(self.rng.choice(self._studies))
        files = [stock.file(name) for name in names]
        files += [stock.file(known), stock.file(known, other=2), b"no instance"]
        self._post("STOW mixed", files, 202)
        self._keep(names)

    def _metadata(self) -> None:
        """Store an instance from its metadata, and delete it."""
        found = _made_of_metadata()
        model = json.loads(found.to_json())
        model["7FE00010"] = {"vr": "OB", "BulkDataURI": "pixels"}
        content = body(
            ("application/dicom+json", None, json.dumps([model]).encode()),
            ("application/octet-stream", "pixels", bytes(768)),
        )
        kind, path = "STOW metadata", "/dicomweb/studies"
        self.ask(kind, "POST", path, body=content, Content_Type=JSON_TYPE)
        self.ask("DELETE", "DELETE", f"{path}/{found.StudyInstanceUID}", (204,))

    def _delete_one(self) -> None:
        """Delete an instance or a series, and have it again."""
        if not self._studies:
            return
        names = self.rng.choice(self._studies)
        if self.rng.random() < 0.5:
            names = [self.rng.choice(names)]
            path = f"/dicomweb{names[0].path}"
        else:
            path = f"/dicomweb/studies/{names[0].uids[0]}/series/{names[0].uids[1]}"
        self._remove(path, names)
        self._post("STOW again", [stock.file(name) for name in names])
        self.ground.stock.stored(names)

    def _delete(self, names: list[Name]) -> None:
        self._remove(f"/dicomweb/studies/{names[0].uids[0]}", names)
        for below in ("", "/frames/1", "/metadata"):
            self.ask("deleted", "GET", f"/dicomweb{names[0].path}{below}", (404,))

    def _remove(self, path: str, names: list[Name]) -> None:
        self.ground.stock.deleting(names)
        self.ask("DELETE", "DELETE", path, (204,))
        self.ground.stock.deleted(names)

    def _post(self, kind: str, files: list[bytes], expected: int = 200) -> None:
        content = multipart(files)
        self.ask(
            kind, "POST", "/dicomweb/studies", (expected,), body=content, Content_Type=STOW_TYPE
        )


def _made_of_metadata() -> FileDataset:
    found = instances.with_pixels(instances.dataset(StudyInstanceUID=generate_uid()), 1)
    found.SOPInstanceUID = generate_uid()
    return found
