# SPDX-License-Identifier: Apache-2.0
"""A Modality Worklist that holds what it is given, served by pynetdicom."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator

from pydicom import Dataset
from pynetdicom import AE, evt
from pynetdicom.sop_class import ModalityWorklistInformationFind


@contextlib.contextmanager
def worklist(*items: Dataset, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve a worklist, and give its address."""

    def find(event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        for item in items:
            if all(
                str(item.get(element.keyword, "")) == str(element.value)
                for element in event.identifier
                if element.VR != "SQ" and element.value
            ):
                yield 0xFF00, item

    entity = AE(ae_title="RIS")
    entity.add_supported_context(ModalityWorklistInformationFind)
    server = entity.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_FIND, find)], ssl_context=tls
    )
    try:
        scheme = "dicom" if tls is None else "dicoms"
        yield f"{scheme}://RIS@localhost:{server.server_address[1]}"
    finally:
        server.shutdown()
