# SPDX-License-Identifier: Apache-2.0
"""A file in place of a stored instance: of that instance only, and only while it is stored so."""

from __future__ import annotations

import io

import instances
import pytest
from checking import findings

from tileserver.app import open_services
from tileserver.errors import ConflictError, InvalidInstanceError, NotFoundError, TileserverError
from tileserver.settings import Settings


@pytest.fixture
def services(tmp_path):
    services, index = open_services(Settings(data=tmp_path))
    yield services
    services.close()
    index.close()
    assert findings(tmp_path) == []


def stored(services, found):
    services.ingest.add_file(io.BytesIO(instances.written(found)))
    return place(services, found)


def place(services, found):
    return services.retrieve.instance(
        found.StudyInstanceUID, found.SeriesInstanceUID, found.SOPInstanceUID
    )


def bytes_of(services, item) -> bytes:
    return b"".join(services.retrieve.file(item).pieces())


@pytest.fixture
def slide():
    return instances.slide([instances.jpeg(1), instances.jpeg(2)])


def test_the_file_takes_the_place_whatever_is_set_of_duplicates(services, slide):
    old = stored(services, slide)
    slide.ContainerIdentifier = "S24-2"
    new = instances.written(slide)

    services.ingest.exchange(io.BytesIO(new), old)

    assert bytes_of(services, place(services, slide)) == new
    with pytest.raises(TileserverError):
        bytes_of(services, old)


def test_the_same_bytes_change_nothing(services, slide):
    old = stored(services, slide)

    services.ingest.exchange(io.BytesIO(instances.written(slide)), old)

    assert place(services, slide) == old


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"])
def test_another_instance_is_refused(services, slide, keyword):
    old = stored(services, slide)
    file = instances.written(slide)
    setattr(slide, keyword, "1.2.3.4")

    with pytest.raises(TileserverError):
        services.ingest.exchange(io.BytesIO(instances.written(slide)), old)

    assert bytes_of(services, old) == file


def test_what_was_replaced_or_deleted_meanwhile_is_left(services, slide):
    old = stored(services, slide)
    slide.ContainerIdentifier = "S24-2"
    services.ingest.exchange(io.BytesIO(instances.written(slide)), old)
    slide.ContainerIdentifier = "S24-3"

    with pytest.raises(ConflictError, match="replaced or deleted meanwhile"):
        services.ingest.exchange(io.BytesIO(instances.written(slide)), old)
    newest = place(services, slide)
    services.delete.delete(slide.StudyInstanceUID)
    with pytest.raises(ConflictError, match="replaced or deleted meanwhile"):
        services.ingest.exchange(io.BytesIO(instances.written(slide)), newest)

    with pytest.raises(NotFoundError):
        place(services, slide)


def test_what_is_no_instance_is_refused(services, slide):
    old = stored(services, slide)

    with pytest.raises(InvalidInstanceError):
        services.ingest.exchange(io.BytesIO(b"nothing"), old)

    assert place(services, slide) == old
