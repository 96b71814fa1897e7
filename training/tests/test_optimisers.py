"""The optimisers against scikit-learn's optimum, finite differences and the published first steps of their rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier

from evergreen_training.errors import JobError
from evergreen_training.optimisers.descent import Objective
from evergreen_training.optimisers.estimator import GradientDescentClassifier, GradientDescentRegressor
from evergreen_training.optimisers.losses import CrossEntropy, SquaredError
from evergreen_training.optimisers.network import Network
from evergreen_training.optimisers.update_rules import UPDATE_RULES, make_rule

# To the optimum, however long it takes: no rows held back, no patience lost.
TO_THE_END: dict[str, Any] = {"validation_fraction": 0.0, "tol": 1e-7, "patience": 10_000, "epochs": 4000}
# Batch descent, so that nothing random keeps a constant learning rate from settling.
BATCH = {
    "sgd": {"batch_size": 0, "learning_rate": 0.3},
    "momentum": {"batch_size": 0, "learning_rate": 0.1},
    "adagrad": {"batch_size": 0, "learning_rate": 0.5},
    "adam": {"batch_size": 0, "learning_rate": 0.02},
}


def scaled(columns: np.ndarray) -> np.ndarray:
    return (columns - columns.mean(axis=0)) / columns.std(axis=0)


DIABETES = scaled(load_diabetes(scaled=False).data), load_diabetes().target
IRIS = scaled(load_iris().data), load_iris().target


@pytest.mark.parametrize("l2", [0.0, 0.1])
def test_closed_form_is_scikit_learns(l2: float) -> None:
    X, y = DIABETES
    theirs = Ridge(alpha=l2 * len(y)).fit(X, y) if l2 else LinearRegression().fit(X, y)
    ours = GradientDescentRegressor(optimizer="least-squares", l2=l2).fit(X, y)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=0, atol=1e-8)
    np.testing.assert_allclose(ours.layers_[0][0][:, 0], theirs.coef_, rtol=0, atol=1e-8)


def test_closed_form_of_dependent_columns_is_the_one_of_least_norm() -> None:
    X, y = DIABETES
    twice = np.hstack([X, X[:, :2]])
    theirs = LinearRegression().fit(twice, y)
    ours = GradientDescentRegressor(optimizer="least-squares", l2=0.0).fit(twice, y)
    np.testing.assert_allclose(ours.layers_[0][0][:, 0], theirs.coef_, rtol=0, atol=1e-6)


@pytest.mark.parametrize("optimizer", BATCH)
def test_linear_regression_ends_where_ridge_does(optimizer: str) -> None:
    X, y = DIABETES
    theirs = Ridge(alpha=0.1 * len(y)).fit(X, y)
    ours = GradientDescentRegressor(optimizer=optimizer, l2=0.1, **BATCH[optimizer], **TO_THE_END).fit(X, y)
    assert ours.learning_curve_.ended == "converged"
    np.testing.assert_allclose(ours.layers_[0][0][:, 0], theirs.coef_, rtol=0, atol=1e-4)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=0, atol=1e-3)
    best = ((y - theirs.predict(X)) ** 2).mean()
    np.testing.assert_allclose(ours.learning_curve_.points[-1]["trainLoss"], best, rtol=1e-6)


@pytest.mark.parametrize("optimizer", BATCH)
@pytest.mark.parametrize("classes", [2, 3])
def test_softmax_regression_ends_where_logistic_regression_does(optimizer: str, classes: int) -> None:
    X, y = IRIS[0][: 50 * classes], IRIS[1][: 50 * classes]
    theirs = LogisticRegression(C=1 / (0.05 * len(y)), tol=1e-10, max_iter=10_000).fit(X, y)
    ours = GradientDescentClassifier(optimizer=optimizer, l2=0.05, **BATCH[optimizer], **TO_THE_END).fit(X, y)
    assert ours.learning_curve_.ended == "converged"
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-5)
    np.testing.assert_allclose(ours.layers_[0][0].T, theirs.coef_, rtol=0, atol=1e-4)


@pytest.mark.parametrize("optimizer", UPDATE_RULES)
def test_mini_batches_come_close_to_the_optimum(optimizer: str) -> None:
    X, y = IRIS
    theirs = LogisticRegression(C=1 / (0.05 * len(y)), tol=1e-10, max_iter=10_000).fit(X, y)
    ours = GradientDescentClassifier(optimizer=optimizer, l2=0.05, batch_size=16, epochs=150, validation_fraction=0.0)
    np.testing.assert_allclose(ours.fit(X, y).predict_proba(X), theirs.predict_proba(X), rtol=0, atol=0.05)


def test_one_row_a_step_learns_as_well() -> None:
    X, y = DIABETES
    ours = GradientDescentRegressor(optimizer="sgd", batch_size=1, learning_rate=0.001, epochs=60).fit(X, y)
    assert ((y - ours.predict(X)) ** 2).mean() < 1.03 * ((y - LinearRegression().fit(X, y).predict(X)) ** 2).mean()


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize(("loss", "outputs"), [(SquaredError(), 1), (CrossEntropy(), 1), (CrossEntropy(), 3)])
def test_gradient_is_that_of_finite_differences(activation: str, loss: Any, outputs: int) -> None:
    random = np.random.default_rng(4)
    X = random.normal(size=(20, 5))
    y = random.normal(size=20) if loss.name == "mean squared error" else random.integers(0, max(2, outputs), 20)
    objective = Objective(Network((5, 4, outputs), activation), loss, 0.3)
    at = objective.network.begin(random)
    gradient = objective.measure(at, X, y)[2]
    for place in range(len(at)):
        nudge = np.zeros_like(at)
        nudge[place] = 1e-6
        up, down = (objective.measure(at + sign * nudge, X, y)[1] for sign in (1, -1))
        assert gradient[place] == pytest.approx((up - down) / 2e-6, abs=1e-8)


def test_a_perceptron_is_no_worse_than_scikit_learns() -> None:
    X, y = IRIS
    settings = {"hidden_units": 16, "l2": 1e-4, "batch_size": 32, "learning_rate": 0.01, "epochs": 120}
    ours = GradientDescentClassifier(validation_fraction=0.0, patience=10_000, tol=0.0, **settings).fit(X, y)
    theirs = MLPClassifier(
        (16,), alpha=1e-4 * len(y), batch_size=32, learning_rate_init=0.01, max_iter=120, tol=0.0,
        n_iter_no_change=10_000, random_state=0,
    )  # fmt: skip
    with pytest.warns(UserWarning, match="Maximum iterations"):
        theirs.fit(X, y)
    assert log_loss(ours, X, y) <= log_loss(theirs, X, y) + 0.005


def log_loss(model: Any, X: np.ndarray, y: np.ndarray) -> float:
    return float(-np.log(model.predict_proba(X)[np.arange(len(y)), y]).mean())


def test_each_rule_takes_the_step_its_paper_says() -> None:
    gradient = np.array([2.0, -4.0])
    first = {name: make_rule(name, 0.1).step(np.zeros(2), gradient) for name in UPDATE_RULES}
    np.testing.assert_allclose(first["sgd"], [-0.2, 0.4])
    np.testing.assert_allclose(first["momentum"], [-0.2, 0.4])
    np.testing.assert_allclose(first["adagrad"], [-0.1, 0.1], rtol=1e-7)
    np.testing.assert_allclose(first["rmsprop"], np.array([-0.1, 0.1]) / np.sqrt(0.1), rtol=1e-7)
    np.testing.assert_allclose(first["adam"], [-0.1, 0.1], rtol=1e-7)
    rules = {name: make_rule(name, 0.1) for name in UPDATE_RULES}
    second = {name: rule.step(rule.step(np.zeros(2), gradient), gradient) for name, rule in rules.items()}
    np.testing.assert_allclose(second["momentum"], [-0.2 - 0.38, 0.4 + 0.76])
    np.testing.assert_allclose(second["adagrad"][0], -0.1 - 0.1 / np.sqrt(2), rtol=1e-7)
    np.testing.assert_allclose(second["rmsprop"][0], -0.1 / np.sqrt(0.1) - 0.1 / np.sqrt(0.19), rtol=1e-7)
    np.testing.assert_allclose(second["adam"], [-0.2, 0.2], rtol=1e-7)


def test_divergence_says_what_to_change() -> None:
    X, y = DIABETES
    said = r"diverged in epoch \d+: .* with a learning_rate of 10; set a learning_rate of 1"
    with pytest.raises(JobError, match=said):
        GradientDescentRegressor(optimizer="sgd", learning_rate=10.0, batch_size=0).fit(X, y)


def test_watched_rows_stop_a_perceptron_that_learns_by_heart() -> None:
    random = np.random.default_rng(2)
    X = random.normal(size=(120, 20))
    y = (X[:, 0] + random.normal(0, 2, 120) > 0).astype(int)
    model = GradientDescentClassifier(hidden_units=32, epochs=300, validation_fraction=0.3, l2=0.0).fit(X, y)
    curve = model.learning_curve_
    held = [point["validationLoss"] for point in curve.points]
    assert curve.ended == "early stopping"
    assert len(held) < 60
    assert curve.points[-1]["trainLoss"] < curve.points[0]["trainLoss"]
    order = np.random.default_rng(0)
    Network((20, 32, 1)).begin(order)
    rows = order.permutation(120)[:36]
    assert log_loss(model, X[rows], y[rows]) == pytest.approx(min(held))


def test_a_constant_target_is_learned() -> None:
    X, _ = DIABETES
    np.testing.assert_allclose(GradientDescentRegressor().fit(X, np.full(len(X), 7.0)).predict(X), 7.0, atol=0.05)


def test_no_closed_form_for_classes() -> None:
    with pytest.raises(ValueError, match=r"'optimizer' parameter .* must be one of sgd, .* Got 'least-squares'"):
        GradientDescentClassifier(optimizer="least-squares").fit(*IRIS)
