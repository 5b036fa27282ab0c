# SPDX-License-Identifier: Apache-2.0
"""Parameters that say how samples become colours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from tileserver.errors import BadRequestError
from tileserver.pictures.look import Drawing, read_drawing
from tileserver.services.render.look import Channel, IccChoice, Look, Window, WindowFunction


@pytest.mark.parametrize(
    ("query", "drawing"),
    [
        ("", Drawing()),
        ("other=1&x=", Drawing()),
        ("window=40,400,linear", Drawing(Look(Window(40, 400)))),
        ("window=-600.5,1500", Drawing(Look(Window(-600.5, 1500)))),
        (
            "window=0.5,0.25,linear-exact",
            Drawing(Look(Window(0.5, 0.25, WindowFunction.LINEAR_EXACT))),
        ),
        ("window=10,20,SIGMOID", Drawing(Look(Window(10, 20, WindowFunction.SIGMOID)))),
        ("iccprofile=srgb", Drawing(Look(icc=IccChoice.SRGB))),
        ("iccprofile=yes&quality=85", Drawing(Look(icc=IccChoice.YES), quality=85)),
        ("plane=2", Drawing(plane=2)),
        (
            "channel=1,ff8000&channel=2,%2300ff00,1200,800,linear&channel=DAPI,,5,10",
            Drawing(
                Look(
                    channels=(
                        Channel("1", (255, 128, 0)),
                        Channel("2", (0, 255, 0), Window(1200, 800)),
                        Channel("DAPI", None, Window(5, 10)),
                    )
                )
            ),
        ),
    ],
)
def test_parameters_of_colour(query, drawing):
    assert read_drawing(QueryParams(query)) == drawing


@pytest.mark.parametrize(
    "query",
    ["window=", "window=1", "window=1,0,linear", "window=1,0.5,linear", "window=1,-5,sigmoid",
     "window=1,2,cubic", "window=1,2,linear,3", "window=nan,1", "iccprofile=", "iccprofile=cmyk",
     "quality=0", "quality=101", "quality=high", "plane=-1", "channel=", "channel=1,red",
     "channel=1,ff0000,5", "channel=1,ff0000,5,6,linear,7", "&".join(["channel=1"] * 33)],
)  # fmt: skip
def test_other_parameters_are_refused(query):
    with pytest.raises(BadRequestError):
        read_drawing(QueryParams(query))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["window", "channel", "iccprofile", "quality", "plane"]),
            st.text(max_size=30) | st.from_regex(r"[0-9,.\-a-f]{0,30}", fullmatch=True),
        ),
        max_size=5,
    )
)
def test_any_query_is_read_or_refused(items):
    try:
        drawing = read_drawing(QueryParams(items))
    except BadRequestError:
        return
    assert drawing.quality is None or 1 <= drawing.quality <= 100
