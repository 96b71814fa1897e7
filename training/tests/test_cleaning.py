"""What the definition says of missing values and outliers: learned on train rows alone, and the same in the graph."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from jobs import a_definition, category, mixed_data, number
from sklearn.impute import SimpleImputer

from evergreen_training.continuing.state import describe_state, read_state
from evergreen_training.data import Rows, Table
from evergreen_training.definition import Definition, parse_definition
from evergreen_training.estimators import choose_trainer
from evergreen_training.parity import open_session
from evergreen_training.preprocessing import Preprocessing, learn_preprocessing

_MISSING = float("nan")


def learn(feature: dict[str, Any], values: Any) -> Preprocessing:
    definition = parse_definition(a_definition({"x": feature}, {"name": "y", **category("a", "b")}))
    return learn_preprocessing(definition, numbers(values), scale=False)


def numbers(values: Any) -> Rows:
    matrix = np.asarray(values, dtype=np.float32)[:, None]
    return Rows(matrix, np.empty((len(matrix), 0), dtype=object))


def texts(values: list[str]) -> Rows:
    column = np.array(values, dtype=object)[:, None]
    return Rows(np.empty((len(values), 0), dtype=np.float32), column)


@pytest.mark.parametrize(
    ("impute", "expected"),
    [
        (None, "median"),
        ({"strategy": "median"}, "median"),
        ({"strategy": "mean"}, "mean"),
        ({"strategy": "mode"}, "most_frequent"),
    ],
)
def test_a_missing_number_becomes_what_scikit_learn_makes_of_it(impute: Any, expected: str) -> None:
    values = [4, 1, _MISSING, 4, 1, 9, 2.5, _MISSING]
    feature = number(mayBeMissing=True, **({"impute": impute} if impute else {}))
    filled = learn(feature, values).transform(numbers(values))
    reference = SimpleImputer(strategy=expected).fit_transform(numbers(values).numbers)
    np.testing.assert_allclose(filled, reference, rtol=1e-6)


def test_a_constant_is_taken_as_it_is() -> None:
    preprocessing = learn(number(mayBeMissing=True, impute={"strategy": "constant", "value": -7}), [_MISSING, 1, 2])
    assert preprocessing.transform(numbers([_MISSING, 3])).ravel().tolist() == [-7, 3]


def test_booleans_and_categories_are_filled_as_the_definition_says() -> None:
    flag = {"type": "boolean", "mayBeMissing": True, "impute": {"strategy": "constant", "value": True}}
    assert learn(flag, [0, 0, _MISSING]).fills.tolist() == [1]
    colour = category("red", "blue", mayBeMissing=True, impute={"strategy": "constant", "value": "red"})
    definition = parse_definition(a_definition({"c": colour}, {"name": "y", **category("a", "b")}))
    preprocessing = learn_preprocessing(definition, texts(["blue", "blue", "red", ""]), scale=False)
    assert preprocessing.text_fills == ("red",)
    assert preprocessing.transform(texts([""])).tolist() == preprocessing.transform(texts(["red"])).tolist()


@pytest.mark.parametrize(
    ("outliers", "low", "high"),
    [
        # Quartiles of 1 … 9 and 100 are 3.25 and 7.75.
        ({"action": "clip"}, 3.25 - 1.5 * 4.5, 7.75 + 1.5 * 4.5),
        ({"action": "clip", "method": "iqr", "factor": 3}, 3.25 - 3 * 4.5, 7.75 + 3 * 4.5),
        (
            {"action": "clip", "method": "z-score", "factor": 1},
            14.5 - np.std([*range(1, 10), 100], ddof=1),
            14.5 + np.std([*range(1, 10), 100], ddof=1),
        ),
    ],
)
def test_outliers_are_moved_to_limits_learned_on_train_rows(outliers: Any, low: float, high: float) -> None:
    preprocessing = learn(number(outliers=outliers), [*range(1, 10), 100])
    moved = preprocessing.transform(numbers([-1e30, 5, 1e30])).ravel()
    np.testing.assert_allclose(moved, [low, 5, high], rtol=1e-6)


def test_fills_are_learned_after_outliers_are_moved() -> None:
    feature = number(mayBeMissing=True, impute={"strategy": "mean"}, outliers={"action": "clip"})
    values = [*range(1, 10), 100, _MISSING]
    clipped = np.clip([*range(1, 10), 100], 3.25 - 6.75, 7.75 + 6.75)
    np.testing.assert_allclose(learn(feature, values).fills, [clipped.mean()], rtol=1e-6)


@pytest.mark.parametrize("outliers", [{}, {"action": "flag"}, {"action": "quarantine"}])
def test_nothing_is_moved_when_nobody_asks(outliers: Any) -> None:
    assert learn(number(outliers=outliers), [*range(1, 10), 100]).limits is None


def cleaned_definition(algorithm: str) -> tuple[Definition, Table, Rows]:
    parts, columns = mixed_data(300, 3, regression=False)
    features = parts["features"]
    features["length"] |= {
        "impute": {"strategy": "mean"},
        "outliers": {"action": "clip", "method": "z-score", "factor": 1},
    }
    features["pressure"] |= {"outliers": {"action": "clip", "factor": 0.5}}
    features["count"] |= {"impute": {"strategy": "constant", "value": 3}}
    features["colour"] |= {"impute": {"strategy": "constant", "value": "green"}}
    features["flag"] |= {"impute": {"strategy": "mode"}}
    definition = parse_definition(a_definition(features, parts["target"], algorithm))
    matrix = np.array(
        [[np.nan if v is None else float(v) for v in columns[f.name]] for f in definition.numbers], dtype=np.float32
    ).T
    words = np.array([["" if v is None else v for v in columns[f.name]] for f in definition.texts], dtype=object).T
    target = np.array([definition.categories.index(v) for v in columns["grade"]])
    rows = Rows(matrix, words)
    odd = rows.take(np.arange(40))
    odd.numbers[:20, 0] = np.nan
    odd.numbers[20:, 1] = np.linspace(-1e6, 1e6, 20)
    odd.numbers[30:] = np.nan
    odd.texts[10:] = ""
    return definition, Table(rows, target), odd


@pytest.mark.parametrize("algorithm", ["logistic-regression", "random-forest", "gradient-descent", "lightgbm"])
def test_the_graph_cleans_as_training_did(algorithm: str) -> None:
    definition, train, odd = cleaned_definition(algorithm)
    model = choose_trainer(definition, {}).fit(train)
    served, python = open_session(definition, model.to_onnx())(odd), model.answer(odd)
    np.testing.assert_allclose(served.scores, python.scores, rtol=0, atol=1e-5)
    assert served.labels.tolist() == python.labels.tolist()
    # A number beyond the limit is answered as the limit is, and a missing one as its fill.
    preprocessing = model.preprocessing
    at_limit = Rows(odd.numbers.copy(), odd.texts)
    filled = np.where(np.isnan(odd.numbers), preprocessing.fills, odd.numbers)
    at_limit.numbers[:] = np.clip(filled, preprocessing.limits[0], preprocessing.limits[1])
    np.testing.assert_array_equal(open_session(definition, model.to_onnx())(at_limit).scores, served.scores)


def test_what_is_learned_comes_back_from_the_state_of_a_model() -> None:
    definition, train, odd = cleaned_definition("gradient-descent")
    model = choose_trainer(definition, {}).fit(train)
    document = json.loads(json.dumps(describe_state(model)))
    state = read_state(document, definition, model.estimator.hidden_units, model.estimator.activation)
    np.testing.assert_array_equal(state.preprocessing.transform(odd), model.preprocessing.transform(odd))
    # A state from before limits were learned has none.
    del document["preprocessing"]["limits"]
    older = read_state(document, definition, model.estimator.hidden_units, model.estimator.activation)
    assert older.preprocessing.limits is None
