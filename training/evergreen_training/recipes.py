"""The built-in algorithms for tables: which estimator, with which hyperparameters.

scikit-learn is imported when an estimator is built: each of its parts costs tenths of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .hosts import join_hosts
from .lightgbm import build_lightgbm
from .recipe import Recipe, Setting, Settings


def _plain(module: str, name: str, **fixed: Any) -> Callable[[Settings, int], Any]:
    """Builder of an estimator of scikit-learn that has no seed."""

    def build(settings: Settings, seed: int) -> Any:
        return getattr(import_module(f"sklearn.{module}"), name)(**fixed, **settings)

    return build


def _seeded(module: str, name: str, **fixed: Any) -> Callable[[Settings, int], Any]:
    """Builder of an estimator of scikit-learn that draws random numbers."""

    def build(settings: Settings, seed: int) -> Any:
        return getattr(import_module(f"sklearn.{module}"), name)(random_state=seed, **fixed, **settings)

    return build


def _boosting(name: str) -> Callable[[Settings, int], Any]:
    # Early stopping would hold back rows of its own choice; the budget of trees is the definition's.
    build = _seeded("ensemble", name, early_stopping=False)

    def renamed(settings: Settings, seed: int) -> Any:
        trees = {"max_iter" if given == "n_estimators" else given: value for given, value in settings.items()}
        return build(trees, seed)

    return renamed


def _perceptron(name: str) -> Callable[[Settings, int], Any]:
    build = _seeded("neural_network", name)

    def sized(settings: Settings, seed: int) -> Any:
        sizes = tuple(int(size) for size in settings["hidden_layer_sizes"].split(","))
        return build({**settings, "hidden_layer_sizes": sizes}, seed)

    return sized


def _descent_classifier(settings: Settings, seed: int) -> Any:
    from .optimisers.estimator import GradientDescentClassifier

    return GradientDescentClassifier(random_state=seed, hosts=join_hosts(), **settings)


def _descent_regressor(settings: Settings, seed: int) -> Any:
    from .optimisers.estimator import GradientDescentRegressor

    return GradientDescentRegressor(random_state=seed, hosts=join_hosts(), **settings)


_CLASS_WEIGHT = {"class_weight": Setting("word")}
_SCALE = {"scale": Setting("switch", True)}
_SCALE_TARGET = {"scale_target": Setting("switch", True)}
_EPSILON = {"epsilon": Setting("number", 0.1)}
_SVM = {
    "C": Setting("number", 1.0),
    "tol": Setting("number", 1e-3),
    "max_iter": Setting("whole", -1),
}
# Off, so that it is scikit-learn's SVC(kernel="linear") and nothing else.
_LINEAR_SVM = _SVM | {"scale": Setting("switch", False)}
_KERNEL_SVM = (
    _SVM
    | _SCALE
    | {
        "kernel": Setting("word", "rbf"),
        "gamma": Setting("number"),
        "degree": Setting("whole", 3),
        "coef0": Setting("number", 0.0),
    }
)
_TREE = {
    "max_depth": Setting("whole"),
    "max_leaf_nodes": Setting("whole"),
    "min_samples_split": Setting("whole", 2),
    "min_samples_leaf": Setting("whole", 1),
    "max_features": Setting("number"),
}
_SINGLE_TREE = _TREE | {"ccp_alpha": Setting("number", 0.0)}
_FOREST = {"n_estimators": Setting("whole", 100)} | _TREE
_BOOSTING = {
    "n_estimators": Setting("whole", 100),
    "learning_rate": Setting("number", 0.1),
    "max_depth": Setting("whole"),
    "max_leaf_nodes": Setting("whole", 31),
    "min_samples_leaf": Setting("whole", 20),
    "l2_regularization": Setting("number", 0.0),
}
_LIGHTGBM = {
    "n_estimators": Setting("whole", 100),
    "learning_rate": Setting("number", 0.1),
    "max_depth": Setting("whole", -1),
    "num_leaves": Setting("whole", 31),
    "min_child_samples": Setting("whole", 20),
    "reg_alpha": Setting("number", 0.0),
    "reg_lambda": Setting("number", 0.0),
    "colsample_bytree": Setting("number", 1.0),
}
_PERCEPTRON = {
    "hidden_layer_sizes": Setting("sizes", "100"),
    "activation": Setting("word", "relu"),
    "alpha": Setting("number", 1e-4),
    "learning_rate_init": Setting("number", 1e-3),
    "batch_size": Setting("whole"),
    "max_iter": Setting("whole", 200),
    "tol": Setting("number", 1e-4),
    **_SCALE,
}
_DESCENT = {
    "optimizer": Setting("word", "adam"),
    "learning_rate": Setting("number"),
    "batch_size": Setting("whole", 32),
    "epochs": Setting("whole", 200),
    "l2": Setting("number", 1e-4),
    "hidden_units": Setting("whole", 0),
    "activation": Setting("word", "relu"),
    "tol": Setting("number", 1e-4),
    "patience": Setting("whole", 10),
    "validation_fraction": Setting("number", 0.1),
    **_SCALE,
}

_LOGISTIC = {
    "C": Setting("number", 1.0),
    "tol": Setting("number", 1e-4),
    "max_iter": Setting("whole", 1000),
    **_SCALE,
    **_CLASS_WEIGHT,
}
_TFIDF = {
    "max_features": Setting("whole", 5000),
    "min_df": Setting("whole", 2),
    "ngrams": Setting("whole", 2),
    "sublinear_tf": Setting("switch", True),
}

# Support vector machines decide one against one, as libsvm does; model.py and support_vectors.py count the votes.
CLASSIFIERS: dict[str, Recipe] = {
    "logistic-regression": Recipe(_LOGISTIC, _seeded("linear_model", "LogisticRegression")),
    "linear-svc": Recipe(
        _LINEAR_SVM | _CLASS_WEIGHT, _plain("svm", "SVC", kernel="linear", decision_function_shape="ovo")
    ),
    "svc": Recipe(_KERNEL_SVM | _CLASS_WEIGHT, _plain("svm", "SVC", decision_function_shape="ovo")),
    "naive-bayes": Recipe({"var_smoothing": Setting("number", 1e-9)}, _plain("naive_bayes", "GaussianNB")),
    "decision-tree": Recipe(_SINGLE_TREE | _CLASS_WEIGHT, _seeded("tree", "DecisionTreeClassifier")),
    "random-forest": Recipe(_FOREST | _CLASS_WEIGHT, _seeded("ensemble", "RandomForestClassifier")),
    "extra-trees": Recipe(_FOREST | _CLASS_WEIGHT, _seeded("ensemble", "ExtraTreesClassifier")),
    "gradient-boosting": Recipe(_BOOSTING | _CLASS_WEIGHT, _boosting("HistGradientBoostingClassifier")),
    "lightgbm": Recipe(_LIGHTGBM | _CLASS_WEIGHT, build_lightgbm("LGBMClassifier")),
    "mlp": Recipe(_PERCEPTRON, _perceptron("MLPClassifier")),
    "gradient-descent": Recipe(_DESCENT, _descent_classifier),
}

REGRESSORS: dict[str, Recipe] = {
    "linear-regression": Recipe(_SCALE, _plain("linear_model", "LinearRegression")),
    "ridge": Recipe({"alpha": Setting("number", 1.0), **_SCALE}, _seeded("linear_model", "Ridge")),
    "elastic-net": Recipe(
        {
            # In units of a target of deviation 1; scikit-learn's own 1 would leave no column then.
            "alpha": Setting("number", 0.01),
            "l1_ratio": Setting("number", 0.5),
            "tol": Setting("number", 1e-4),
            "max_iter": Setting("whole", 1000),
            **_SCALE,
            **_SCALE_TARGET,
        },
        _seeded("linear_model", "ElasticNet"),
    ),
    "linear-svr": Recipe(_LINEAR_SVM | _EPSILON, _plain("svm", "SVR", kernel="linear")),
    "svr": Recipe(_KERNEL_SVM | _EPSILON | _SCALE_TARGET, _plain("svm", "SVR")),
    "decision-tree": Recipe(_SINGLE_TREE, _seeded("tree", "DecisionTreeRegressor")),
    "random-forest": Recipe(_FOREST, _seeded("ensemble", "RandomForestRegressor")),
    "extra-trees": Recipe(_FOREST, _seeded("ensemble", "ExtraTreesRegressor")),
    "gradient-boosting": Recipe(_BOOSTING, _boosting("HistGradientBoostingRegressor")),
    "lightgbm": Recipe(_LIGHTGBM, build_lightgbm("LGBMRegressor")),
    "mlp": Recipe(_PERCEPTRON | _SCALE_TARGET, _perceptron("MLPRegressor")),
    "gradient-descent": Recipe(_DESCENT, _descent_regressor),
}

TEXT_CLASSIFIERS: dict[str, Recipe] = {
    "logistic-regression": Recipe(
        # Vectors of length 1 over thousands of words call for larger weights.
        _LOGISTIC | _TFIDF | {"C": Setting("number", 10.0)},
        _seeded("linear_model", "LogisticRegression"),
        reads_text=True,
    ),
}
