"""One image through many structures: what each of them says, how sure it is, and what it costs.

A structure that the selector chose needs the selector's MACs as well; one that is fixed beforehand does not.
Every frame holds both counts, so that whoever reads it can say which one is meant.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from den_core.analysis.inspection import network_input
from den_core.errors import ConfigError
from den_core.seeding import step_generator
from den_core.structure_keys import early_key, structure_key
from den_core.structures import parse_structure, random_structures

if TYPE_CHECKING:
    from torch import Tensor

    from den_core.analysis.inspection import ImageLike
    from den_core.inference.network import DeepElasticNetwork
    from den_core.models.static import Look

CHOSEN, LEVEL, RANDOM, WEIGHT = "chosen", "level", "random", "cost_weight"
"Kinds of structures that `candidates` lists."
NEEDS_SELECTOR = (CHOSEN, WEIGHT)
"Kinds that only exist because the selector looked at the image."
_BATCH = 64


def structures_along_weights(net: DeepElasticNetwork, C: Tensor) -> pd.DataFrame:
    """Every structure that one image gets as the cost weight goes from spending to saving.

    Per block the choice is the largest of h lines log C - w · MACs, so that the structure is constant between the
    weights at which two lines cross.

    Args:
        C: model distribution of the image, (n, h).

    Returns:
        One row per different structure, with rising weight: structure, low (the weight from which on it holds; -inf for
        the first), parameter (a weight inside its interval; 0 for the choice without a weight).
    """
    log_C = C.double().clamp_min(torch.finfo(torch.float32).tiny).log().numpy()
    macs = net.table.relative_macs.double().numpy()
    first, second = np.triu_indices(log_C.shape[1], 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = (log_C[:, second] - log_C[:, first]) / (macs[:, second] - macs[:, first])
    edges = np.unique(crossing[np.isfinite(crossing)])
    lows = np.concatenate([[-np.inf], edges])
    weights = np.concatenate([[edges[0] - 1], (edges[1:] + edges[:-1]) / 2, [edges[-1] + 1]]) if len(edges) else [0.0]
    own = structure_key(net.choose(C[None])[0])
    found: dict[str, dict] = {}
    for low, weight in zip(lows.tolist(), map(float, weights), strict=True):
        key = structure_key(net.choose(C[None], weight)[0])
        found.setdefault(key, {"structure": key, "low": low, "parameter": 0.0 if key == own else weight})
    # Where 0 itself is a crossing, rounding decides which of the two equal levels is taken.
    found.setdefault(own, {"structure": own, "low": 0.0, "parameter": 0.0})
    return pd.DataFrame(sorted(found.values(), key=lambda row: row["low"]))


def early_from(net: DeepElasticNetwork, look: Look, task: str) -> float:
    """The cost weight from which on the selector answers an image by itself; inf of a network that never does.

    Args:
        look: what the selector says of one image.
    """
    rule = net.early_rule
    if rule is None:
        return np.inf
    spare = rule.thresholds[task] - float(net.head_probability(look, task)[0])
    # threshold - fall · weight < probability
    return spare / rule.fall if rule.fall else np.copysign(np.inf, spare)


def candidates(net: DeepElasticNetwork, C: Tensor, randoms: int = 40, seed: int = 0) -> pd.DataFrame:
    """Structures worth trying on one image.

    Args:
        C: model distribution of the image, (n, h).
        randoms: how many structures to draw uniformly from all h^n.

    Returns:
        kind (CHOSEN, WEIGHT, LEVEL, RANDOM), parameter (cost weight or level, nan where there is none), low (of
        `structures_along_weights`, nan elsewhere), structure.
    """
    n, h = C.shape
    rows = [(CHOSEN, np.nan, np.nan, structure_key(net.choose(C[None])[0]))]
    rows += [(WEIGHT, row.parameter, row.low, row.structure) for row in structures_along_weights(net, C).itertuples()]
    rows += [(LEVEL, float(level), np.nan, str(level) * n) for level in range(h)]
    drawn = random_structures(randoms, n, h, step_generator(seed, "probing", 0))
    rows += [(RANDOM, np.nan, np.nan, structure_key(levels)) for levels in drawn]
    return pd.DataFrame(rows, columns=["kind", "parameter", "low", "structure"])


def probe(
    net: DeepElasticNetwork,
    image: ImageLike | Tensor,
    task: str,
    structures: Sequence[str],
    wanted: str | None = None,
) -> pd.DataFrame:
    """Run one image through structures, each different one once, all of them in a few batches.

    Args:
        image: anything that `net.preprocess` takes, bytes of an encoded image included; or what it made of one image.
        structures: keys, one digit per block.
        wanted: name of the class whose probability is asked for; None takes the class that the full model names.

    Returns:
        One row per structure, in the same order: structure, class_name (the answer), confidence (its probability),
        wanted, probability (of the wanted class), macs and params (int64, without the selector), total_macs and
        total_params (with it).

    Raises:
        ImageError: the image cannot be read.
        StructureError: a structure that does not fit the network.
        ConfigError: the task has no class of that name.
    """
    n, h = net.num_blocks, net.num_levels
    names = net.task(task).class_names
    if wanted is not None and wanted not in names:
        raise ConfigError(f"expected a class of task {task}, found {wanted!r}; it has {', '.join(names)}")
    different = {key: place for place, key in enumerate(dict.fromkeys([*structures, str(h - 1) * n]))}
    z = torch.cat([parse_structure(key, n, h) for key in different])
    x = network_input(net, image, task)
    parts = [net.classify(x.repeat(len(part), 1, 1, 1), task=task, structure=part) for part in z.split(_BATCH)]
    probabilities = torch.cat(parts).float().softmax(1).cpu()
    cost = net.cost(z, task=task)
    confidence, answer = probabilities.max(1)
    column = int(answer[different[str(h - 1) * n]]) if wanted is None else names.index(wanted)
    rows = [different[key] for key in structures]
    return pd.DataFrame(
        {
            "structure": list(structures),
            "class_name": [names[answer[row]] for row in rows],
            "confidence": confidence[rows].tolist(),
            "wanted": names[column],
            "probability": probabilities[rows, column].tolist(),
            "macs": cost.macs[rows].numpy(),
            "params": cost.params[rows].numpy(),
            "total_macs": cost.total_macs[rows].numpy(),
            "total_params": cost.total_params[rows].numpy(),
        }
    )


def probe_candidates(
    net: DeepElasticNetwork,
    image: ImageLike | Tensor,
    task: str,
    wanted: str | None = None,
    randoms: int = 40,
    seed: int = 0,
) -> pd.DataFrame:
    """The structures of `candidates`, tried on one image.

    Returns:
        What `probe` returns, with kind, parameter and low in front, and needed_macs: those of the structure, with
        the selector's for kinds in NEEDS_SELECTOR. Where the selector answers by itself, the row of CHOSEN is that
        answer, and those of WEIGHT end with it: its structure is `structure_keys.early_key`, its macs are 0.

    Raises:
        As `probe`.
    """
    look = net.look(network_input(net, image, task), task)
    listed = candidates(net, look.distribution[0].cpu(), randoms, seed)
    tried = probe(net, image, task, listed["structure"].tolist(), wanted)
    found = pd.concat([listed[["kind", "parameter", "low"]], tried], axis=1)
    start = early_from(net, look, task)
    if np.isfinite(start) or start < 0:
        found = _with_early(found, _early_row(net, look, task, tried["wanted"].iat[0]), start)
    found["needed_macs"] = found["macs"].where(~found["kind"].isin(NEEDS_SELECTOR), found["total_macs"])
    return found


def _early_row(net: DeepElasticNetwork, look: Look, task: str, wanted: str) -> dict[str, object]:
    """What the selector says by itself, in the columns of `probe`."""
    assert look.class_logits is not None  # or it could not answer
    names, probabilities = net.task(task).class_names, look.class_logits[0].float().softmax(0).cpu()
    answer = int(probabilities.argmax())
    return {
        "structure": early_key(net.num_blocks),
        "class_name": names[answer],
        "confidence": float(probabilities[answer]),
        "wanted": wanted,
        "probability": float(probabilities[names.index(wanted)]),
        "macs": 0,
        "params": 0,
        "total_macs": net.table.selector_macs[task],
        "total_params": net.table.selector_params[task],
    }


def _with_early(found: pd.DataFrame, row: dict[str, object], start: float) -> pd.DataFrame:
    """The early answer in place of the structures that the estimator would run from that cost weight on."""
    gone = (found["kind"] == WEIGHT) & (found["low"] >= start)
    kept = found[~gone & ~((found["kind"] == CHOSEN) & (start < 0))]
    late = (kept["kind"] == WEIGHT) & (kept["parameter"] >= start)
    inside = np.where(np.isfinite(kept["low"]), (kept["low"] + start) / 2, start - 1)
    kept = kept.assign(parameter=kept["parameter"].where(~late, inside))
    rows = [{"kind": WEIGHT, "parameter": max(start, 0.0) if start < 0 else start + 1, "low": start} | row]
    rows += [{"kind": CHOSEN, "parameter": np.nan, "low": np.nan} | row] if start < 0 else []
    return pd.concat([kept, pd.DataFrame(rows)], ignore_index=True)


def standing(tried: pd.DataFrame, cost: str = "needed_macs") -> dict[str, float]:
    """How the network's own choice stands among the structures that were tried on the image.

    Args:
        tried: what `probe_candidates` returned.
        cost: column with the MACs to compare by.

    Returns:
        tried: different structures. affordable: those that cost no more than the choice, itself included. rank: its
        place among these by probability, 1 the best; equals share the better place. regret: probability that the best
        of them has more than the choice, a fraction >= 0.
    """
    own = tried[tried["kind"] == CHOSEN].iloc[0]
    # A structure can be listed twice; its cheapest form counts, and for the choice its own.
    others = tried[tried["structure"] != own["structure"]].sort_values(cost).drop_duplicates("structure")
    rivals = others[others[cost] <= own[cost]]
    better = rivals["probability"] > own["probability"]
    best = max(float(rivals["probability"].max()) if len(rivals) else 0.0, float(own["probability"]))
    return {
        "tried": len(others) + 1,
        "affordable": len(rivals) + 1,
        "rank": int(better.sum()) + 1,
        "regret": best - float(own["probability"]),
    }
