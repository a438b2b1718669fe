"""Does a slightly changed image get the same model? An image flipped, cropped, blurred, re-lit and partly covered.

The changes are made to the picture as the network sees it (`fit_image`, S × S pixels), so that their size has the
same meaning for a photo of 50 megapixels and for an icon, and the unchanged picture is bit for bit the network's input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageEnhance, ImageFilter

from den_core.data.images import decode_image, fit_image
from den_core.data.transforms import normalise
from den_core.seeding import step_generator
from den_core.structure_keys import structure_key

if TYPE_CHECKING:
    from den_core.analysis.inspection import ImageLike
    from den_core.inference.network import DeepElasticNetwork

KEPT_BY_CROP = 0.85
"Share of the picture's side that a crop keeps before it is enlarged again."
COVERED = 0.3
"Side of the covering patch, as a share of the picture's side."
GREY = 128
"Of the covering patch: one in the task's background would be invisible where there is background."
LIGHT = (1.3, 0.7)
"Factors on all pixel values for brighter and darker."
BLUR = (0.01, 0.02)
"Standard deviations of the blur, as shares of the picture's side."


@dataclass(frozen=True)
class Variant:
    """One changed picture: its name for people, the kind of change, and uint8 pixels (S, S, 3)."""

    name: str
    kind: str
    pixels: np.ndarray


@dataclass(frozen=True)
class Stability:
    """What changes in the choice when the image changes a little; V variants without the unchanged image."""

    variants: tuple[Variant, ...]
    frame: pd.DataFrame
    "Per variant: name, kind, structure (of an early answer, that would have run), early, class_name, confidence, kept "
    "(share of blocks that keep their level), distance (l2, of the model distributions), same_answer, total_macs."
    levels: np.ndarray
    "int64, (V, n)."
    blocks: pd.DataFrame
    "Per block: level (of the unchanged image), kept (share of variants that keep it), distance (mean l2)."
    structure: str
    "Of the unchanged image."
    class_name: str
    "Answer for the unchanged image."


def variants(pixels: np.ndarray, seed: int = 0, crops: int = 3, patches: int = 4) -> tuple[Variant, ...]:
    """Small changes that leave what is in the picture recognisable to people.

    Args:
        pixels: uint8, (S, S, 3).
        seed: of the places of crops and patches.
    """
    side = len(pixels)
    image = Image.fromarray(pixels)
    generator = step_generator(seed, "stability", 0)

    def places(count: int, length: int) -> list[tuple[int, int]]:
        return [tuple(place) for place in torch.randint(side - length + 1, (count, 2), generator=generator).tolist()]

    found = [Variant("Mirrored", "flip", np.ascontiguousarray(pixels[:, ::-1]))]
    length = max(round(KEPT_BY_CROP * side), 1)
    for i, (top, left) in enumerate(places(crops, length), start=1):
        part = image.crop((left, top, left + length, top + length)).resize((side, side), Image.Resampling.BICUBIC)
        found.append(Variant(f"Cropped {i}", "crop", np.asarray(part)))
    for name, share in zip(("Blurred a little", "Blurred more"), BLUR, strict=True):
        found.append(Variant(name, "blur", np.asarray(image.filter(ImageFilter.GaussianBlur(share * side)))))
    for name, factor in zip(("Brighter", "Darker"), LIGHT, strict=True):
        found.append(Variant(name, "light", np.asarray(ImageEnhance.Brightness(image).enhance(factor))))
    length = max(round(COVERED * side), 1)
    for i, (top, left) in enumerate(places(patches, length), start=1):
        covered = pixels.copy()
        covered[top : top + length, left : left + length] = GREY
        found.append(Variant(f"Covered {i}", "cover", covered))
    return tuple(found)


def compare_variants(
    net: DeepElasticNetwork, pixels: np.ndarray, task: str, changed: tuple[Variant, ...], cost_weight: float = 0.0
) -> Stability:
    """What the network chooses and answers for a picture and for changed forms of it, in one batch.

    Args:
        pixels: uint8, (S, S, 3), as `fit_image` makes it for the task.
    """
    config = net.task(task)
    batch = torch.from_numpy(np.stack([pixels, *(variant.pixels for variant in changed)])).to(net.device)
    x = normalise(batch, config)
    found = net.answer(x, task, cost_weight)
    assert found.look is not None  # a cost weight always looks
    confidence, answer = found.logits.float().softmax(1).cpu().max(1)
    C, z, early = found.look.distribution.float().cpu(), found.structure.cpu(), found.early.cpu()
    gap = (C[1:] - C[0]).double()
    same_level = (z[1:] == z[0]).double()
    frame = pd.DataFrame(
        {
            "name": [variant.name for variant in changed],
            "kind": [variant.kind for variant in changed],
            "structure": [structure_key(row) for row in z[1:]],
            "early": early[1:].tolist(),
            "class_name": [config.class_names[i] for i in answer[1:]],
            "confidence": confidence[1:].tolist(),
            "kept": same_level.mean(1).tolist(),
            "distance": gap.square().sum((1, 2)).sqrt().tolist(),
            "same_answer": (answer[1:] == answer[0]).tolist(),
            "total_macs": found.total_macs[1:].tolist(),
        }
    )
    blocks = pd.DataFrame(
        {
            "level": z[0].tolist(),
            "kept": same_level.mean(0).tolist(),
            "distance": gap.square().sum(2).sqrt().mean(0).tolist(),
        },
        index=pd.RangeIndex(net.num_blocks, name="block"),
    )
    return Stability(
        variants=changed,
        frame=frame,
        levels=z[1:].numpy(),
        blocks=blocks,
        structure=structure_key(z[0]),
        class_name=config.class_names[answer[0]],
    )


def stability(
    net: DeepElasticNetwork, image: ImageLike, task: str, seed: int = 0, cost_weight: float = 0.0
) -> Stability:
    """How much the choice and the answer for an image hold when the image changes a little.

    Args:
        image: anything that `decode_image` takes.
        seed: of the places of crops and patches.

    Raises:
        ImageError: the image cannot be read.
    """
    config = net.task(task)
    pixels = fit_image(decode_image(image), config)
    return compare_variants(net, pixels, task, variants(pixels, seed), cost_weight)
