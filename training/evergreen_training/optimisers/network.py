"""Affine layers with an activation between them: without a hidden layer a linear model, else a multilayer perceptron.

Parameters travel as one flat vector, so that an update rule is a formula on vectors and hosts can add up gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Layer = tuple[np.ndarray, np.ndarray]

ACTIVATIONS = ("relu", "tanh")


@dataclass(frozen=True)
class Network:
    """The shape of a model.

    Attributes
    ----------
    widths : tuple of int
        Columns going in, units of each hidden layer, outputs.
    activation : str
        ``relu`` or ``tanh``, after each hidden layer.
    """

    widths: tuple[int, ...]
    activation: str = "relu"

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Rows and columns of each layer's weights."""
        return list(zip(self.widths[:-1], self.widths[1:], strict=True))

    @property
    def count(self) -> int:
        """Number of parameters."""
        return sum((rows + 1) * columns for rows, columns in self.shapes)

    def split(self, parameters: np.ndarray) -> list[Layer]:
        """The flat vector as weights of shape (in, out) and intercepts of shape (out,), layer by layer; views."""
        layers, at = [], 0
        for rows, columns in self.shapes:
            end = at + rows * columns
            layers.append((parameters[at:end].reshape(rows, columns), parameters[end : end + columns]))
            at = end + columns
        return layers

    def begin(self, random: np.random.Generator) -> np.ndarray:
        """Parameters to start from.

        A linear model starts at 0: its loss is convex and any start will do. Hidden units that start equal would stay
        equal, so theirs are drawn uniformly within ±sqrt(6 / (in + out)) (Glorot and Bengio 2010).
        """
        if len(self.widths) == 2:
            return np.zeros(self.count)
        drawn = []
        for rows, columns in self.shapes:
            bound = np.sqrt(6.0 / (rows + columns))
            drawn.append((random.uniform(-bound, bound, (rows, columns)), np.zeros(columns)))
        return join(drawn)

    def forward(self, parameters: np.ndarray, X: np.ndarray) -> list[np.ndarray]:
        """What each layer is given, and last the outputs, each of shape (n, width)."""
        values = [X]
        layers = self.split(parameters)
        for position, (weights, intercepts) in enumerate(layers):
            sums = values[-1] @ weights + intercepts
            is_last = position == len(layers) - 1
            values.append(sums if is_last else self._activate(sums))
        return values

    def backward(self, parameters: np.ndarray, values: Sequence[np.ndarray], slope: np.ndarray) -> np.ndarray:
        """Backpropagation (Rumelhart, Hinton and Williams 1986).

        Parameters
        ----------
        parameters : ndarray
        values : sequence of ndarray
            As `forward` gave them.
        slope : ndarray, shape (n, outputs)
            Derivative of each row's loss by the outputs.

        Returns
        -------
        ndarray
            Derivative of the rows' summed loss by the parameters, as a flat vector.
        """
        layers = self.split(parameters)
        gradients: list[Layer] = []
        for position in range(len(layers) - 1, -1, -1):
            given = values[position]
            gradients.append((given.T @ slope, slope.sum(axis=0)))
            if position:
                # Both activations say their own derivative from their value alone.
                bend = (given > 0).astype(np.float64) if self.activation == "relu" else 1.0 - given**2
                slope = (slope @ layers[position][0].T) * bend
        return join(gradients[::-1])

    def penalty(self, parameters: np.ndarray, l2: float) -> tuple[float, np.ndarray]:
        """l2 / 2 times the squared weights, and its gradient; intercepts are free, as in scikit-learn."""
        only_weights = join([(weights, np.zeros_like(shift)) for weights, shift in self.split(parameters)])
        return 0.5 * l2 * float(only_weights @ only_weights), l2 * only_weights

    def _activate(self, sums: np.ndarray) -> np.ndarray:
        return np.maximum(sums, 0.0) if self.activation == "relu" else np.tanh(sums)


def join(layers: Sequence[Layer]) -> np.ndarray:
    """Layers as one flat vector."""
    return np.concatenate([part.ravel() for layer in layers for part in layer])
