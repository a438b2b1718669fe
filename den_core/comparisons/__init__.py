"""Methods that deep elastic networks are compared with: a file each, and a line of this table.

den.py           this project's network, with and without early answers, and the paper's plain form
plain.py         networks that always run in full: separate, shared, narrow, wide
nestednet.py     a level per task                        packnet.py     the same, one task after the other
blockdrop.py     blocks in full or not at all            blind.py       a selector that cannot look
n2n.py           a small student found by a policy       cross_stitch.py a network per task, mixed after every stage
routing.py       modules picked by a router per task     pruning.py      the least important channels taken away
pretrained.py    a pretrained network as it is, or on smaller images
"""

from __future__ import annotations

from den_core.comparisons.blind import BLIND
from den_core.comparisons.blockdrop import BLOCKDROP
from den_core.comparisons.cross_stitch import CROSS_STITCH
from den_core.comparisons.den import DEN, DEN_LATE, DEN_PLAIN
from den_core.comparisons.method import Method
from den_core.comparisons.n2n import N2N
from den_core.comparisons.nestednet import NESTEDNET
from den_core.comparisons.packnet import PACKNET
from den_core.comparisons.plain import SEPARATE, SEPARATE_NARROW, SHARED, SHARED_NARROW, SHARED_WIDE
from den_core.comparisons.pretrained import PROBE, SHARED_SMALL
from den_core.comparisons.pruning import PRUNING
from den_core.comparisons.routing import ROUTING

METHODS: dict[str, Method] = {
    "den": DEN,
    "den-late": DEN_LATE,
    "den-plain": DEN_PLAIN,
    "separate": SEPARATE,
    "separate-narrow": SEPARATE_NARROW,
    "shared": SHARED,
    "shared-narrow": SHARED_NARROW,
    "shared-wide": SHARED_WIDE,
    "blind": BLIND,
    "nestednet": NESTEDNET,
    "packnet": PACKNET,
    "blockdrop": BLOCKDROP,
    "cross-stitch": CROSS_STITCH,
    "n2n": N2N,
    "routing": ROUTING,
    "pruning": PRUNING,
    "probe": PROBE,
    "shared-small": SHARED_SMALL,
}
"By the name that `den compare` takes."
