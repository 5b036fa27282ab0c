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


def test_queries_go_by_dates_tags_and_sequences(client, files):
    def found(**filters):
        return [
            Dataset.from_json(item).StudyInstanceUID
            for item in client.search_for_studies(search_filters=filters)
        ]

    assert found(StudyDate="20240101-20241231") == ["1.2.3.1"]
    assert found(StudyDate="-20231231") == ["1.2.3.2"]
    assert found(**{"00100020": "P-2[x]"}) == ["1.2.3.2"]
    assert found(StudyInstanceUID="1.2.3.1,1.2.3.2") == ["1.2.3.1", "1.2.3.2"]
    assert found(ModalitiesInStudy="SR") == ["1.2.3.1"]
    assert found(AccessionNumber="A-?", PatientName="Doe^J*") == ["1.2.3.1"]


@pytest.mark.usefixtures("files")
def test_names_are_found_by_parts_or_whole(client):
    whole = client.search_for_studies(
        fuzzymatching=True, search_filters={"PatientName": "Doe^Jane"}, fields=["PatientSex"]
    )
    exact = client.search_for_series(
        fuzzymatching=False, search_filters={"PatientName": "Doe^Jane", "Modality": "SM"}
    )

    assert [Dataset.from_json(item).StudyInstanceUID for item in whole] == ["1.2.3.1"]
    assert [Dataset.from_json(item).SeriesInstanceUID for item in exact] == [SERIES]


@pytest.mark.usefixtures("files")
def test_all_pages_are_had_by_the_client_itself(client):
    found = client.search_for_instances(STUDY, limit=1, get_remaining=True)

    uids = [Dataset.from_json(item).SOPInstanceUID for item in found]
    assert uids == ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1"]


@pytest.mark.parametrize(
    "media_types",
    [
        None,
        (("application/dicom", "*"),),
        (("application/dicom", "1.2.840.10008.1.2.4.50"),),
    ],
)
def test_an_instance_comes_in_its_transfer_syntax(client, files, media_types):
    found = client.retrieve_instance(STUDY, SERIES, INSTANCE, media_types=media_types)

    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.50"
    assert found == pydicom.dcmread(io.BytesIO(files["jpeg"]))


def test_studies_series_and_frames_are_streamed(client, files):
    study = {found.SOPInstanceUID: found for found in client.iter_study(STUDY)}
    whole = client.retrieve_study(STUDY)
    series = list(client.iter_series(STUDY, "1.2.3.1.2"))
    frames = list(client.iter_instance_frames(STUDY, SERIES, "1.2.3.1.1.2", [2, 1]))

    assert sorted(study) == ["1.2.3.1.1.1", "1.2.3.1.1.2", "1.2.3.1.2.1"]
    assert {found.SOPInstanceUID: found for found in whole} == study
    assert series == [pydicom.dcmread(io.BytesIO(files["report"]))]
    assert frames == [known.NATIVE_FRAMES[1], known.NATIVE_FRAMES[0]]


@pytest.mark.usefixtures("files")
def test_bulk_data_is_had_in_each_way_of_asking(client):
    metadata = client.retrieve_instance_metadata("1.2.3.2", "1.2.3.2.1", "1.2.3.2.1.1")
    address = metadata["00480105"]["Value"][0]["00282000"]["BulkDataURI"]

    for media_types in (("application/octet-stream",), (("application/octet-stream", "*"),)):
        assert client.retrieve_bulkdata(address, media_types) == [known.ICC_PROFILE]
    assert list(client.iter_bulkdata(address)) == [known.ICC_PROFILE]


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize(
    ("study", "series", "instance", "frame"),
    [
        ("1.2.3.9", SERIES, INSTANCE, 1),
        (STUDY, "1.2.3.1.2", INSTANCE, 1),
        (STUDY, SERIES, "1.2.3.1.1.9", 1),
        (STUDY, SERIES, INSTANCE, 4),
    ],
)
def test_what_is_not_there_is_an_error_of_the_client(client, study, series, instance, frame):
    with pytest.raises(requests.HTTPError, match="404"):
        client.retrieve_instance_frames(study, series, instance, [frame])


def test_instances_are_stored_in_a_study_and_those_of_another_refused(client):
    inside, outside = (instances.slide([instances.jpeg(level)]) for level in (50, 51))
    for one in (inside, outside):
        one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID

    answer = client.store_instances([inside, outside], inside.StudyInstanceUID)

    (stored,) = answer.ReferencedSOPSequence
    (failed,) = answer.FailedSOPSequence
    assert stored.ReferencedSOPInstanceUID == inside.SOPInstanceUID
    assert failed.ReferencedSOPInstanceUID == outside.SOPInstanceUID
    assert failed.FailureReason == 0xA900


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
