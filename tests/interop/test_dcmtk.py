# SPDX-License-Identifier: Apache-2.0
"""DCMTK reads what we give as it reads the file, and writes the same DICOM JSON as we do."""

from __future__ import annotations

import io
import json
import math
import shutil
import subprocess

import archive as known
import pydicom
import pytest
import slides
from pydicom.uid import ExplicitVRLittleEndian
from servers import parts_of, serving

from dicomizer.convert import convert

WHOLE = 'multipart/related; type="application/dicom"; transfer-syntax=*'


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Give known instances, and those of a converted slide."""
    folder = tmp_path_factory.mktemp("dcmtk")
    convert(slides.write_svs(folder / "slide.svs").path, folder / "out")
    converted = {path.stem: path.read_bytes() for path in (folder / "out").iterdir()}
    return known.build() | converted


@pytest.fixture(scope="module")
def server(files, tmp_path_factory):
    with serving(tmp_path_factory.mktemp("dcmtk-server") / "data") as running:
        assert running.store(*files.values()).status_code == 200
        yield running


def run(tool: str, *arguments: object) -> str:
    """Return what a tool prints; it must complain of nothing."""
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} of DCMTK is not here: apt-get install dcmtk")
    done = subprocess.run(
        [tool, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def addresses(server) -> list[str]:
    found = server.get("/instances").json()
    return [item["00081190"]["Value"][0] for item in found]


def test_dcmdump_reads_every_instance_that_is_retrieved(server, files, tmp_path):
    dumps = set()
    for number, address in enumerate(addresses(server)):
        ((_, body),) = parts_of(server.http.get(address, headers={"Accept": WHOLE}))
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(body)
        assert body in files.values()
        dumps.add(run("dcmdump", "--quiet", path))

    assert len(dumps) == len(files)


def test_metadata_is_the_json_of_dcm2json(server, files, tmp_path):
    compared = 0
    by_instance = {}
    for number, file in enumerate(files.values()):
        path = tmp_path / f"{number}.dcm"
        # dcm2json writes no compressed pixel data, and we none at all.
        header = pydicom.dcmread(io.BytesIO(file), stop_before_pixels=True)
        header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        header.save_as(path)
        expected = json.loads(run("dcm2json", path))
        by_instance[expected["00080018"]["Value"][0]] = expected
    for address in addresses(server):
        (found,) = server.http.get(f"{address}/metadata").json()
        expected = by_instance[found["00080018"]["Value"][0]]
        assert comparable(found) == comparable(expected)
        compared += 1

    assert compared == len(files)


def comparable(item: dict) -> dict:
    """Return a dataset without what is bulk, which each may draw the line of as it likes."""
    return {
        tag: normal(element)
        for tag, element in item.items()
        if not {"BulkDataURI", "InlineBinary"} & set(element)
        and not tag.startswith("0002")
        and element["vr"] not in ("OB", "OW", "OF", "OD", "OL", "UN")
    }


def normal(element: dict) -> object:
    """Return values of an element, numbers as numbers whichever way they are written."""
    if element["vr"] == "SQ":
        return [comparable(item) for item in element.get("Value", [])]
    if element["vr"] in ("DS", "IS", "FD", "FL", "US", "UL", "SS", "SL"):
        return [None if one is None else rounded(float(one)) for one in element.get("Value", [])]
    if element["vr"] == "PN":
        # dcm2json leaves out separators of components behind the last one.
        names = element.get("Value", [])
        return [{group: name.rstrip("^") for group, name in one.items()} for one in names]
    return element


def rounded(number: float) -> float:
    """Return seven digits of a number, which is what a float of 32 bits has."""
    return number and round(number, 6 - math.floor(math.log10(abs(number))))
