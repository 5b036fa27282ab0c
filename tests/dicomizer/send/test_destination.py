# SPDX-License-Identifier: Apache-2.0
"""Addresses: what they name, and what is refused."""

from __future__ import annotations

import pytest

from dicomizer.send.destination import EntityDestination, WebDestination, parse_destination
from dicomizer.send.errors import DestinationError


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (
            "https://host/dicom-web",
            WebDestination("host", 443, "/dicom-web", "", is_encrypted=True),
        ),
        (
            "http://[::1]:8042/dicomweb/studies/?key=a%2Cb",
            WebDestination("::1", 8042, "/dicomweb", "key=a%2Cb", is_encrypted=False),
        ),
        (
            "dicom://STORE@host",
            EntityDestination("STORE", "DICOMIZER", "host", 104, is_encrypted=False),
        ),
        (
            "dicoms://MY%20PACS@host:4000?calling=US",
            EntityDestination("MY PACS", "US", "host", 4000, is_encrypted=True),
        ),
    ],
)
def test_an_address_names_a_peer(address, expected):
    assert parse_destination(address) == expected


def test_the_option_goes_over_the_title_in_the_address():
    found = parse_destination("dicom://A@host?calling=B", "C")

    assert found == EntityDestination("A", "C", "host", 104, is_encrypted=False)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "host:104",
        "ftp://host/x",
        "https:///x",
        "https://host:99999/x",
        "https://name:hunter2@host/x",
        "https://hunter2@host/x",
        "https://host/a b",
        "https://host/a\r\nHost: other",
        "dicom://host:104",
        "dicom://SEVENTEEN-LETTERS@host",
        "dicom://A@host/path",
        "dicom://A@host?called=B",
        "dicom://A%5CB@host",
    ],
)
def test_what_is_no_address_is_refused_without_repeating_it(address):
    with pytest.raises(DestinationError) as error:
        parse_destination(address)

    assert "hunter2" not in str(error.value)


def test_a_calling_title_is_not_for_the_web():
    with pytest.raises(DestinationError, match="dicom:// addresses only"):
        parse_destination("https://host/x", "US")
