# SPDX-License-Identifier: Apache-2.0
"""Bodies that are finished together end as each would alone."""

from __future__ import annotations

import instances
import pytest
from pydicom.uid import generate_uid
from servers import BOUNDARY, multipart

from dicomizer.net.multipart import MultipartError
from tileserver.app import open_services
from tileserver.dicomweb.finishing import finish_together
from tileserver.dicomweb.store_body import MultipartBody, SingleBody
from tileserver.dicomweb.store_parts import InstanceParts
from tileserver.errors import ConflictError, InvalidInstanceError, WrongStudyError
from tileserver.settings import Settings


@pytest.fixture
def services(tmp_path):
    services, index = open_services(Settings(data=tmp_path))
    yield services
    services.close()
    index.close()


def instance(**attributes):
    found = instances.slide([instances.jpeg(20)], **attributes)
    return found, instances.written(found)


def body_of(services, *files, study=None, cut=0):
    body = MultipartBody(InstanceParts(services.ingest, study), BOUNDARY)
    content = multipart(files)
    body.keep(content[: len(content) - cut])
    return body


def uids(outcome):
    return [item.sop_instance_uid for item in outcome.stored]


def stored(services, dataset):
    return services.ingest._index.find(dataset.SOPInstanceUID) is not None


def incoming(services, tmp_path):
    return list((tmp_path / "incoming").iterdir())


def test_each_body_is_told_of_its_own(services, tmp_path):
    (one, first), (two, second), (three, third) = instance(), instance(), instance()
    (cut, fourth), (other, fifth) = instance(), instance()
    single = SingleBody(InstanceParts(services.ingest, None), "application/dicom")
    single.keep(third)

    found = finish_together(
        [
            body_of(services, first, second),
            single,
            body_of(services, b"no DICOM at all"),
            body_of(services, fourth, cut=20),
            body_of(services, fifth, study=generate_uid()),
        ]
    )

    assert uids(found[0]) == [one.SOPInstanceUID, two.SOPInstanceUID]
    assert uids(found[1]) == [three.SOPInstanceUID]
    assert [type(error) for error in found[2].failed] == [InvalidInstanceError]
    assert isinstance(found[3], MultipartError)
    assert [type(error) for error in found[4].failed] == [WrongStudyError]
    assert [stored(services, each) for each in (one, two, three)] == [True] * 3
    assert [stored(services, each) for each in (cut, other)] == [False] * 2
    assert incoming(services, tmp_path) == []


def test_the_same_and_other_bytes_under_one_uid_come_together(services, tmp_path):
    found, file = instance()
    found.PatientName = "Other^Bytes"
    other = instances.written(found)

    outcomes = finish_together([body_of(services, each) for each in (file, file, other)])

    # Which of the bytes come first is nobody's to say.
    first, again, contradicting = (
        [(item.is_new, item.sop_instance_uid) for item in outcome.stored] for outcome in outcomes
    )
    uid = found.SOPInstanceUID
    if contradicting:
        assert (first, again, contradicting) == ([], [], [(True, uid)])
    else:
        assert sorted(first + again) == [(False, uid), (True, uid)]
    conflicts = [type(error) for outcome in outcomes for error in outcome.failed]
    assert conflicts == [ConflictError] * (2 if contradicting else 1)
    assert incoming(services, tmp_path) == []


def test_what_breaks_one_leaves_the_others(services, monkeypatch, tmp_path):
    (one, first), (_, second) = instance(), instance(PatientID="BREAKS")
    accept_all = services.ingest.accept_all

    def breaking(received, study=None):
        if any(b"BREAKS" in item.file().read() for item in received):
            raise RuntimeError("broken")
        return accept_all(received, study)

    monkeypatch.setattr(services.ingest, "accept_all", breaking)

    whole, broken = finish_together([body_of(services, first), body_of(services, second)])

    assert uids(whole) == [one.SOPInstanceUID]
    assert isinstance(broken, RuntimeError)
    assert stored(services, one)
    assert incoming(services, tmp_path) == []
