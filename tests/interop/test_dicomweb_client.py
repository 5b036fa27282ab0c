# SPDX-License-Identifier: Apache-2.0
"""dicomweb-client finds, reads and stores; what it gets equals what pydicom reads from the file."""

from __future__ import annotations

import io

import archive as known
import instances
import pydicom
import pytest
import requests
from dicomweb_client import DICOMwebClient
from pydicom.dataset import Dataset
from servers import serving

STUDY, SERIES, INSTANCE = "1.2.3.1", "1.2.3.1.1", "1.2.3.1.1.1"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("dicomweb") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def files(server):
    files = known.build()
    for file in files.values():
        assert server.store(file).status_code == 200
    return files


@pytest.fixture(scope="module")
def client(server):
    with requests.Session() as session:
        yield DICOMwebClient(server.root, session=session)


@pytest.mark.usefixtures("files")
def test_studies_series_and_instances_are_found(client):
    (study,) = client.search_for_studies(search_filters={"PatientName": "Müller^*"})
    series = client.search_for_series(STUDY, fields=["SeriesDescription"], limit=1)
    found = client.search_for_instances(
        STUDY, SERIES, fields=["TotalPixelMatrixColumns"], search_filters={"InstanceNumber": "1"}
    )

    assert Dataset.from_json(study).StudyInstanceUID == "1.2.3.2"
    assert [Dataset.from_json(item).SeriesInstanceUID for item in series] == [SERIES]
    assert [Dataset.from_json(item).TotalPixelMatrixColumns for item in found] == [48]
    assert client.search_for_studies(search_filters={"PatientID": "nobody"}) == []


@pytest.mark.usefixtures("files")
def test_pages_add_up(client):
    first = client.search_for_instances(limit=3)
    rest = client.search_for_instances(limit=3, offset=3)

    uids = [Dataset.from_json(item).SOPInstanceUID for item in (*first, *rest)]
    assert uids == ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1", "1.2.3.2.1.1"]


def test_metadata_is_what_the_file_says(client, files):
    metadata = client.retrieve_instance_metadata(STUDY, SERIES, INSTANCE)
    address = metadata.pop("7FE00010")["BulkDataURI"]
    found = Dataset.from_json(metadata)

    assert client.retrieve_bulkdata(address, media_types=(("image/jpeg", "*"),)) == list(
        known.JPEG_FRAMES
    )
    expected = pydicom.dcmread(io.BytesIO(files["jpeg"]), stop_before_pixels=True)
    assert found == Dataset(dict(expected))
    assert len(client.retrieve_series_metadata(STUDY, SERIES)) == 2
    assert len(client.retrieve_study_metadata(STUDY)) == 3


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    "media_types",
    [
        None,
        ("image/jpeg",),
        (("image/jpeg", "1.2.840.10008.1.2.4.50"),),
        (("application/octet-stream", "*"),),
        (("image/jp2", "1.2.840.10008.1.2.4.90"), ("image/jpeg", "1.2.840.10008.1.2.4.50")),
    ],
)
def test_frames_are_those_of_the_file(client, media_types):
    found = client.retrieve_instance_frames(
        STUDY, SERIES, INSTANCE, frame_numbers=[2, 3], media_types=media_types
    )

    assert found == list(known.JPEG_FRAMES[1:])


def test_instances_come_back_as_sent(client, files):
    (of_series, other) = client.retrieve_series(STUDY, SERIES)
    alone = client.retrieve_instance(STUDY, SERIES, INSTANCE)

    assert {of_series.SOPInstanceUID, other.SOPInstanceUID} == {"1.2.3.1.1.1", "1.2.3.1.1.2"}
    assert alone == pydicom.dcmread(io.BytesIO(files["jpeg"]))


@pytest.mark.usefixtures("files")
def test_bulk_data_is_had_by_its_address(client):
    metadata = client.retrieve_instance_metadata("1.2.3.2", "1.2.3.2.1", "1.2.3.2.1.1")
    address = metadata["00480105"]["Value"][0]["00282000"]["BulkDataURI"]

    assert client.retrieve_bulkdata(address) == [known.ICC_PROFILE]


def test_an_instance_is_stored(client):
    sent = instances.slide([instances.jpeg(33)])
    sent.file_meta.MediaStorageSOPClassUID = sent.SOPClassUID
    sent.file_meta.MediaStorageSOPInstanceUID = sent.SOPInstanceUID

    answer = client.store_instances([sent])

    (reference,) = answer.ReferencedSOPSequence
    assert reference.ReferencedSOPInstanceUID == sent.SOPInstanceUID
    assert client.retrieve_instance_frames(
        sent.StudyInstanceUID, sent.SeriesInstanceUID, sent.SOPInstanceUID, frame_numbers=[1]
    ) == [instances.jpeg(33)]


def test_a_conflict_is_an_error_that_names_the_instance(client):
    sent = instances.slide([instances.jpeg(33)])
    sent.file_meta.MediaStorageSOPClassUID = sent.SOPClassUID
    sent.file_meta.MediaStorageSOPInstanceUID = sent.SOPInstanceUID
    client.store_instances([sent])
    sent.PatientID = "other"

    with pytest.raises(requests.HTTPError, match="409"):
        client.store_instances([sent])
