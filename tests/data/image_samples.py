"""Makes small images, and small data sets on disk, for the tests of `den_core.data`."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def encode(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    """An image as the bytes of a file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def solid(color: tuple[int, ...] | int, size: tuple[int, int] = (4, 4), mode: str = "RGB") -> Image.Image:
    return Image.new(mode, size, color)


def write_parquet(
    path: Path,
    images: list[bytes | None],
    labels: list,
    metadata: dict | None = None,
    names: tuple[str, str] = ("image", "label"),
    label_type: pa.DataType | None = None,
    further: dict[str, list] | None = None,
) -> None:
    """A table as the `datasets` library writes it; metadata values that are no text become JSON."""
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = [{"bytes": data, "path": f"image{i}.png"} for i, data in enumerate(images)]
    table = pa.table({names[0]: pa.array(rows, struct), names[1]: pa.array(labels, label_type)} | (further or {}))
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in (metadata or {}).items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata(texts), path)
