# SPDX-License-Identifier: Apache-2.0
"""dicomweb-client deletes an instance, a series and a study, and no longer finds them."""

from __future__ import annotations

import archive as known
import pytest
import requests
from dicomweb_client import DICOMwebClient
from pydicom.dataset import Dataset
from servers import serving


@pytest.fixture
def client(tmp_path):
    with serving(tmp_path / "data") as server, requests.Session() as session:
        assert server.store(*known.build().values()).status_code == 200
        yield DICOMwebClient(server.root, session=session)


def uids(found: list[dict], keyword: str) -> list[str]:
    return [str(Dataset.from_json(item)[keyword].value) for item in found]


def test_what_is_deleted_is_gone_and_the_rest_is_there(client):
    client.delete_instance("1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1")
    instances = client.search_for_instances("1.2.3.1")
    assert uids(instances, "SOPInstanceUID") == ["1.2.3.1.1.2", "1.2.3.1.2.1"]

    client.delete_series("1.2.3.1", "1.2.3.1.1")
    assert uids(client.search_for_series("1.2.3.1"), "SeriesInstanceUID") == ["1.2.3.1.2"]
    (study,) = client.search_for_studies(search_filters={"StudyInstanceUID": "1.2.3.1"})
    assert Dataset.from_json(study).ModalitiesInStudy == "SR"

    client.delete_study("1.2.3.1")
    assert uids(client.search_for_studies(), "StudyInstanceUID") == ["1.2.3.2"]
    with pytest.raises(requests.HTTPError, match="404"):
        client.retrieve_study_metadata("1.2.3.1")
    with pytest.raises(requests.HTTPError, match="404"):
        client.delete_study("1.2.3.1")


def test_what_is_deleted_can_be_stored_again_with_other_pixels(client):
    (before,) = client.retrieve_series("1.2.3.2", "1.2.3.2.1")
    client.delete_study("1.2.3.2")
    before.PatientID = "P-3"

    client.store_instances([before])

    (after,) = client.retrieve_study("1.2.3.2")
    assert after == before
    (metadata,) = client.retrieve_study_metadata("1.2.3.2")
    assert metadata["00100020"]["Value"] == ["P-3"]
