"""Deep elastic networks: one network that chooses, per image, how much of itself to use.

`den_core.load(folder)` gives a `DeepElasticNetwork`, `den_core.Predictor.load(folder)` a service. Imported lazily, so
that `import den_core` does not start torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from den_core.errors import DenError as DenError

if TYPE_CHECKING:
    from den_core.inference.network import DeepElasticNetwork as DeepElasticNetwork
    from den_core.inference.network import load as load
    from den_core.inference.predictor import Predictor as Predictor

__all__ = ["DeepElasticNetwork", "DenError", "Predictor", "load"]
__version__ = "0.1.0"

_MODULES = {"DeepElasticNetwork": "network", "load": "network", "Predictor": "predictor"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return getattr(importlib.import_module(f"den_core.inference.{_MODULES[name]}"), name)
    raise AttributeError(f"module 'den_core' has no attribute {name!r}")
