"""Untrusted images become pixels here, and only here.

A shipped data set row, a file of the user and an upload in the app all pass through `decode_image` and then
`fit_image`, so that the network sees the same picture whichever way it came in.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image

from den_core.config import TaskConfig
from den_core.errors import ImageError

MAX_BYTES = 20_000_000
"Largest encoded image that is read, in bytes."
MAX_PIXELS = 50_000_000
"Largest image that is decoded, in pixels; compared with the header before any pixel is touched."
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")

# What Pillow's parsers let escape on damaged files, beside its own UnidentifiedImageError (an OSError).
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    EOFError,
    ArithmeticError,
    AttributeError,
    RuntimeError,
    struct.error,
    zlib.error,
    MemoryError,
)
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode_image(source: bytes | str | Path | Image.Image | np.ndarray) -> Image.Image:
    """The picture in a file, in bytes or in an array, upright, with 8 bits per channel.

    Args:
        source: an encoded image (PNG, JPEG, WebP, GIF, BMP or TIFF) or the path of one; a PIL image; or a
            uint8 array (H, W), (H, W, 3) or (H, W, 4). Of an animation the first frame is taken.

    Returns:
        Mode RGB, or RGBA where the image has transparency. A new image: the caller's is left alone.

    Raises:
        ImageError: no image, a damaged one, one over MAX_BYTES or MAX_PIXELS, or pixels without a known range
            (32-bit integers, floats).

    16-bit grey values are divided by 257, so that 65,535 becomes 255; Pillow's own conversion may clip them.
    Colour profiles are not applied.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Image.Image):
        return _decode_frame(source)
    if isinstance(source, (str, Path)):
        source = _read_file(Path(source))
    if not isinstance(source, (bytes, bytearray, memoryview)):
        raise ImageError(
            "expected an image as bytes, a path, a PIL image or a uint8 array, "
            f"found {type(source).__name__}; convert it first"
        )
    _check_bytes(len(source))
    if not len(source):
        raise ImageError("expected an image, found no bytes at all; choose another file")
    try:
        opened = Image.open(io.BytesIO(source), formats=FORMATS)
    except _BOMB as error:
        raise ImageError(f"expected at most {MAX_PIXELS:,} pixels, found more ({error}); scale it down") from error
    except _DAMAGED as error:
        raise ImageError(
            f"expected an image ({', '.join(FORMATS)}), found {len(source):,} bytes that are none, "
            "or a badly damaged one; choose another file"
        ) from error
    with opened:
        return _decode_frame(opened)


def fit_image(image: Image.Image, task: TaskConfig) -> np.ndarray:
    """The picture as the task wants it: uint8, (size, size, 3).

    Transparency is flattened on the task's background, colour removed if it is a grey task, the longer side
    scaled to `content_size` (the other in proportion, at least one pixel) and the result centred on a square
    of the background. An image that has the right size already keeps its pixels bit for bit. Of a task with
    `crop_from` the shorter side becomes as long as that, and the square is cut out of the centre.
    """
    image = _flatten(image, task.background)
    if task.grayscale:
        image = image.convert("L")
    if task.crop_from:
        # cut first: scaled as a whole, a long and narrow image would need any amount of memory
        cut = min(image.size) * task.size / task.crop_from
        left, top = ((side - cut) / 2 for side in image.size)
        box = (left, top, left + cut, top + cut)
        width = height = task.size
        image = image.resize((width, height), Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    else:
        scale = task.content_size / max(image.size)
        width, height = (max(1, round(side * scale)) for side in image.size)
        if (width, height) != image.size:
            image = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    canvas = np.full((task.size, task.size, 3), task.background, np.uint8)
    top, left = (task.size - height) // 2, (task.size - width) // 2
    canvas[top : top + height, left : left + width] = pixels
    return canvas


def _check_bytes(count: int) -> None:
    if count > MAX_BYTES:
        raise ImageError(f"expected at most {MAX_BYTES:,} bytes, found {count:,}; save the image smaller")


def _check_pixels(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ImageError(f"expected at least one pixel, found {width} x {height}; choose another image")
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"expected at most {MAX_PIXELS:,} pixels, found {width} x {height} = {width * height:,}; scale it down"
        )


def _read_file(path: Path) -> bytes:
    """The bytes of a file, unless its size alone is too large."""
    try:
        _check_bytes(path.stat().st_size)
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ImageError(
            f"expected an image file at {path}, but it cannot be read: {reason}; check the path"
        ) from error


def _from_array(pixels: np.ndarray) -> Image.Image:
    if pixels.dtype != np.uint8:
        raise ImageError(f"expected an array of uint8, found {pixels.dtype}; scale to 0-255 and convert it")
    if not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))):
        raise ImageError(f"expected an array (H, W), (H, W, 3) or (H, W, 4), found shape {pixels.shape}; reshape it")
    _check_pixels(pixels.shape[1], pixels.shape[0])
    image = Image.fromarray(np.ascontiguousarray(pixels))
    return image.convert("RGB") if image.mode == "L" else image


def _decode_frame(image: Image.Image) -> Image.Image:
    """Size first, then pixels, then the right way up."""
    _check_pixels(*image.size)
    try:
        if getattr(image, "is_animated", False) and image.tell() != 0:
            image.seek(0)
        image.load()
        turn = _UPRIGHT.get(_orientation(image))
        decoded = _to_eight_bits(image)
        if turn is not None:
            decoded = decoded.transpose(turn)
    except _DAMAGED as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ImageError(f"expected a complete image, found a damaged one ({reason}); save it again") from error
    decoded.info = {}  # the orientation stands there as well: decoding once more must not turn it again
    return decoded


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8. A picture whose EXIF block cannot be parsed is taken as upright."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except _DAMAGED:
        return 1


def _to_eight_bits(image: Image.Image) -> Image.Image:
    """RGB, or RGBA where there is transparency. Always a new image."""
    if image.mode.startswith("I;16"):
        return _sixteen_bit_grey(image)
    if image.mode in ("I", "F"):
        raise ImageError(
            f"expected 8 or 16 bits per channel, found {image.mode}: 32-bit integers or floats "
            "of unknown range; save it with 8 or 16 bits"
        )
    if image.mode in ("La", "RGBa"):  # colours multiplied by alpha: divide first
        image = image.convert({"La": "LA", "RGBa": "RGBA"}[image.mode])
    mode = "RGBA" if image.has_transparency_data else "RGB"
    return image.copy() if image.mode == mode else image.convert(mode)


def _sixteen_bit_grey(image: Image.Image) -> Image.Image:
    values = np.asarray(image)
    grey = ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    see_through = image.info.get("transparency")
    if not isinstance(see_through, int):
        return Image.fromarray(grey).convert("RGB")
    alpha = np.where(values == see_through, 0, 255).astype(np.uint8)
    return Image.fromarray(np.stack([grey, grey, grey, alpha], axis=2))


def _flatten(image: Image.Image, background: int) -> Image.Image:
    if image.mode != "RGBA":
        return image.convert("RGB")
    under = Image.new("RGBA", image.size, (background, background, background, 255))
    under.alpha_composite(image)
    return under.convert("RGB")
