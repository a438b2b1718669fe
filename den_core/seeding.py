"""Every random number of a run is a function of its seed, its purpose and the step: nothing to save."""

from __future__ import annotations

import zlib

import torch


def step_generator(seed: int, stream: str, step: int, rank: int = 0) -> torch.Generator:
    """A CPU generator for one purpose at one step.

    Streams do not disturb each other (drawing more of one kind leaves the others as they were), and a resumed run
    draws what the unbroken one would have drawn.

    Args:
        seed: of the run.
        stream: the purpose, such as "augment/emoji".
        step: counted over the whole run.
        rank: of the process; processes draw different images and structures.
    """
    generator = torch.Generator()
    generator.manual_seed(zlib.crc32(f"{seed}/{rank}/{stream}/{step}".encode()))
    return generator
