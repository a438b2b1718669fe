"""Untrusted images: a right answer, or an ImageError of one line."""

import dataclasses
import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from image_samples import encode, solid
from PIL import Image

from den_core.config import TaskConfig
from den_core.data import images
from den_core.data.images import MAX_BYTES, MAX_PIXELS, decode_image, fit_image
from den_core.data.tasks import FASHION, PUBLISHED
from den_core.errors import ConfigError, ImageError

FORMATS = ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"]


def pixel(image: Image.Image, xy: tuple[int, int] = (0, 0)) -> tuple[int, ...]:
    return image.getpixel(xy)


def assert_refused(source, match: str) -> None:
    """An ImageError that says `match`, in one line."""
    with pytest.raises(ImageError, match=match) as caught:
        decode_image(source)
    assert "\n" not in str(caught.value)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises so many pixels and holds none."""
    ihdr = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", ihdr) + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")


# ------------------------------------------------------------------ refused


@pytest.mark.parametrize(
    "data", [b"hello, this is text", b"\x00" * 500, b"%PDF-1.7", b"<svg xmlns='x'/>", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_image_is_refused(data):
    assert_refused(data, "found .* bytes that are none")


def test_zero_bytes_are_refused():
    assert_refused(b"", "no bytes at all")


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_image_is_refused(kind, photo):
    data = encode(photo, kind, **({"lossless": True} if kind == "WEBP" else {}))

    assert_refused(data[: len(data) // 2], "damaged")


def test_over_20_megabytes_is_refused_before_decoding(tmp_path, monkeypatch):
    monkeypatch.setattr(images.Image, "open", lambda *_, **__: pytest.fail("was opened"))
    path = tmp_path / "big.png"
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)

    assert_refused(b"\x89PNG" + bytes(MAX_BYTES), "at most 20,000,000 bytes")
    assert_refused(path, "at most 20,000,000 bytes")


@pytest.mark.parametrize("size", [(10_000, 5_001), (50_000_001, 1), (15_000, 15_000), (100_000, 100_000)])
def test_over_50_megapixels_is_refused_by_its_header(size, monkeypatch):
    monkeypatch.setattr(images.Image.Image, "load", lambda *_: pytest.fail("was decoded"))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        assert_refused(png_header(*size), "at most 50,000,000 pixels")


def test_50_megapixels_pass_the_header_check():
    assert_refused(png_header(MAX_PIXELS // 5000, 5000), "damaged")  # large enough is fine, but empty is not


def test_missing_file_and_folder_are_refused(tmp_path):
    assert_refused(tmp_path / "none.png", "none.png.*No such file")
    assert_refused(tmp_path, "directory")
    assert_refused("a\x00b.png", "check the path")


def test_formats_that_are_not_listed_are_refused():
    assert_refused(encode(solid(1), "PPM"), "bytes that are none")


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pixels_without_a_known_range_are_refused(mode):
    assert_refused(encode(Image.new(mode, (4, 4), 3), "TIFF"), "8 or 16 bits")


@pytest.mark.parametrize(
    "array",
    [np.zeros((4, 4)), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8), np.zeros((0, 4), np.uint8)],
)
def test_arrays_of_another_kind_are_refused(array):
    assert_refused(array, "expected")


def test_other_types_are_refused():
    assert_refused(None, "NoneType")


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(FORMATS), data=st.data())
def test_damaged_bytes_never_raise_anything_else(kind, data):
    """Any change to a valid file gives an image or an ImageError, nothing else."""
    y, x = np.mgrid[0:12, 0:20]
    picture = Image.fromarray(np.stack([x * 12, y * 20, x + y], axis=2).astype(np.uint8))
    damaged = bytearray(encode(picture, kind))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    damaged = damaged[: data.draw(st.integers(1, len(damaged)))]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            image = decode_image(bytes(damaged))
        except ImageError as error:
            assert "\n" not in str(error)
        else:
            assert image.mode in ("RGB", "RGBA")


# ------------------------------------------------------------------ read right


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_plain_image_keeps_its_pixels(kind, photo, tmp_path):
    path = tmp_path / f"photo.{kind.lower()}"
    path.write_bytes(encode(photo, kind))

    for source in (path, str(path), path.read_bytes(), photo, np.asarray(photo)):
        assert np.array_equal(np.asarray(decode_image(source)), np.asarray(photo))


def test_callers_image_is_left_alone(photo):
    decoded = decode_image(photo)
    decoded.putpixel((0, 0), (9, 9, 9))

    assert pixel(photo) == (0, 0, 0)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation_is_taken(kind):
    frames = [solid((255, 0, 0)), solid((0, 255, 0)), solid((0, 0, 255))]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options)
    later = Image.open(io.BytesIO(data))
    assert later.n_frames == 3
    later.seek(2)

    assert pixel(decode_image(data))[:3] == (255, 0, 0)
    assert pixel(decode_image(later))[:3] == (255, 0, 0)


@pytest.mark.parametrize("background", [0, 128, 255])
def test_alpha_is_flattened_on_the_tasks_background(background, white_task):
    half_black = solid((0, 0, 0, 128), mode="RGBA")
    task = TaskConfig(
        name="toy", source="digits", size=16, content_size=16, class_names=("a", "b"), background=background
    )

    assert fit_image(decode_image(encode(half_black)), task)[8, 8] == pytest.approx(background * 127 / 255, abs=1)
    assert (fit_image(decode_image(encode(solid((7, 7, 7, 0), mode="RGBA"))), task) == background).all()


@pytest.mark.parametrize(("mode", "color"), [("LA", (200, 0)), ("PA", (3, 0)), ("RGBa", (0, 0, 0, 0)), ("La", (0, 0))])
def test_other_modes_with_alpha_stay_transparent(mode, color):
    decoded = decode_image(Image.new(mode, (4, 4), color))

    assert decoded.mode == "RGBA" and pixel(decoded)[3] == 0


def test_cmyk_jpeg_keeps_its_colours():
    cmyk = solid((250, 40, 30)).convert("CMYK")

    assert pixel(decode_image(encode(cmyk, "JPEG", quality=95))) == pytest.approx((250, 40, 30), abs=6)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind):
    values = np.array([[0, 257, 32896], [65535, 1000, 60000]], np.uint16)

    decoded = np.asarray(decode_image(encode(Image.fromarray(values), kind)))

    assert decoded[..., 0].tolist() == [[0, 1, 128], [255, 4, 233]]
    assert (decoded[..., 0] == decoded[..., 1]).all() and (decoded[..., 0] == decoded[..., 2]).all()


def test_16_bit_colour_png_is_scaled():
    rows = b"".join(b"\x00" + struct.pack(">3H", 0, 32896, 65535) * 2 for _ in range(2))
    header = struct.pack(">IIBBBBB", 2, 2, 16, 2, 0, 0, 0)
    chunks = {b"IHDR": header, b"IDAT": zlib.compress(rows), b"IEND": b""}
    data = b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(kind, body) for kind, body in chunks.items())

    assert pixel(decode_image(data)) == (0, 128, 255)


def test_transparent_value_of_a_16_bit_png_stays_transparent():
    image = Image.fromarray(np.array([[500, 65535]], np.uint16))

    decoded = decode_image(encode(image, transparency=500))

    assert [pixel(decoded, (0, 0))[3], pixel(decoded, (1, 0))[3]] == [0, 255]


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone_once(orientation, kind, photo):
    """Stored turned and marked so, it comes back upright, and stays so when decoded again."""
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = photo.transpose(turn[orientation]) if orientation in turn else photo
    exif = Image.Exif()
    exif[0x0112] = orientation

    options = {"lossless": True} if kind == "WEBP" else {}

    decoded = decode_image(encode(stored, kind, exif=exif, **options))

    assert np.array_equal(np.asarray(decoded), np.asarray(photo))
    assert np.array_equal(np.asarray(decode_image(decoded)), np.asarray(photo))


def test_broken_exif_block_does_not_hide_the_picture(photo):
    decoded = decode_image(encode(photo, "JPEG", exif=b"Exif\x00\x00garbage that is no TIFF header"))

    assert decoded.size == photo.size


def test_palette_with_transparency():
    image = Image.new("P", (4, 4), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((0, 0), 0)

    decoded = decode_image(encode(image, transparency=0))

    assert pixel(decoded)[3] == 0
    assert pixel(decoded, (1, 0)) == (0, 255, 0, 255)


def test_palette_without_transparency_is_rgb():
    image = Image.new("P", (2, 2), 0)
    image.putpalette([10, 20, 30])

    assert decode_image(encode(image)).mode == "RGB"
    assert pixel(decode_image(encode(image))) == (10, 20, 30)


def test_1_bit_image():
    image = Image.new("1", (2, 1))
    image.putpixel((1, 0), 1)

    assert np.asarray(decode_image(encode(image))).tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_arrays_grey_and_with_alpha():
    assert pixel(decode_image(np.full((3, 5), 77, np.uint8))) == (77, 77, 77)
    assert pixel(decode_image(np.full((3, 5, 4), 77, np.uint8))) == (77, 77, 77, 77)
    assert decode_image(np.zeros((3, 5), np.uint8)).size == (5, 3)


# ------------------------------------------------------------------ fitted


def test_one_pixel_fills_the_square(white_task):
    fitted = fit_image(decode_image(encode(solid((1, 2, 3), (1, 1)))), white_task)

    assert fitted.shape == (16, 16, 3) and (fitted == [1, 2, 3]).all()


@pytest.mark.parametrize("size", [(1, 4000), (4000, 1), (7, 5), (333, 1000)])
def test_shape_is_kept_and_the_rest_is_background(size, white_task):
    fitted = fit_image(decode_image(solid(0, size, "L")), white_task)

    drawn = (fitted[..., 0] < 255).any(axis=0).sum(), (fitted[..., 0] < 255).any(axis=1).sum()
    assert max(drawn) == 16
    assert min(drawn) == max(1, round(16 * min(size) / max(size)))


def test_fitting_centres(white_task):
    fitted = fit_image(decode_image(solid((0, 0, 0), (16, 8))), white_task)

    assert np.flatnonzero((fitted == 0).any(axis=(1, 2))).tolist() == list(range(4, 12))


def test_image_of_the_right_size_keeps_its_pixels(white_task):
    pixels = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)

    assert np.array_equal(fit_image(decode_image(pixels), white_task), pixels)


def test_28_pixel_fashion_image_lies_unchanged_in_the_centre():
    pixels = np.arange(28 * 28, dtype=np.uint32).astype(np.uint8).reshape(28, 28)

    fitted = fit_image(decode_image(encode(Image.fromarray(pixels), "WEBP", lossless=True)), FASHION)

    assert fitted.shape == (32, 32, 3)
    assert all(np.array_equal(fitted[2:30, 2:30, c], pixels) for c in range(3))
    fitted[2:30, 2:30] = 0
    assert not fitted.any()


def test_grey_task_removes_colour(photo):
    fitted = fit_image(decode_image(photo), FASHION)

    assert (fitted[..., 0] == fitted[..., 1]).all() and (fitted[..., 0] == fitted[..., 2]).all()


@pytest.mark.parametrize("size", [(300, 200), (200, 300), (4000, 20)])
def test_a_task_may_cut_the_square_out_of_the_centre(size, white_task):
    """As scaling the shorter side and cutting does, without an image of the whole scaled width."""
    task = dataclasses.replace(white_task, size=28, content_size=28, crop_from=32)
    ramp = np.linspace(0, 255, size[0], dtype=np.uint8)[None, :, None] * np.ones((size[1], 1, 3), np.uint8)
    image = Image.fromarray(ramp.astype(np.uint8))

    found = fit_image(image, task)

    scaled = tuple(max(1, round(side * 32 / min(size))) for side in size)
    left, top = ((side - 28) // 2 for side in scaled)
    whole = np.asarray(image.resize(scaled, Image.Resampling.LANCZOS))
    assert found.shape == (28, 28, 3)
    assert np.abs(found.astype(int) - whole[top : top + 28, left : left + 28].astype(int)).max() <= 4


def test_mini_imagenet_is_cut_as_the_paper_does():
    assert (PUBLISHED["m2_224_0"].crop_from, PUBLISHED["m2_84_0"].crop_from) == (256, 96)
    assert PUBLISHED["stl10"].crop_from == 0


def test_a_square_cannot_be_cut_out_of_less(white_task):
    with pytest.raises(ConfigError, match="expected crop_from 0 or at least size=16, found 9"):
        dataclasses.replace(white_task, crop_from=9)
