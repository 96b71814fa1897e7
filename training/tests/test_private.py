"""Private training: the accountant against published values and integrals, the descent against its own definition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from iris import LENGTHS, iris_cells, iris_definition, iris_split
from jobs import a_definition, a_job, category, number, rows_of
from scipy.integrate import quad
from test_command import iris_job, read
from test_continuing import work  # noqa: F401

from evergreen_training import JobError, load_job
from evergreen_training.declared import prepare_publicly
from evergreen_training.definition import DifferentialPrivacy, parse_definition
from evergreen_training.estimators import choose_trainer
from evergreen_training.figures import score_answers
from evergreen_training.optimisers.losses import CrossEntropy, SquaredError
from evergreen_training.optimisers.network import Network
from evergreen_training.parity import check_parity, open_session
from evergreen_training.private.accountant import epsilon_of, epsilon_spent, noise_for, renyi_divergence
from evergreen_training.private.descent import clipped_sum, descend_privately
from evergreen_training.private.training import choose_private_course, fit_privately


def test_divergences_are_those_of_googles_accountant() -> None:
    # dp_accounting, rdp_privacy_accountant_test.py, test_compute_rdp_poisson_sampled_gaussian: 50 steps.
    published = [6.5007e-04, 1.0854e-03, 2.1808e-03, 2.3846e-02, 1.6742e02]
    ours = [50 * renyi_divergence(0.01, 2.5, order) for order in (1.5, 2.5, 5, 50, 100)]
    np.testing.assert_allclose(ours, published, rtol=1e-4)


def test_epsilon_is_that_of_googles_accountant() -> None:
    # The same file, test_compute_epsilon_delta_pure_dp and test_compute_epsilon_delta_gaussian.
    orders = np.arange(2, 33)
    assert epsilon_of(np.full(31, 1.1), 1e-5, orders) == pytest.approx(1.32783806176)
    orders = np.arange(1001, 100_000) * 0.001
    divergences = np.array([renyi_divergence(1.0, 4.530877117, order) for order in orders])
    assert epsilon_of(divergences, 1e-6, orders) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(("noise", "epochs", "published"), [(1.3, 15, 1.19), (1.1, 60, 3.01), (0.7, 45, 7.10)])
def test_epsilon_of_the_mnist_tutorial_is_no_worse_than_published(noise: float, epochs: int, published: float) -> None:
    # TensorFlow Privacy, tutorials/README.md, whose conversion from divergences was Mironov's (2017), before 2020's.
    spent = epsilon_spent(256 / 60_000, noise, epochs * 60_000 // 256, 1e-5)
    assert 0.8 * published < spent <= published + 0.005


@pytest.mark.parametrize("order", [1.1, 1.5, 2, 3.7, 8, 20.5])
@pytest.mark.parametrize(("q", "sigma"), [(0.01, 1.0), (0.1, 2.0), (0.5, 1.5), (0.99, 3.0)])
def test_divergence_is_the_integral(q: float, sigma: float, order: float) -> None:
    def integrand(x: float) -> float:
        log_density = -(x**2) / (2 * sigma**2) - np.log(sigma * np.sqrt(2 * np.pi))
        return np.exp(log_density + order * np.logaddexp(np.log1p(-q), np.log(q) + (2 * x - 1) / (2 * sigma**2)))

    area = quad(integrand, -20 * sigma, order + 20 * sigma, points=[0, order], limit=500, epsabs=1e-14, epsrel=1e-12)[0]
    assert renyi_divergence(q, sigma, order) == pytest.approx(np.log(area) / (order - 1), rel=1e-6, abs=1e-10)


def test_noise_spends_what_was_asked_and_hardly_less() -> None:
    for epsilon in (0.5, 2.0, 8.0):
        noise = noise_for(epsilon, 1e-5, 0.05, 400)
        assert epsilon_spent(0.05, noise, 400, 1e-5) <= epsilon < epsilon_spent(0.05, 0.997 * noise, 400, 1e-5)


@pytest.mark.parametrize(("loss", "outputs"), [(SquaredError(), 1), (CrossEntropy(), 1), (CrossEntropy(), 3)])
def test_every_row_is_clipped_for_itself(loss: Any, outputs: int) -> None:
    random = np.random.default_rng(1)
    X, network = random.normal(size=(30, 4)), Network((4, outputs))
    y = random.normal(size=30) if loss.name == "mean squared error" else random.integers(0, max(2, outputs), 30)
    at = random.normal(size=5 * outputs)
    expected = np.zeros_like(at)
    for row in range(30):
        one = slice(row, row + 1)
        values = network.forward(at, X[one])
        gradient = network.backward(at, values, loss.of(values[-1], y[one])[1])
        expected += gradient * min(1.0, 0.7 / np.linalg.norm(gradient))
    np.testing.assert_allclose(clipped_sum(network, loss, at, X, y, 0.7), expected, rtol=0, atol=1e-12)
    moved = clipped_sum(network, loss, at, X[1:], y[1:], 0.7) - clipped_sum(network, loss, at, X, y, 0.7)
    assert np.linalg.norm(moved) <= 0.7 + 1e-12


def test_noise_has_the_deviation_that_was_paid_for() -> None:
    class Gather:
        learning_rate = 1.0

        def __init__(self) -> None:
            self.seen: list[np.ndarray] = []

        def step(self, parameters: np.ndarray, gradient: np.ndarray) -> np.ndarray:
            self.seen.append(gradient)
            return parameters

    X, y, rule = np.zeros((50, 3)), np.zeros(50), Gather()
    # All residuals are 0 here, so what is left of a step is noise over the expected number of rows.
    random = np.random.default_rng(5)
    descend_privately(Network((3, 1)), SquaredError(), 0.0, (X, y), rule, 0.2, 4000, 0.5, 3.0, random)
    assert np.std(rule.seen) == pytest.approx(3.0 * 0.5 / (0.2 * 50), rel=0.03)


def private_definition(epsilon: float) -> dict[str, Any]:
    definition = iris_definition("gradient-descent", hyperparameters={"epochs": 30}, crossValidationFolds=2)
    features = {name: number(min=0.0, max=8.0) for name in LENGTHS}
    privacy = {"differentialPrivacy": {"epsilon": epsilon, "delta": 1e-3, "clipNorm": 1.0}}
    return {**definition, "features": features, "privacy": privacy}


def test_a_private_job_records_what_it_spent_and_what_that_cost(tmp_path: Path, work: Any) -> None:  # noqa: F811
    environment = iris_job(tmp_path, private_definition(20.0))
    printed = work(environment)
    assert "note: private training: epsilon 20 at delta 0.001 by 113 steps on 26.7 % of the rows each" in printed
    record = read(environment, "training.json")
    privacy = record["privacy"]
    assert [point["epsilon"] for point in privacy["scoreByEpsilon"]] == [5, 10, 20, 40, 80, None]
    assert epsilon_spent(privacy["sampleRate"], privacy["noiseMultiplier"], privacy["steps"], 1e-3) <= 20
    # Losses on the rows, epoch by epoch, would be no part of what is protected.
    assert "learningCurve" not in record
    assert "epoch=" not in printed


def test_a_delta_that_gives_a_row_away_is_refused(tmp_path: Path) -> None:
    definition = private_definition(1.0)
    definition["privacy"]["differentialPrivacy"]["delta"] = 0.01
    job = load_job([], iris_job(tmp_path, definition))
    trainer = choose_trainer(job.definition, job.hyperparameters)
    with pytest.raises(JobError, match=r"a delta of 0\.01 allows to give a whole row of 120 away; set .* below 0\.008"):
        choose_private_course(job, trainer, job.definition.privacy)


def test_more_noise_costs_accuracy_and_a_seed_does_not_fix_it() -> None:
    train, held, species, truth = iris_split()
    definition = parse_definition(private_definition(1.0))
    trainer = choose_trainer(definition, definition.hyperparameters)
    from evergreen_training.channels import rows_of_cells
    from evergreen_training.data import Table

    def table(lengths: np.ndarray, names: np.ndarray) -> Table:
        target = np.array([definition.categories.index(name) for name in names])
        return Table(rows_of_cells(iris_cells(lengths), definition, "iris"), target)

    def mean_score(epsilon: float) -> float:
        fit = fit_privately(trainer, DifferentialPrivacy(epsilon, 1e-3, 1.0))
        rows = table(held, truth)
        return float(
            np.mean(
                [
                    score_answers(definition, fit(table(train, species)).answer(rows.rows), rows.target)["score"]
                    for _ in range(8)
                ]
            )
        )

    tight, loose = mean_score(0.2), mean_score(float("inf"))
    assert loose > 0.85
    assert tight < loose - 0.1
    models = [fit_privately(trainer, DifferentialPrivacy(1.0, 1e-3, 1.0))(table(train, species)) for _ in range(2)]
    assert not np.array_equal(models[0].estimator.layers_[0][0], models[1].estimator.layers_[0][0])


def test_preprocessing_looks_at_no_row_and_travels_in_the_graph(tmp_path: Path) -> None:
    features = {
        "size": number(min=-10, max=30, mayBeMissing=True),
        "on": {"type": "boolean", "mayBeMissing": True},
        "kind": category("a", "b", "never", mayBeMissing=True),
    }
    columns = {"size": [1.0, None, 29.5] * 20, "on": [True, None, False] * 20, "kind": ["a", "b", None] * 20}
    columns["price"] = [100.0, 150.0, 260.0] * 20
    target = {"name": "price", "type": "number", "min": 0, "max": 400}
    privacy = {"differentialPrivacy": {"epsilon": 1e6, "delta": 1e-3, "clipNorm": 10.0}}
    settings = {"epochs": 200, "batch_size": 0, "l2": 0.0, "learning_rate": 0.05}
    definition = {**a_definition(features, target, "gradient-descent", hyperparameters=settings), "privacy": privacy}
    job = a_job(tmp_path, definition, columns, rows_of(columns, range(3), "price"))
    public = prepare_publicly(job.definition)
    np.testing.assert_allclose(
        public.transform(job.train.rows)[:3],
        [[-0.45, 1, 1, 0, 0], [0, 0, 0, 1, 0], [0.975, -1, 0, 0, 0]],
        atol=1e-6,
    )
    trainer = choose_trainer(job.definition, job.hyperparameters)
    model = fit_privately(trainer, DifferentialPrivacy(float("inf"), 1e-3, 10.0))(job.train)
    np.testing.assert_allclose(model.answer(job.golden.rows).values, [100, 150, 260], atol=5)
    served = open_session(job.definition, model.to_onnx())
    assert check_parity(job.definition, model, served, job.train.rows, model.answer(job.train.rows), job.golden) > 60
