# SPDX-License-Identifier: Apache-2.0
"""What is done to a picture's colours: by numbers, by stains, by the ICC profile; and undone."""

from __future__ import annotations

import json

import build_profile
import imagecodecs
import numpy as np
import pydicom
import pytest
import slides
from browser.harness import READY, canvas_pixels
from browser.test_slide import assert_same_colours

VIEW = "?x=450&y=350&mpp=0.5&r=0"
RUIFROK = np.array([[0.65, 0.70, 0.29], [0.07, 0.99, 0.11]])


@pytest.fixture(autouse=True)
def patience(page):
    """Give a machine without a graphics card, which draws by itself, its time."""
    page.set_default_timeout(40000)


def picture(page, applied):
    """Return the canvas once the page says that this is applied."""
    page.wait_for_selector(f"{READY}[data-picture='{applied}']")
    return canvas_pixels(page).astype(float)


def middle(pixels):
    return pixels[150:650, 250:950]


def stored_and(page, applied):
    """Return the picture as stored and as changed, from one page."""
    changed = picture(page, applied)
    page.keyboard.press("x")
    stored = picture(page, "stored")
    page.keyboard.press("x")
    picture(page, applied)
    return middle(stored), middle(changed)


@pytest.fixture(scope="module")
def profiled(archive):
    """Give slides with profiles of the kinds there are."""
    kinds = {
        "matrix": "version 2, matrix, gamma 1.8",
        "table": "version 2, relative table of 16 bits",
    }
    for name, kind in kinds.items():
        icc = build_profile.samples()[kind]
        made = slides.write_svs(
            archive.work / f"{name}.svs", size=(900, 700), tile=256, icc_profile=icc
        )
        archive.add(name, made.path, {})
    return kinds


@pytest.mark.parametrize("card", [False, True])
def test_settings_of_an_address_change_each_pixel_as_said(open_slide, page, card):
    if card:  # who cannot be told from a graphics card is taken for one: whole frames, not tiles
        page.add_init_script("WebGL2RenderingContext.prototype.getExtension = () => null")
    page = open_slide("first", VIEW + "&pic=brightness_10+contrast_1.5+gamma_1.2+saturation_0.5")

    stored, changed = stored_and(page, "brightness_10 contrast_1.5 gamma_1.2 saturation_0.5")

    value = stored / 255
    grey = value @ np.array([0.2126, 0.7152, 0.0722])
    value = grey[..., None] + (value - grey[..., None]) * 0.5
    value = np.clip((value - 0.5) * 1.5 + 0.5 + 0.1, 0, 1) ** (1 / 1.2)
    assert abs(changed - value * 255).max() <= 2


def test_a_click_tells_what_is_white(open_slide):
    page = open_slide("first", VIEW + "&show=picture")
    stored = canvas_pixels(page).astype(float)
    page.get_by_role("button", name="pick on the slide").click()

    page.mouse.click(500, 300)

    page.wait_for_function("() => location.search.includes('pic=white')")
    sliders = [page.get_by_role("slider", name=f"white, {name}") for name in ("red", "green")]
    white = [int(slider.input_value()) for slider in sliders]
    expected = stored[298:303, 498:503].mean(axis=(0, 1))
    assert abs(np.array(white) - expected[:2]).max() <= 3
    page.get_by_role("button", name="reset all").click()
    page.wait_for_function("() => !location.search.includes('pic=')")


@pytest.mark.parametrize("shown", ["h", "e", "he"])
def test_stains_are_taken_apart_by_their_densities(open_slide, shown):
    page = open_slide("first", f"{VIEW}&pic=stains_{shown}")

    stored, changed = stored_and(page, f"stains_{shown}")

    stains = RUIFROK / np.linalg.norm(RUIFROK, axis=1, keepdims=True)
    third = np.cross(*stains)
    matrix = np.vstack([stains, third / np.linalg.norm(third)])
    density = -np.log10(np.maximum(stored, 1) / 255)
    amounts = np.maximum(density @ np.linalg.inv(matrix), 0)
    weights = np.array([letter in shown for letter in "her"], dtype=float)
    expected = 255 * np.clip(10 ** -((amounts * weights) @ matrix), 0, 1)
    assert abs(changed - expected).max() <= 2


def test_the_slides_own_stains_are_estimated_and_said(archive, page, real_slide):
    source = real_slide("aperio/CMU-1-Small-Region.svs")
    served = archive.slides.get("cmu") or archive.add("cmu", source, {})
    page.goto(f"{served.path}?x=1100&y=1400&mpp=4&r=0&show=picture&pic=stains_h+macenko")
    page.get_by_text("estimated from the whole slide (Macenko)").wait_for()

    stored, changed = stored_and(page, "stains_h macenko")

    tissue = (stored.min(axis=2) < 180) & (stored.max(axis=2) > 0)
    assert changed[tissue].mean() > stored[tissue].mean()
    # Haematoxylin alone is blue: red is what it takes away.
    assert (changed[tissue][:, 2] - changed[tissue][:, 0]).mean() > 10


@pytest.mark.parametrize("name", ["matrix", "table"])
def test_the_profile_is_applied_as_little_cms_does(archive, profiled, open_slide, name):
    page = open_slide(name, VIEW)

    stored, changed = stored_and(page, "profile")

    expected = build_profile.as_srgb(
        stored.astype(np.uint8), build_profile.samples()[profiled[name]]
    )
    assert abs(changed - expected).max() <= 2
    assert abs(changed - stored).max() > 10
    page.keyboard.press("x")
    drawn = picture(page, "stored").astype(np.uint8)
    assert_same_colours(drawn, archive.slides[name].source, 0, (450, 350))


def test_the_drawers_say_whether_the_profile_is_applied(profiled, open_slide):
    page = open_slide("matrix", VIEW + "&show=picture")
    picture(page, "profile")
    page.get_by_text("ICC profile test applied; drawn as sRGB").wait_for()

    page.get_by_role("checkbox", name="ICC profile").uncheck()

    picture(page, "stored")
    page.keyboard.press("i")
    page.get_by_text("ICC profile test not applied: colours as stored").wait_for()
    assert "pic=noprofile" in page.url
    page.reload()
    picture(page, "stored")


def test_a_slider_shows_its_number_and_its_way_back(open_slide):
    page = open_slide("first", VIEW + "&show=picture")
    contrast = page.get_by_label("contrast", exact=True)

    contrast.press("ArrowRight")

    picture(page, "contrast_1.035")
    assert page.locator(".slider", has=contrast).locator("output").inner_text() == "1.03\u00d7"
    page.get_by_role("button", name="reset contrast").click()
    picture(page, "stored")


def test_enlarged_pixels_keep_their_edges_where_asked(open_slide):
    page = open_slide("first", "?x=450&y=350&mpp=0.125&r=0&pic=nearest")

    drawn = canvas_pixels(page).astype(int)

    # Four columns of the screen show one pixel of the slide.
    columns = drawn[400, 200:1000].reshape(-1, 4, 3)
    assert np.ptp(columns, axis=1).max() == 0


def test_without_webgl_it_is_said_and_colours_stay_as_stored(profiled, page, archive):
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        "  return kind === 'webgl2' ? null : get.call(this, kind, ...more) }"
    )
    page.goto(f"{archive.slides['matrix'].path}{VIEW}&show=picture")

    page.get_by_text("this browser offers no WebGL 2").wait_for()

    picture(page, "stored")
    page.get_by_text("not applied: the browser offers no WebGL 2").wait_for()


def test_planes_are_chosen_by_wheel_key_and_slider(archive, page, real_slide):
    folder = real_slide("dicom/variants/jpeg_zstack")
    served = archive.ingest("stack", folder, folder)
    page.goto(f"{served.path}?x=600&y=400&mpp=0.25&r=0")
    seen = {2: plane(page, 2)}

    page.keyboard.press(".")
    seen[3] = plane(page, 3)
    page.mouse.move(600, 400)
    page.keyboard.down("Alt")
    page.mouse.wheel(0, 100)
    plane(page, 2)
    page.mouse.wheel(0, 100)
    page.keyboard.up("Alt")
    seen[1] = plane(page, 1)

    dataset = pydicom.dcmread(folder / "level0.dcm")
    frames = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=90))
    for number, drawn in seen.items():
        # The tile in column 2, row 1 of 6 by 5: its top left is at 512, 256 of the slide.
        frame = imagecodecs.jpeg_decode(frames[(number - 1) * 30 + 8]).astype(int)
        assert abs(drawn[256:512, 512:768].astype(int) - frame).mean() < 3
    assert page.get_by_label("focal plane").get_by_role("slider").get_attribute("max") == "3"
    assert "plane=1" in page.url


def plane(page, number):
    page.wait_for_selector(f"{READY}[data-plane='{number}']")
    page.wait_for_function(
        "name => document.querySelector('.stage').dataset.sheet === name",
        arg=f"path 0 plane {number - 1}",
    )
    return canvas_pixels(page)


def test_channels_of_16_bits_are_windowed_and_blended(archive, page, real_slide):
    folder = real_slide("dicom/variants/fluo_2path_u16_jls")
    served = archive.ingest("fluorescence", folder, folder)
    page.goto(
        f"{served.path}?x=600&y=400&mpp=0.25&r=0&show=channels"
        "&ch=1_0000ff_100-3000_1+2_00ff00_50-2000_1.5"
    )
    page.wait_for_selector(f"{READY}[data-sheet*='00']")
    both = canvas_pixels(page).astype(float)

    dataset = pydicom.dcmread(folder / "level0.dcm")
    frames = list(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=60))
    first, second = (imagecodecs.jpegls_decode(frames[path * 30 + 8]) for path in (0, 1))
    blue = np.clip((first.astype(float) - 100) / 2900, 0, 1)
    green = np.clip((second.astype(float) - 50) / 1950, 0, 1) ** (1 / 1.5)
    expected = 255 * np.stack([0 * blue, green, blue], axis=2)
    assert abs(both[256:512, 512:768] - expected).max() <= 1
    page.get_by_role("checkbox", name="path 2").uncheck()
    page.wait_for_function("() => location.search.includes('_off')")
    page.wait_for_selector(f"{READY}:not([data-sheet*='2000'])")
    alone = canvas_pixels(page)
    assert alone[256:512, 512:768, 1].max() == 0
    assert abs(alone[256:512, 512:768, 2] - expected[..., 2]).max() <= 1


def test_windows_come_from_the_values(archive, page, real_slide):
    folder = real_slide("dicom/variants/fluo_2path_u16_jls")
    served = archive.slides.get("fluorescence") or archive.ingest("fluorescence", folder, folder)
    page.goto(f"{served.path}?x=600&y=400&mpp=0.25&r=0&show=channels")
    page.wait_for_selector(READY)

    drawn = canvas_pixels(page)

    # Light of 358 nm is shown blue, of 555 nm yellow: both windows are filled.
    assert drawn[..., 2].max() > 240
    assert drawn[..., 0].max() > 240
    low, high = (
        int(page.get_by_role("slider", name=name).first.input_value())
        for name in ("black at", "full at")
    )
    assert 0 <= low < high < 65535


def test_profiles_for_the_viewers_tests_are_those_of_the_script():
    written = json.loads(build_profile.TARGET.read_text())

    assert written == json.loads(build_profile.text())
