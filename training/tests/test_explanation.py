"""Explanations against brute force, against scikit-learn, and as the document of a whole job."""

from __future__ import annotations

import json
from itertools import permutations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from iris import iris_cells, iris_columns, iris_definition, iris_split
from jobs import a_definition, a_job, mixed_data, number, rows_of
from sklearn.inspection import partial_dependence as sklearn_dependence
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evergreen_training.contract import Job
from evergreen_training.estimators import choose_trainer
from evergreen_training.explanation.dependence import partial_dependence
from evergreen_training.explanation.exact import attribute_exactly
from evergreen_training.explanation.explained import Explained, cells_of, explain_answers
from evergreen_training.explanation.importance import permutation_importance
from evergreen_training.explanation.shapley import (
    attribute_by_enumeration,
    attribute_by_permutation,
    draw_permutations,
)
from evergreen_training.explanation.surrogate import find_rules
from evergreen_training.explanation.trees import attribute_trees
from evergreen_training.model import Answers, FittedModel
from evergreen_training.package import train_package
from evergreen_training.parity import open_session
from evergreen_training.tree_ensemble import TreeEnsemble

# A 32-bit answer has seven digits.
SERVED = 1e-6


def a_mixed_job(folder: Path, algorithm: str, regression: bool, rows: int = 150) -> Job:
    about, columns = mixed_data(rows, 7, regression)
    definition = a_definition(about["features"], about["target"], algorithm)
    return a_job(folder, definition, columns, rows_of(columns, range(8), about["target"]["name"]))


def an_iris_job(folder: Path, algorithm: str = "linear-svc") -> Job:
    train, held, species, _ = iris_split()
    return a_job(folder, iris_definition(algorithm), iris_columns(train, species), iris_cells(held))


def fitted(job: Job) -> tuple[FittedModel, Explained]:
    model = choose_trainer(job.definition, job.hyperparameters).fit(job.train)
    return model, explain_answers(job.definition, open_session(job.definition, model.to_onnx()), job.golden.rows)


def answers_of(explained: Explained, job: Job) -> np.ndarray:
    outputs = explained.outputs(job.golden.rows)
    return outputs[np.arange(len(outputs)), explained.chosen(job.golden.rows)]


def by_definition(explained: Explained, job: Job, background: Any) -> np.ndarray:
    """Shapley's own formula for the first golden row: the mean over all orders of what each feature adds."""
    row, features = job.golden.rows.take(slice(0, 1)), len(job.definition.features)
    chosen = explained.chosen(row)[0]
    worth: dict[tuple[bool, ...], float] = {}

    def worth_of(members: set[int]) -> float:
        key = tuple(position in members for position in range(features))
        if key not in worth:
            worth[key] = float(explained.average_over(row, background, np.array([key]))[0, chosen])
        return worth[key]

    total = np.zeros(features)
    for order in permutations(range(features)):
        members: set[int] = set()
        for feature in order:
            before = worth_of(members)
            members = members | {feature}
            total[feature] += worth_of(members) - before
    return total / factorial(features)


@pytest.mark.parametrize("algorithm", ["random-forest", "linear-svc"])
def test_enumeration_is_shapleys_definition_and_adds_up(tmp_path: Path, algorithm: str) -> None:
    job = a_mixed_job(tmp_path, algorithm, regression=False)
    _, explained = fitted(job)
    background = job.train.rows.take(slice(0, 6))
    found = attribute_by_enumeration(explained, job.golden.rows, background)
    assert explained.output == {"random-forest": "score", "linear-svc": "vote"}[algorithm]
    np.testing.assert_allclose(found.contributions[0], by_definition(explained, job, background), atol=1e-12)
    np.testing.assert_allclose(found.base + found.contributions.sum(axis=1), answers_of(explained, job), atol=1e-12)


@pytest.mark.parametrize(
    ("algorithm", "regression", "method"),
    [
        ("random-forest", False, "tree"),
        ("random-forest", True, "tree"),
        ("gradient-boosting", True, "tree"),
        ("ridge", True, "linear"),
        ("linear-svr", True, "linear"),
    ],
)
def test_what_a_models_kind_gives_exactly_is_what_its_served_answers_give(
    tmp_path: Path, algorithm: str, regression: bool, method: str
) -> None:
    job = a_mixed_job(tmp_path, algorithm, regression)
    model, explained = fitted(job)
    background = job.train.rows.take(slice(0, 12))
    exact = attribute_exactly(model, job.golden.rows, background, explained.chosen(job.golden.rows))
    assert exact is not None
    assert (exact.scale, exact.attributions.method) == (explained.output, method)
    asked = attribute_by_enumeration(explained, job.golden.rows, background)
    scale = max(1.0, np.abs(answers_of(explained, job)).max())
    np.testing.assert_allclose(exact.attributions.contributions, asked.contributions, atol=SERVED * scale)
    np.testing.assert_allclose(exact.attributions.base, asked.base, atol=SERVED * scale)


@pytest.mark.parametrize("algorithm", ["logistic-regression", "gradient-boosting"])
def test_margins_add_up_to_the_log_odds(tmp_path: Path, algorithm: str) -> None:
    job = an_iris_job(tmp_path, algorithm)
    model, explained = fitted(job)
    chosen = explained.chosen(job.golden.rows)
    exact = attribute_exactly(model, job.golden.rows, job.train.rows.take(slice(0, 9)), chosen)
    assert exact is not None and exact.scale == "margin"
    found = exact.attributions
    count = len(found.base)
    prepared = model.preprocessing.transform(job.golden.rows)[:count]
    margins = model.estimator.decision_function(prepared)[np.arange(count), chosen[:count]]
    np.testing.assert_allclose(found.base + found.contributions.sum(axis=1), margins, atol=1e-9)


def test_trees_of_many_features_are_attributed_as_a_sum_of_their_splits() -> None:
    random = np.random.default_rng(7)
    rows, background, players = random.normal(size=(3, 150)), random.normal(size=(5, 150)), np.arange(150)
    stumps = TreeEnsemble(2, np.zeros(2))
    for feature in (0, 63, 64, 149):
        left, right, leaf = np.array([1, -1, -1]), np.array([2, -1, -1]), np.array([False, True, True])
        values = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
        stumps.add_tree(left, right, np.array([feature, -2, -2]), np.zeros(3), leaf, np.arange(2), values)
    assert len(stumps.columns["target_ids"]) == 8
    base, contributions = attribute_trees(stumps, rows, background, players, 150)
    expected = np.zeros((3, 150, 2))
    for feature in (0, 63, 64, 149):
        goes_left, usually = rows[:, feature] <= 0, (background[:, feature] <= 0).mean()
        expected[:, feature, 0] = goes_left - usually
        expected[:, feature, 1] = usually - goes_left
    np.testing.assert_allclose(contributions, expected, atol=1e-12)
    np.testing.assert_allclose(base.sum(axis=1), 4, atol=1e-12)


def test_two_classes_have_margins_of_opposite_sign(tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(60, 2))
    columns = {"a": x[:, 0], "b": x[:, 1], "kind": np.where(x[:, 0] + x[:, 1] > 0, "up", "down").tolist()}
    target = {"name": "kind", "type": "category", "categories": ["up", "down"]}
    definition = a_definition({"a": number(), "b": number()}, target, "logistic-regression")
    job = a_job(tmp_path, definition, columns, [{"a": 2.0, "b": 2.0}])
    model, _ = fitted(job)
    sides = [attribute_exactly(model, job.golden.rows, job.train.rows, np.array([side])) for side in (0, 1)]
    up, down = (side.attributions.contributions[0] for side in sides if side is not None)
    np.testing.assert_allclose(up, -down)
    assert (up > 0).all()


def test_orders_add_up_and_all_orders_are_exact(tmp_path: Path) -> None:
    job = an_iris_job(tmp_path, "random-forest")
    _, explained = fitted(job)
    background = job.train.rows.take(slice(0, 10))
    every = attribute_by_permutation(explained, job.golden.rows, background, np.array(list(permutations(range(4)))))
    exact = attribute_by_enumeration(explained, job.golden.rows, background)
    np.testing.assert_allclose(every.contributions, exact.contributions, atol=1e-12)
    few = attribute_by_permutation(explained, job.golden.rows, background, np.array([[2, 0, 3, 1]]))
    np.testing.assert_allclose(few.base + few.contributions.sum(axis=1), answers_of(explained, job), atol=1e-12)


def test_orders_are_drawn_only_where_enumeration_would_be_long() -> None:
    assert draw_permutations(10, 1).shape == (0, 10)
    drawn = draw_permutations(20, 1)
    assert drawn.shape == (26, 20) and (np.sort(drawn, axis=1) == np.arange(20)).all()
    assert np.array_equal(drawn, draw_permutations(20, 1)) and not np.array_equal(drawn, draw_permutations(20, 2))
    assert len(draw_permutations(2000, 1)) == 1


def test_importance_of_what_matters_alone(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    x = random.normal(size=(400, 3))
    features = {"noise": number(), "strong": number(), "weak": number()}
    columns = {**dict(zip(features, x.T, strict=True)), "y": 3 * x[:, 1] + x[:, 2]}
    definition = a_definition(features, {"name": "y", "type": "number"}, "ridge", hyperparameters={"alpha": 1e-9})
    job = a_job(tmp_path, definition, columns, [{"noise": 0.0, "strong": 0.0, "weak": 0.0}])
    model, _ = fitted(job)
    found = permutation_importance(job.definition, model.answer, job.train, 1)
    assert found.order.tolist() == [1, 2, 0]
    # Shuffling adds twice the share of the variance that the feature brings: 9 and 1 of 10.
    np.testing.assert_allclose(found.falls.mean(axis=1), [0, 1.8, 0.2], atol=0.15)
    assert found.baseline == pytest.approx(1) and found.falls.shape == (3, 5) and found.rows == 400


def test_importance_is_bounded_whatever_the_number_of_features(tmp_path: Path) -> None:
    job = an_iris_job(tmp_path)
    answered = 0

    def answer(rows: Any) -> Answers:
        nonlocal answered
        answered += len(rows)
        return Answers(labels=np.full(len(rows), "setosa", dtype=object))

    wide = a_definition({f"x{i}": number() for i in range(390)}, {"name": "y", "type": "number"}, "ridge")
    columns = {f"x{i}": np.zeros(60) for i in range(390)} | {"y": np.zeros(60)}
    assert job.definition.is_classification
    wide_job = a_job(tmp_path / "wide", wide, columns, [{f"x{i}": 0.0 for i in range(390)}])
    found = permutation_importance(
        wide_job.definition,
        lambda rows: Answers(values=np.zeros(len(answer(rows).labels))),
        wide_job.train,
        1,
    )
    assert found.rows == 50 and found.falls.shape == (390, 1) and answered <= 20_000


def test_partial_dependence_is_scikit_learns(tmp_path: Path) -> None:
    job = an_iris_job(tmp_path, "logistic-regression")
    model, explained = fitted(job)
    curve = partial_dependence(explained, job.definition.features[2], job.train.rows, job.train.rows)
    assert curve is not None
    pipeline = make_pipeline(StandardScaler(), model.estimator)
    pipeline[0].mean_, pipeline[0].scale_ = model.preprocessing.means, model.preprocessing.deviations
    pipeline[0].n_features_in_ = 4
    expected = sklearn_dependence(
        pipeline, job.train.rows.numbers.astype(np.float64), [2], custom_values={2: curve.grid}, kind="average"
    )
    np.testing.assert_allclose(curve.curves, expected["average"], atol=SERVED)
    assert len(curve.grid) == 10 and set(np.float32(curve.grid)) <= set(job.train.rows.numbers[:, 2])


def test_rules_of_iris_are_those_of_the_books(tmp_path: Path) -> None:
    job = an_iris_job(tmp_path)
    _, explained = fitted(job)
    found = find_rules(job.definition, job.train.rows, explained.answer(job.train.rows))
    assert not isinstance(found, str)
    assert found.rules[0].text == "if petal_length <= 2.45 then setosa"
    assert sum(rule.share for rule in found.rules) == pytest.approx(1)
    assert found.fidelity > 0.9


def test_rules_name_features_and_categories(tmp_path: Path) -> None:
    job = a_mixed_job(tmp_path, "random-forest", regression=True, rows=300)
    _, explained = fitted(job)
    found = find_rules(job.definition, job.train.rows, explained.answer(job.train.rows))
    assert not isinstance(found, str)
    text = " ".join(rule.text for rule in found.rules)
    assert "colour is red" in text and "colour is not red" in text and "pressure <= " in text
    assert set(found.missing_counts_as) == {"length", "colour", "count", "flag"}
    assert found.missing_counts_as["flag"] is False


def test_cells_come_back_as_the_same_rows(tmp_path: Path) -> None:
    job = a_mixed_job(tmp_path, "random-forest", regression=False)
    cells = json.loads(json.dumps(cells_of(job.train.rows, job.definition)))
    assert list(cells[0]) == [feature.name for feature in job.definition.features]
    lengths = [np.nan if row["length"] is None else row["length"] for row in cells]
    assert np.array_equal(np.float32(lengths), job.train.rows.numbers[:, 0], equal_nan=True)
    assert {row["colour"] for row in cells} == {None, "red", "green", "blue"}
    assert {type(row["flag"]) for row in cells} == {bool, type(None)}


def explain_job(job: Job, fit: Any = None) -> dict[str, Any]:
    trainer = choose_trainer(job.definition, job.hyperparameters)
    train_package(job, fit or trainer.fit, trainer.algorithm, trainer.settings)
    return json.loads((job.model_folder / "explanation.json").read_text())


def test_a_job_leaves_its_explanation_the_same_each_time(tmp_path: Path) -> None:
    job = an_iris_job(tmp_path / "one")
    first, second = explain_job(job), explain_job(an_iris_job(tmp_path / "two"))
    first.pop("durationSeconds"), second.pop("durationSeconds")
    assert first == second
    assert first["importance"]["rowsFrom"] == "held-back fold" and first["importance"]["rows"] == 24
    assert first["importance"]["features"][0]["feature"] == "petal_length"
    assert first["shapley"] | {"features": []} == {
        "output": "vote",
        "method": "enumeration",
        "rows": 10,
        "features": [],
    }
    golden = json.loads((job.model_folder / "golden.json").read_text())
    for each in first["reference"]["golden"]:
        assert each["label"] == golden["labels"][each["row"]]
        assert each["base"] + sum(each["contributions"].values()) == pytest.approx(1, abs=1e-9)
    assert len(first["reference"]["background"]) == 24


def test_the_twin_scores_what_scikit_learn_says(tmp_path: Path) -> None:
    job = an_iris_job(tmp_path)
    twin = explain_job(job)["twin"]
    assert twin["algorithm"] == "logistic-regression"
    folds = StratifiedKFold(5, shuffle=True, random_state=42)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    expected = cross_val_score(pipeline, job.train.rows.numbers.astype(np.float64), job.train.target, cv=folds).mean()
    assert twin["score"] == pytest.approx(expected)
    assert twin["price"] == pytest.approx(twin["modelScore"] - twin["score"])


def test_a_model_that_can_be_read_needs_no_twin(tmp_path: Path) -> None:
    assert "can be read" in explain_job(an_iris_job(tmp_path, "logistic-regression"))["twin"]["reason"]


def test_many_features_are_sampled_and_still_add_up(tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    x = random.normal(size=(80, 14))
    features = {f"x{i}": number() for i in range(14)}
    columns = {**dict(zip(features, x.T, strict=True)), "y": x @ np.arange(14)}
    definition = a_definition(features, {"name": "y", "type": "number"}, "ridge")
    golden = [dict(zip(features, map(float, x[i]), strict=True)) for i in range(3)]
    job = a_job(tmp_path, definition, columns, golden)
    reference = explain_job(job)["reference"]
    values = json.loads((job.model_folder / "golden.json").read_text())["values"]
    assert reference["method"] == "permutation" and len(reference["permutations"]) == 39
    first = reference["golden"][0]
    assert first["base"] + sum(first["contributions"].values()) == pytest.approx(values[0], abs=1e-4)


def test_a_model_of_ones_own_is_explained_from_its_answers(tmp_path: Path) -> None:
    job = a_mixed_job(tmp_path, "random-forest", regression=False)

    class Own:
        """Hides that there is a forest behind it."""

        def __init__(self, model: FittedModel) -> None:
            self.answer, self.to_onnx = model.answer, model.to_onnx

    trainer = choose_trainer(job.definition, job.hyperparameters)
    found = explain_job(job, lambda table: Own(trainer.fit(table)))
    assert found["shapley"]["method"] == found["reference"]["method"] == "enumeration"
    assert found["partialDependence"][0]["curves"][1]["label"] == "none"
