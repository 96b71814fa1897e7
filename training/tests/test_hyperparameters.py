"""How hyperparameters arrive."""

from __future__ import annotations

import json

import pytest
from iris import iris_definition

from evergreen_training.definition import parse_definition
from evergreen_training.errors import JobError
from evergreen_training.estimators import choose_trainer
from evergreen_training.hyperparameters import read_hyperparameters


def test_the_command_line_is_read_as_the_training_toolkit_writes_it() -> None:
    arguments = ["-C", "1.0", "--n_estimators", "30", "--scale", "True", "--rate=1e-05", "--class_weight", "balanced"]
    assert read_hyperparameters(arguments, {}) == {
        "C": 1.0,
        "n_estimators": 30,
        "scale": True,
        "rate": 1e-05,
        "class_weight": "balanced",
    }


def test_negative_numbers_are_values() -> None:
    assert read_hyperparameters(["--max_iter", "-1"], {}) == {"max_iter": -1}


def test_the_command_line_wins_over_sm_hps() -> None:
    given = {"SM_HPS": json.dumps({"C": 2, "tol": "0.01", "word": '"quoted"'})}
    assert read_hyperparameters(["-C", "3"], given) == {"C": 3, "tol": 0.01, "word": "quoted"}


def test_sagemakers_own_names_and_unset_values_are_left_out() -> None:
    arguments = ["--_tuning_objective_metric", "validation_score", "--sagemaker_program", "x", "--max_depth", ""]
    assert read_hyperparameters(arguments, {"SM_HPS": '{"none": null, "sagemaker_region": "a"}'}) == {}


@pytest.mark.parametrize(
    ("arguments", "hps", "message"),
    [
        (["--C"], "{}", "the hyperparameter C has no value"),
        (["C", "1"], "{}", "the argument 'C' is not understood"),
        ([], "[1]", "SM_HPS must be a JSON object"),
        ([], "{", "SM_HPS is not JSON"),
    ],
)
def test_what_cannot_be_read_is_refused(arguments: list[str], hps: str, message: str) -> None:
    with pytest.raises(JobError, match=message):
        read_hyperparameters(arguments, {"SM_HPS": hps})


def test_whole_numbers_may_come_as_decimals_and_nothing_else_does() -> None:
    definition = parse_definition(iris_definition("random-forest"))
    assert choose_trainer(definition, {"n_estimators": 20.0}).settings["n_estimators"] == 20
    for value in (20.5, True, float("nan"), "20"):
        with pytest.raises(JobError, match=r"n_estimators is .* it must be a whole number"):
            choose_trainer(definition, {"n_estimators": value})
    with pytest.raises(JobError, match="scale is 1; it must be true or false"):
        choose_trainer(parse_definition(iris_definition()), {"scale": 1})


def test_an_unknown_algorithm_is_refused_with_those_there_are() -> None:
    definition = parse_definition(iris_definition("neural-network"))
    said = "neural-network is not built in for classification; use logistic-regression, linear-svc"
    with pytest.raises(JobError, match=said):
        choose_trainer(definition, {})
