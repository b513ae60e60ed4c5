"""Customer lifetime value: predictions whose accuracy is checked once their window has passed.

The names of `__all__` are the public interface. Each is imported when it is first asked for, so that
`import clv` alone is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clv.core.window import Batch as Batch
    from clv.core.window import Window as Window
    from clv.core.window import WindowRequest as WindowRequest
    from clv.errors import ClvError as ClvError
    from clv.notebook.estimator import CLV as CLV
    from clv.operations.promote import promote as promote
    from clv.operations.reproduce import reproduce as reproduce
    from clv.operations.run import monitor as monitor
    from clv.operations.run import run as run
    from clv.prediction.accuracy import Accuracy as Accuracy
    from clv.prediction.accuracy import measure as measure
    from clv.prediction.btyd import PurchaseModel as PurchaseModel
    from clv.prediction.btyd import SpendModel as SpendModel
    from clv.prediction.btyd import fit_purchases as fit_purchases
    from clv.prediction.btyd import fit_spend as fit_spend
    from clv.prediction.champion import Champion as Champion
    from clv.prediction.clusters import Clusters as Clusters
    from clv.project.config import Config as Config
    from clv.project.config import read_config as read_config
    from clv.project.dbt import DbtProject as DbtProject
    from clv.project.home import Home as Home
    from clv.registry.card import ModelCard as ModelCard
    from clv.registry.store import Registry as Registry
    from clv.registry.verify import verify as verify
    from clv.training.train import train as train
    from clv.tuning.tune import tune as tune

__version__ = "0.1.0"

_MODULES = {
    "CLV": "clv.notebook.estimator",
    "Accuracy": "clv.prediction.accuracy",
    "Batch": "clv.core.window",
    "Champion": "clv.prediction.champion",
    "Clusters": "clv.prediction.clusters",
    "ClvError": "clv.errors",
    "Config": "clv.project.config",
    "DbtProject": "clv.project.dbt",
    "Home": "clv.project.home",
    "ModelCard": "clv.registry.card",
    "PurchaseModel": "clv.prediction.btyd",
    "Registry": "clv.registry.store",
    "SpendModel": "clv.prediction.btyd",
    "Window": "clv.core.window",
    "WindowRequest": "clv.core.window",
    "fit_purchases": "clv.prediction.btyd",
    "fit_spend": "clv.prediction.btyd",
    "measure": "clv.prediction.accuracy",
    "monitor": "clv.operations.run",
    "promote": "clv.operations.promote",
    "read_config": "clv.project.config",
    "reproduce": "clv.operations.reproduce",
    "run": "clv.operations.run",
    "train": "clv.training.train",
    "tune": "clv.tuning.tune",
    "verify": "clv.registry.verify",
}

__all__ = [*_MODULES, "__version__"]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module 'clv' has no attribute '{name}'")
    value = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names beside what is imported already."""
    return sorted({*globals(), *_MODULES})
