"""Parquet files in the Hugging Face image convention: the shipped sets, and users' own."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from den_core.data.sources.address import Address
from den_core.data.sources.base import SPLIT_NAMES, ImageSource, number_groups
from den_core.errors import DataError, ImageError

SHIPPED_FOLDER = Path(__file__).resolve().parents[3] / "assets" / "datasets"
"Where the sets named open:NAME lie: beside the package, in the repository."


def emoji_group(path: str) -> str:
    """The first code point of an emoji's name: every vendor draws it, in several tones, much the same."""
    return PurePosixPath(path).stem.split("-")[0]


def series_group(path: str) -> str:
    """Folder and name without a trailing number: cat_01 and cat_02 are one series."""
    name = PurePosixPath(path)
    stem = re.sub(r"[_\-. ]*\d*[_\-. ]*$", "", name.stem) or name.stem
    return f"{name.parent}/{stem}"


GROUPING: dict[str, Callable[[str], str]] = {"emoji": emoji_group, "clipart": series_group}
"How rows of a shipped set belong together; of all other sets each row stands alone."


def open_shipped(address: Address, split: str) -> ImageSource:
    """A set under assets/datasets of this repository."""
    name = address.where
    folder = SHIPPED_FOLDER / name
    if not re.fullmatch(r"[a-z0-9_]+", name) or not folder.is_dir():
        present = sorted(p.name for p in SHIPPED_FOLDER.glob("*") if p.is_dir())
        raise DataError(
            f"expected a shipped data set under {SHIPPED_FOLDER} (found {', '.join(present) or 'none'}), "
            f"not {name!r}; run from a full clone, installed with pip install -e ."
        )
    return _open(folder, split, address, GROUPING.get(name))


def open_parquet(address: Address, split: str) -> ImageSource:
    """FOLDER/train.parquet or shards FOLDER/train-00000-of-00002.parquet, ..., or the same in FOLDER/data."""
    return _open(Path(address.where).expanduser(), split, address, None)


def holds_parquet(folder: Path) -> bool:
    """Whether there is a Parquet file where `open_parquet` looks."""
    return any(path for place in (folder, folder / "data") for path in place.glob("*.parquet"))


def _open(folder: Path, split: str, address: Address, grouping: Callable[[str], str] | None) -> ImageSource:
    files = _find_files(folder, split)
    tables = _read(files)
    table = pa.concat_tables(tables)
    ends = np.cumsum([len(part) for part in tables])
    image_column, label_column = _columns(table.schema, files[0], address.label)
    _check_label_type(table[label_column], files[0], label_column)
    class_names, meaning = _classes(table, label_column, folder, split, chosen=bool(address.label))
    blobs, paths = _image_parts(table[image_column], files[0], image_column)
    ids = [path if path else f"{split}/{i}" for i, path in enumerate(paths)]

    def read(i: int) -> bytes:
        blob = blobs[i].as_py()
        if blob is None:
            raise ImageError("expected the image's bytes in the table, found none; embed them")
        return blob

    def place(i: int) -> str:
        shard = int(np.searchsorted(ends, i, side="right"))
        return f"{files[shard]}, row {i - int(ends[shard]) + len(tables[shard])} ({ids[i]})"

    return ImageSource(
        name=address.text,
        split=split,
        labels=_labels(table[label_column], meaning, place),
        class_names=class_names,
        ids=ids,
        groups=number_groups([grouping(i) for i in ids]) if grouping else np.arange(len(ids)),
        location=str(files[0] if len(files) == 1 else folder),
        read=read,
        digest=lambda: _digest(files, address.label),
        license=(table.schema.metadata or {}).get(b"license", b"").decode(),
        place=place,
    )


# ------------------------------------------------------------------ files


def _find_files(folder: Path, split: str) -> list[Path]:
    """The file, or all shards in order, of a split."""
    if not folder.is_dir():
        raise DataError(f"expected a folder with train.parquet and test.parquet at {folder}, found no folder")
    for place in (folder, folder / "data"):
        for name in SPLIT_NAMES[split]:
            if (place / f"{name}.parquet").is_file():
                return [place / f"{name}.parquet"]
            shards = sorted(place.glob(f"{name}-[0-9]*-of-[0-9]*.parquet"))
            if shards:
                return _complete(shards, name)
    found = sorted(p.name for p in folder.glob("*.parquet"))
    raise DataError(
        f"expected {split}.parquet or {split}-00000-of-00001.parquet in {folder}, "
        f"found {', '.join(found) or 'no Parquet file'}; add the missing file"
    )


def _complete(shards: list[Path], name: str) -> list[Path]:
    """The shards, or DataError if the number in their names says that one is missing."""
    width, total = shards[0].stem.rsplit("-of-", 1)[1], int(shards[0].stem.rsplit("-of-", 1)[1])
    expected = [f"{name}-{i:0{len(width)}d}-of-{width}.parquet" for i in range(total)]
    missing = sorted(set(expected) - {p.name for p in shards})
    if missing or len(shards) != total:
        raise DataError(
            f"expected {total} shards of {name} in {shards[0].parent}, found {len(shards)}; "
            f"missing: {', '.join(missing[:5]) or 'none, but there are shards of another set'}"
        )
    return shards


def _read(files: list[Path]) -> list[pa.Table]:
    """A table per file, with the same columns each."""
    tables = []
    for path in files:
        try:
            tables.append(pq.read_table(path, partitioning=None))
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"expected a Parquet file at {path}, found a broken one: {_line(error)}") from error
        if not tables[-1].schema.equals(tables[0].schema):
            raise DataError(f"expected the columns of {files[0].name} in {path} too, found others")
    if not any(len(table) for table in tables):
        raise DataError(f"expected at least one image in {files[0]}, found an empty table")
    return tables


def _digest(files: list[Path], label: str) -> str:
    """SHA-256 of the file, or of the shards' SHA-256 one after the other, and of a label column that was chosen."""
    digests = []
    for path in files:
        with path.open("rb") as stream:
            digests.append(hashlib.file_digest(stream, "sha256").hexdigest())
    if len(digests) == 1 and not label:
        return digests[0]
    return hashlib.sha256("".join([*digests, label]).encode()).hexdigest()


def _line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


# ------------------------------------------------------------------ columns


def _features(schema: pa.Schema, path: Path | str) -> dict[str, dict]:
    """Feature types that the `datasets` library keeps in the schema metadata; empty where there are none."""
    text = (schema.metadata or {}).get(b"huggingface")
    if text is None:
        return {}
    try:
        features = json.loads(text)["info"]["features"]
        return {name: kind for name, kind in features.items() if isinstance(kind, dict)}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path}: expected info.features in the metadata entry `huggingface`, found {text[:60]!r}"
        ) from error


def _columns(schema: pa.Schema, path: Path, label: str) -> tuple[str, str]:
    """Names of the image and the label column: `image` and `label`, else as the features say; `label` if given."""
    features = _features(schema, path)
    chosen = []
    for default, kind in (("image", "Image"), (label or "label", "ClassLabel")):
        typed = [name for name in schema.names if features.get(name, {}).get("_type") == kind]
        if default not in schema.names and (default == label or not typed):
            raise DataError(
                f"{path}: expected a column `{default}`, found {', '.join(schema.names)}; "
                f"{'choose' if default == label else 'rename'} a column"
            )
        chosen.append(default if default in schema.names else typed[0])
    return chosen[0], chosen[1]


def _image_parts(column: pa.ChunkedArray, path: Path, name: str) -> tuple[pa.ChunkedArray, list[str | None]]:
    """Encoded images, and their names where given."""
    kind = column.type
    if pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0:
        blobs = pc.struct_field(column, "bytes")
        if pa.types.is_binary(blobs.type) or pa.types.is_large_binary(blobs.type):
            if kind.get_field_index("path") < 0:
                return blobs, [None] * len(column)
            return blobs, pc.struct_field(column, "path").to_pylist()
    raise DataError(f"{path}: expected the column `{name}` as struct<bytes: binary, path: string>, found {kind}")


def _classes(
    table: pa.Table, label_column: str, folder: Path, split: str, chosen: bool
) -> tuple[tuple[str, ...], dict]:
    """Class names, and what a stored label means as an index into them.

    Names stand in the metadata entry `class_names` or in the label's feature type; stored labels are then
    indices or names. Where neither is given, the distinct labels of the training split are the classes. Of a column
    that was chosen, say `coarse_label`, the entry is `coarse_class_names`.
    """
    entry = f"{label_column.removesuffix('label')}class_names" if chosen else "class_names"
    text = (table.schema.metadata or {}).get(entry.encode())
    if text is not None:
        try:
            names = json.loads(text)
        except ValueError:
            names = None
    else:
        names = _features(table.schema, folder).get(label_column, {}).get("names")
        if names is None:
            labels = table[label_column] if split == "train" else _training_labels(folder, label_column)
            values = sorted(labels.drop_null().unique().to_pylist())
            return tuple(str(value) for value in values), {value: i for i, value in enumerate(values)}
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{folder}: expected a list of class names in the metadata, found {names or text!r}")
    return tuple(names), {name: i for i, name in enumerate(names)} | {i: i for i in range(len(names))}


def _training_labels(folder: Path, label_column: str) -> pa.ChunkedArray:
    """The label column of the training split: it decides the classes of a set that does not name them."""
    table = pa.concat_tables(_read(_find_files(folder, "train")))
    if label_column not in table.column_names:
        raise DataError(f"{folder}: expected a column `{label_column}` in the training split too, found none")
    return table[label_column]


def _labels(column: pa.ChunkedArray, meaning: dict, place: Callable[[int], str]) -> np.ndarray:
    """Indices into the class names, int64, (N,). `place` says where a row is."""
    values = column.to_pylist()
    labels = np.array([meaning.get(value, -1) for value in values], np.int64)
    wrong = np.flatnonzero(labels < 0)
    if len(wrong):
        raise DataError(
            f"{place(int(wrong[0]))}: expected labels of {len(set(meaning.values()))} classes, "
            f"found {values[wrong[0]]!r}; leave out images without a label"
        )
    return labels


def _check_label_type(column: pa.ChunkedArray, path: Path, name: str) -> None:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise DataError(f"{path}: expected the column `{name}` as integers or text, found {kind}")
