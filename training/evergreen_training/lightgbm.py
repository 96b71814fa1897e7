"""LightGBM, and its trees as an ONNX node.

Source: Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree, NIPS 2017.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import JobError
from .threads import FEW_CELLS
from .tree_ensemble import TreeEnsemble


def build_lightgbm(name: str) -> Callable[[dict[str, Any], int], Any]:
    """Builder of one of LightGBM's scikit-learn estimators, deterministic for a seed."""

    def build(settings: dict[str, Any], seed: int) -> Any:
        # Loading it takes half a second, which only its models pay.
        import lightgbm

        class Estimator(getattr(lightgbm, name)):  # type: ignore[misc]
            """With scikit-learn's kind of error."""

            def fit(self, X: np.ndarray, y: np.ndarray) -> Any:
                # It has threads of its own, beside those that threads.py limits.
                if X.size < FEW_CELLS:
                    self.set_params(n_jobs=1)
                try:
                    return super().fit(X, y)
                except lightgbm.basic.LightGBMError as error:
                    raise ValueError(str(error)) from error

        Estimator.__name__ = name
        return Estimator(random_state=seed, deterministic=True, force_row_wise=True, verbosity=-1, **settings)

    return build


def read_lightgbm(estimator: Any) -> TreeEnsemble:
    """Read a fitted LightGBM estimator; its answer is the raw prediction, before any link function."""
    dump = estimator.booster_.dump_model()
    targets = dump["num_tree_per_iteration"]
    ensemble = TreeEnsemble(targets, np.zeros(targets))
    for position, tree in enumerate(dump["tree_info"]):
        _add_tree(ensemble, tree["tree_structure"], position % targets)
    return ensemble


def _add_tree(ensemble: TreeEnsemble, root: dict[str, Any], target: int) -> None:
    nodes = [root]
    left, right = [0], [0]
    for position, node in enumerate(nodes):
        if "split_index" not in node:
            continue
        if node["decision_type"] != "<=":
            raise JobError(f"lightgbm split on {node['decision_type']}, which is not written; report this")
        for side, children in (("left_child", left), ("right_child", right)):
            children[position] = len(nodes)
            nodes.append(node[side])
            left.append(0)
            right.append(0)
    # Breadth first: the lists grow while they are walked, each child after its parent.
    ensemble.add_tree(
        np.array(left),
        np.array(right),
        np.array([node.get("split_feature", 0) for node in nodes]),
        np.array([node.get("threshold", 0.0) for node in nodes]),
        np.array(["split_index" not in node for node in nodes]),
        np.array([target]),
        np.array([[node.get("leaf_value", 0.0)] for node in nodes]),
    )
