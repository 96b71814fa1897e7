"""The optimisers behind scikit-learn's interface: linear regression, softmax regression, multilayer perceptron."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..hosts import ALONE, Hosts
from .closed_form import least_squares
from .descent import Objective, Pace, Part, descend
from .losses import CrossEntropy, SquaredError, log_softmax
from .network import ACTIVATIONS, Layer, Network, join
from .progress import print_epoch
from .update_rules import UPDATE_RULES, make_rule


@dataclass(kw_only=True)
class _Descended:
    """What both estimators share.

    Parameters
    ----------
    optimizer : str
        ``sgd``, ``momentum``, ``rmsprop``, ``adagrad``, ``adam``; for a regression also ``least-squares``.
    learning_rate : float or None
        None is the rule's own, see `update_rules`.
    batch_size, epochs, tol, patience
        See `descent.Pace`.
    l2 : float
        See `descent.Objective`.
    hidden_units : int
        Units of the hidden layer; 0 for a linear model.
    activation : str
        Of the hidden layer, ``relu`` or ``tanh``.
    validation_fraction : float
        Share of the rows that are only watched, drawn with the seed.
    random_state : int
    hosts : Hosts

    Attributes
    ----------
    layers_ : list of (weights, intercepts)
        In units of the target.
    learning_curve_ : Curve or None
        None for the closed form.
    """

    optimizer: str = "adam"
    learning_rate: float | None = None
    batch_size: int = 32
    epochs: int = 200
    l2: float = 1e-4
    hidden_units: int = 0
    activation: str = "relu"
    tol: float = 1e-4
    patience: int = 10
    validation_fraction: float = 0.1
    random_state: int = 0
    hosts: Hosts = ALONE
    start: list[Layer] | None = None

    def start_from(self, layers: list[Layer]) -> None:
        """Begin the next fit at these layers in place of a fresh start; they must have the shape of this model."""
        self.start = layers

    def adopt(self, layers: list[Layer]) -> None:
        """Take on weights that were found in the scaled target."""
        self.layers_ = self._outward(layers)

    def partial_fit(self, X: np.ndarray, target: np.ndarray) -> Any:
        """Take one step on a micro-batch, after `fit` or `resume`; the rule's memory lasts from step to step."""
        network, inner = self._shape(X.shape[1], self.layers_[-1][1].size), join(self._inward(self.layers_))
        objective = Objective(network, self.loss, self.l2, self.hosts)
        if not hasattr(self, "_rule"):
            self._rule = make_rule(self.optimizer, self.learning_rate)
        gradient = objective.measure(inner, X, self.scale_target(target))[2]
        self.adopt(network.split(self._rule.step(inner, gradient)))
        return self

    def mean_loss(self, X: np.ndarray, target: np.ndarray) -> float:
        """Mean loss of rows as the curve has it."""
        network = self._shape(X.shape[1], self.layers_[-1][1].size)
        objective = Objective(network, self.loss, self.l2, self.hosts)
        loss = objective.mean_loss(join(self._inward(self.layers_)), X, self.scale_target(target))
        return self._in_target_units({"trainLoss": loss})["trainLoss"]

    def _shape(self, width: int, outputs: int) -> Network:
        hidden = (self.hidden_units,) if self.hidden_units else ()
        return Network((width, *hidden, outputs), self.activation)

    def _walk(self, X: np.ndarray, target: np.ndarray, outputs: int) -> None:
        random, network = np.random.default_rng(self.random_state), self._shape(X.shape[1], outputs)
        drawn = network.begin(random)
        train, held = self._hold_back(X, self.scale_target(target), random)
        parameters, curve = descend(
            Objective(network, self.loss, self.l2, self.hosts),
            drawn if self.start is None else join(self._inward(self.start)),
            train,
            held,
            make_rule(self.optimizer, self.learning_rate),
            Pace(self.batch_size, self.epochs, self.tol, self.patience),
            random,
            lambda point: print_epoch(self._in_target_units(point)),
        )
        self.learning_curve_ = replace(curve, points=[self._in_target_units(point) for point in curve.points])
        self.adopt(network.split(parameters))

    def _hold_back(self, X: np.ndarray, target: np.ndarray, random: np.random.Generator) -> tuple[Part, Part | None]:
        count = int(len(target) * self.validation_fraction)
        if count == 0:
            return (X, target), None
        order = random.permutation(len(target))
        held, learned = order[:count], np.sort(order[count:])
        return (X[learned], target[learned]), (X[held], target[held])

    def _check(self) -> None:
        name = type(self).__name__
        limits = [
            ("learning_rate", "above 0", self.learning_rate is None or self.learning_rate > 0),
            ("batch_size", "0 (all rows) or more", self.batch_size >= 0),
            ("epochs", "1 or more", self.epochs >= 1),
            ("l2", "0 or more", self.l2 >= 0),
            ("hidden_units", "0 (none) or more", self.hidden_units >= 0),
            ("activation", f"one of {', '.join(ACTIVATIONS)}", self.activation in ACTIVATIONS),
            ("tol", "0 or more", self.tol >= 0),
            ("patience", "1 or more", self.patience >= 1),
            ("validation_fraction", "from 0 to below 1", 0 <= self.validation_fraction < 1),
            ("optimizer", f"one of {', '.join(self._optimizers())}", self.optimizer in self._optimizers()),
        ]
        for parameter, allowed, is_fine in limits:
            if not is_fine:
                raise ValueError(
                    f"The '{parameter}' parameter of {name} must be {allowed}. "
                    f"Got {getattr(self, parameter)!r} instead."
                )

    def _optimizers(self) -> list[str]:
        return list(UPDATE_RULES)

    # A regression learns in a scaled target; nothing of the kind is needed for classes.

    def _inward(self, layers: list[Layer]) -> list[Layer]:
        return layers

    def _outward(self, layers: list[Layer]) -> list[Layer]:
        return layers

    def _in_target_units(self, point: dict[str, Any]) -> dict[str, Any]:
        return point


@dataclass(kw_only=True)
class GradientDescentClassifier(_Descended):
    """Softmax regression, or a multilayer perceptron with a softmax at its end.

    The loss is the log loss; two classes share one output, so without a hidden layer it is logistic regression.
    """

    loss = CrossEntropy()

    def fit(self, X: np.ndarray, target: np.ndarray) -> GradientDescentClassifier:
        """Fit on float64 of shape (n, d) and labels of shape (n,).

        Raises
        ------
        ValueError
            When a parameter is out of its range.
        JobError
            When the descent diverges.
        """
        self._check()
        self.classes_ = np.unique(target)
        self._walk(X, target, outputs=1 if len(self.classes_) == 2 else len(self.classes_))
        return self

    def resume(self, layers: list[Layer], classes: np.ndarray | None, scaling: tuple[float, float] | None) -> None:
        """Take on the weights of a fitted classifier and what its outputs stand for."""
        self._check()
        self.layers_, self.classes_ = layers, classes

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Probabilities of the classes, shape (n, classes)."""
        network = self._shape(X.shape[1], self.layers_[-1][1].size)
        return np.exp(log_softmax(network.forward(join(self.layers_), X)[-1]))

    def predict(self, X: np.ndarray) -> np.ndarray:
        """The likeliest class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def scale_target(self, target: np.ndarray) -> np.ndarray:
        """Positions of the classes, as the loss takes them."""
        return np.searchsorted(self.classes_, target)


@dataclass(kw_only=True)
class GradientDescentRegressor(_Descended):
    """Linear regression, or a multilayer perceptron with one number at its end, by least squares.

    While it learns the target is scaled to mean 0 and standard deviation 1, so that learning rates and `tol` mean the
    same whatever its unit. The optimum is the same; the curve is in squared units of the target.

    Attributes
    ----------
    scaling_ : (middle, spread)
        Of the target; `layers_` are in its own units.
    """

    loss = SquaredError()

    def fit(self, X: np.ndarray, target: np.ndarray) -> GradientDescentRegressor:
        """Fit on float64 of shape (n, d) and numbers of shape (n,); raises as `GradientDescentClassifier.fit`."""
        self._check()
        self.scaling_ = (float(target.mean()), float(target.std()) or 1.0)
        if self.optimizer != "least-squares":
            self._walk(X, target, outputs=1)
            return self
        if self.hidden_units:
            raise ValueError("The 'optimizer' parameter least-squares has no closed form with hidden_units")
        parameters = least_squares(X, target, self.l2, self.hosts)
        self.layers_, self.learning_curve_ = Network((X.shape[1], 1)).split(parameters), None
        return self

    def resume(self, layers: list[Layer], classes: np.ndarray | None, scaling: tuple[float, float] | None) -> None:
        """Take on the weights of a fitted regression and the scale it learned its target in."""
        self._check()
        self.layers_, self.scaling_ = layers, scaling or (0.0, 1.0)

    def predict(self, X: np.ndarray) -> np.ndarray:
        """A number for each row, shape (n,)."""
        return self._shape(X.shape[1], 1).forward(join(self.layers_), X)[-1][:, 0]

    def scale_target(self, target: np.ndarray) -> np.ndarray:
        """The target in the scale it is learned in."""
        middle, spread = self.scaling_
        return (target - middle) / spread

    def _in_target_units(self, point: dict[str, Any]) -> dict[str, Any]:
        # The loss that is walked down is half the squared error of the scaled target.
        units = 2.0 * self.scaling_[1] ** 2
        is_loss = lambda name, value: name != "epoch" and value is not None  # noqa: E731
        return {name: units * value if is_loss(name, value) else value for name, value in point.items()}

    def _inward(self, layers: list[Layer]) -> list[Layer]:
        (weights, shift), (middle, spread) = layers[-1], self.scaling_
        return [*layers[:-1], (weights / spread, (shift - middle) / spread)]

    def _outward(self, layers: list[Layer]) -> list[Layer]:
        (weights, shift), (middle, spread) = layers[-1], self.scaling_
        return [*layers[:-1], (weights * spread, shift * spread + middle)]

    def _optimizers(self) -> list[str]:
        return [*UPDATE_RULES, "least-squares"]
