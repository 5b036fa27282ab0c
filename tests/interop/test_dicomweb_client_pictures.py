# SPDX-License-Identifier: Apache-2.0
"""dicomweb-client has rendered instances, frames and thumbnails of us."""

from __future__ import annotations

import numpy as np
import pytest
from dicomweb_client import DICOMwebClient
from picture_archive import EXACT, PLAIN, STUDY, build, picture
from servers import serving

INSTANCE = (STUDY, EXACT, f"{EXACT}.1")


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("client") / "data") as server:
        assert server.store(*build()).status_code == 200
        yield DICOMwebClient(f"{server.address}/dicomweb")


def test_a_rendered_instance(client):
    stream = client.retrieve_instance_rendered(*INSTANCE, media_types=("image/png",))

    assert (picture(stream) == PLAIN).all()


def test_a_rendered_instance_with_parameters(client):
    stream = client.retrieve_instance_rendered(
        *INSTANCE,
        media_types=("image/png",),
        params={"viewport": "20,20,10,30,-20,20", "iccprofile": "no"},
    )

    assert (picture(stream) == PLAIN[30:50, 10:30][:, ::-1]).all()


def test_rendered_frames(client):
    stream = client.retrieve_instance_frames_rendered(
        *INSTANCE, frame_numbers=[7], media_types=("image/jpeg",)
    )

    assert np.abs(picture(stream) - PLAIN[64:128, 64:128].astype(int)).mean() < 3
