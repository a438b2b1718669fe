"""Deep elastic networks: one network that chooses, per image, how much of itself to use.

`den_core.load(folder)` gives a `DeepElasticNetwork`. Imported lazily, so that `import den_core` does not start torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from den_core.errors import DenError as DenError

if TYPE_CHECKING:
    from den_core.network import DeepElasticNetwork as DeepElasticNetwork
    from den_core.network import load as load

__all__ = ["DeepElasticNetwork", "DenError", "load"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in ("DeepElasticNetwork", "load"):
        from den_core import network

        return getattr(network, name)
    raise AttributeError(f"module 'den_core' has no attribute {name!r}")
