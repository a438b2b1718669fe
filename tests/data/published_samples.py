"""Writes small sets in the formats in which CIFAR, STL-10 and Tiny-ImageNet are published.

torchvision opens only files whose MD5 is the published one. `publish` puts the MD5s of the small files in their place:
that is all the tests change of torchvision.
"""

import hashlib
import struct
from pathlib import Path

import numpy as np
from image_samples import encode
from PIL import Image


class Python2Pickle:
    """What Python 2's cPickle wrote at protocol 2: CIFAR's files are such. Text is bytes, every object is noted."""

    def __init__(self):
        self.notes = 0

    def dumps(self, value) -> bytes:
        return b"\x80\x02" + self.item(value) + b"."

    def note(self) -> bytes:
        self.notes += 1
        return b"q" + bytes([self.notes]) if self.notes < 256 else b"r" + struct.pack("<I", self.notes)

    def item(self, value) -> bytes:
        if isinstance(value, dict):
            inside = b"".join(self.item(part) for pair in value.items() for part in pair)
            return b"}" + self.note() + b"(" + inside + b"u"
        if isinstance(value, list):
            start = b"]" + self.note()
            thousands = [value[i : i + 1000] for i in range(0, len(value), 1000)]
            return start + b"".join(b"(" + b"".join(map(self.item, part)) + b"e" for part in thousands)
        if isinstance(value, np.ndarray):
            return self.array(value)
        if isinstance(value, int):
            return self.integer(value)
        return self.text(value.encode())

    def text(self, value: bytes) -> bytes:
        length = b"U" + bytes([len(value)]) if len(value) < 256 else b"T" + struct.pack("<I", len(value))
        return length + value + self.note()

    @staticmethod
    def integer(value: int) -> bytes:
        if 0 <= value < 256:
            return b"K" + bytes([value])
        return b"M" + struct.pack("<H", value) if 0 <= value < 65536 else b"J" + struct.pack("<i", value)

    def array(self, pixels: np.ndarray) -> bytes:
        """uint8, two-dimensional."""
        rows, columns = map(self.integer, pixels.shape)
        return b"".join(
            [
                b"cnumpy.core.multiarray\n_reconstruct\n", self.note(), b"cnumpy\nndarray\n", self.note(),
                b"K\x00\x85", self.note(), self.text(b"b"), b"\x87", self.note(), b"R", self.note(),
                b"(K\x01", rows, columns, b"\x86", self.note(),
                b"cnumpy\ndtype\n", self.note(), self.text(b"u1"), b"K\x00K\x01\x87", self.note(), b"R", self.note(),
                b"(K\x03", self.text(b"|"), b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t", self.note(), b"b",
                b"\x89", self.text(pixels.tobytes()), b"t", self.note(), b"b",
            ]
        )  # fmt: skip


def pickled(value) -> bytes:
    return Python2Pickle().dumps(value)


CIFAR10_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
STL10_CLASSES = ["airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck"]


def pictures(count: int, side: int, seed: int) -> np.ndarray:
    """uint8, (count, side, side, 3); no two pixels are expected to agree."""
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), np.uint8)


def cifar_rows(images: np.ndarray) -> np.ndarray:
    """(N, 32, 32, 3) as CIFAR stores it, (N, 3072): all red values row by row, then green, then blue."""
    return np.concatenate([images[..., channel].reshape(len(images), -1) for channel in range(3)], axis=1)


def write_cifar10(folder: Path, per_batch: int = 3, label_of_last: int | None = None) -> dict:
    """cifar-10-batches-py in `folder`. Returns split -> (images, labels)."""
    place, made = folder / "cifar-10-batches-py", {}
    place.mkdir(parents=True)
    for batch, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        images = pictures(per_batch, 32, seed=batch)
        labels = [(batch * per_batch + i) % 10 for i in range(per_batch)]
        if label_of_last is not None:
            labels[-1] = label_of_last
        contents = {
            "batch_label": "testing batch 1 of 1" if name == "test_batch" else f"training batch {batch + 1} of 5",
            "labels": labels,
            "data": cifar_rows(images),
            "filenames": [f"picture_s_{i:06d}.png" for i in range(per_batch)],
        }
        (place / name).write_bytes(pickled(contents))
        before = made.get(name[:4], (images[:0], []))
        made[name[:4]] = (np.concatenate([before[0], images]), before[1] + labels)
    meta = {"num_cases_per_batch": per_batch, "label_names": CIFAR10_CLASSES, "num_vis": 3072}
    (place / "batches.meta").write_bytes(pickled(meta))
    return {"train": made["data"], "test": made["test"]}


def write_cifar100(folder: Path, counts: tuple[int, int] = (7, 4), coarse_labels_left_out: int = 0) -> dict:
    """cifar-100-python in `folder`. Returns split -> (images, fine labels, coarse labels)."""
    place, made = folder / "cifar-100-python", {}
    place.mkdir(parents=True)
    for seed, (split, count) in enumerate(zip(("train", "test"), counts, strict=True)):
        images = pictures(count, 32, seed=10 + seed)
        fine, coarse = [13 * i % 100 for i in range(count)], [(7 * i + seed) % 20 for i in range(count)]
        contents = {
            "filenames": [f"picture_s_{i:06d}.png" for i in range(count)],
            "batch_label": f"{split}ing batch 1 of 1",
            "fine_labels": fine,
            "coarse_labels": coarse[: count - coarse_labels_left_out],
            "data": cifar_rows(images),
        }
        (place / split).write_bytes(pickled(contents))
        made[split] = (images, fine, coarse)
    meta = {
        "fine_label_names": [f"fine {i}" for i in range(100)],
        "coarse_label_names": [f"coarse {i}" for i in range(20)],
    }
    (place / "meta").write_bytes(pickled(meta))
    return made


def write_stl10(folder: Path, counts: tuple[int, int] = (4, 3)) -> dict:
    """stl10_binary in `folder`, without the images that have no labels. Returns split -> (images, labels)."""
    place, made = folder / "stl10_binary", {}
    place.mkdir(parents=True)
    for seed, (split, count) in enumerate(zip(("train", "test"), counts, strict=True)):
        images = pictures(count, 96, seed=20 + seed)
        labels = [(3 * i + seed) % 10 for i in range(count)]
        with (place / f"{split}_X.bin").open("wb") as stream:  # image, colour, column, row
            for image in images:
                for channel in range(3):
                    for column in range(96):
                        stream.write(image[:, column, channel].tobytes())
        (place / f"{split}_y.bin").write_bytes(bytes(label + 1 for label in labels))
        made[split] = (images, labels)
    (place / "class_names.txt").write_text("\n".join(STL10_CLASSES) + "\n")
    return made


def write_tiny_imagenet(folder: Path, per_class: int = 2) -> dict:
    """tiny-imagenet-200 in `folder`, with three classes. Returns split -> {file: (wnid, first pixel)}."""
    place = folder / "tiny-imagenet-200"
    made: dict = {"train": {}, "test": {}}
    words = {"n02124075": "Egyptian cat", "n01443537": "goldfish, Carassius auratus", "n03126707": "crane"}
    place.mkdir(parents=True)
    (place / "wnids.txt").write_text("".join(f"{wnid}\n" for wnid in words))
    others = "n00001740\tentity\nn02012849\tcrane\n"
    (place / "words.txt").write_text(others + "".join(f"{wnid}\t{name}\n" for wnid, name in words.items()))
    boxes, number = [], 0
    for wnid in words:
        for split, path in [("train", f"train/{wnid}/images/{wnid}_{i}.JPEG") for i in range(per_class)] + [
            ("test", f"val/images/val_{number}.JPEG")
        ]:
            shade = 40 * number + 20 * (split == "test") + 3 * len(made["train"])
            target = place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(encode(Image.new("RGB", (64, 64), (shade, shade, shade)), "JPEG"))
            made[split][path] = (wnid, shade)
        boxes.append(f"val_{number}.JPEG\t{wnid}\t0\t32\t44\t62\n")
        (place / "train" / wnid / f"{wnid}_boxes.txt").write_text(f"{wnid}_0.JPEG\t0\t10\t63\t58\n")
        number += 1
    (place / "val" / "val_annotations.txt").write_text("".join(boxes))
    (place / "test" / "images").mkdir(parents=True)
    return made


def publish(monkeypatch, kind: type, folder: Path) -> None:
    """Let the files in `folder` count as the published ones of a class of torchvision."""

    def md5(name: str) -> str:
        return hashlib.md5((folder / name).read_bytes()).hexdigest()

    for table in ("train_list", "test_list"):
        entries = [[name, md5(name)] if (folder / name).exists() else [name, old] for name, old in getattr(kind, table)]
        monkeypatch.setattr(kind, table, entries)
    if hasattr(kind, "meta"):
        monkeypatch.setattr(kind, "meta", kind.meta | {"md5": md5(kind.meta["filename"])})
