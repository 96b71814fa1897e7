"""One suite that every built-in algorithm passes, for both tasks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from jobs import a_definition, a_job, category, number, rows_of
from samples import sample_data, wide_data

from evergreen_training.contract import Job
from evergreen_training.cross_validation import cross_validate
from evergreen_training.data import Rows
from evergreen_training.errors import JobError
from evergreen_training.estimators import ALGORITHMS, choose_trainer
from evergreen_training.figures import score_answers
from evergreen_training.model import Answers, Model
from evergreen_training.package import train_package
from evergreen_training.parity import check_parity, open_session, tolerance_of

CASES = [(name, task) for task, recipes in ALGORITHMS.items() for name in recipes]
# Small models keep the suite quick; support vector regression needs scaled columns to end at all.
_FEW_TREES = {"n_estimators": 20}
_SMALL_NETWORK = {"hidden_layer_sizes": 8, "learning_rate_init": 0.02, "max_iter": 500, "tol": 1e-3}
QUICK: dict[tuple[str, str], dict[str, Any]] = {
    ("linear-svc", "classification"): {"scale": True},
    ("linear-svr", "regression"): {"scale": True, "C": 10_000.0},
    ("matrix-factorisation", "ranking"): {"user": "user", "factors": 4},
    ("item-to-item", "ranking"): {"history": "recent"},
    ("elastic-net", "regression"): {"alpha": 0.05},
    **{(name, task): _SMALL_NETWORK for name, task in CASES if name == "mlp"},
    **{("lightgbm", task): {"n_estimators": 60, "min_child_samples": 5} for _, task in CASES},
    **{
        (name, task): _FEW_TREES
        for name, task in CASES
        if name in ("random-forest", "extra-trees", "gradient-boosting", "isolation-forest")
    },
}

# Of each algorithm the first that it takes is tried; `scale` is all that linear regression has.
IMPOSSIBLE_BELOW_ZERO = ("C", "alpha", "n_estimators", "epochs", "ccp_alpha", "var_smoothing", "neighbours", "scale")

every_algorithm = pytest.mark.parametrize(("algorithm", "task"), CASES)


def mixed_job(folder: Path, algorithm: str, task: str, rows: int = 240, seed: int = 7) -> Job:
    parts, columns = sample_data(task, rows, seed)
    hyperparameters = QUICK.get((algorithm, task), {})
    definition = a_definition(**parts, algorithm=algorithm, task=task, hyperparameters=hyperparameters)
    return a_job(folder, definition, columns, rows_of(columns, range(8), parts["target"]["name"]))


def fit(job: Job) -> Model:
    return choose_trainer(job.definition, job.hyperparameters).fit(job.train)


def fresh_rows(job: Job, count: int) -> Rows:
    """Rows the model has not seen: each cell drawn anew, missing ones and an unseen category among them."""
    random = np.random.default_rng(99)
    numbers, words = job.train.rows.numbers, job.train.rows.texts
    drawn = np.empty((count, numbers.shape[1]), dtype=np.float32)
    for column in range(numbers.shape[1]):
        drawn[:, column] = random.choice(numbers[:, column], count)
    texts = np.empty((count, words.shape[1]), dtype=object)
    for column, feature in enumerate(job.definition.texts):
        values = feature.categories or (*words[:, column], "nothing known", " \n ")
        texts[:, column] = random.choice([*values, *([""] if feature.may_be_missing else [])], count)
    return Rows(drawn, texts)


@every_algorithm
def test_onnx_answers_as_python_does(tmp_path: Path, algorithm: str, task: str) -> None:
    job = mixed_job(tmp_path, algorithm, task)
    model = fit(job)
    session = open_session(job.definition, model.to_onnx())
    for rows in (job.train.rows, job.golden.rows, fresh_rows(job, 3000)):
        python, served = model.answer(rows), session(rows)
        if task == "regression":
            np.testing.assert_allclose(served.values, python.values, rtol=0, atol=tolerance_of(python.values))
            continue
        assert served.labels is not None
        assert served.labels.tolist() == python.labels.tolist()
        if python.scores is not None:
            np.testing.assert_allclose(served.scores, python.scores, rtol=0, atol=1e-6)


@every_algorithm
def test_model_learns_something(tmp_path: Path, algorithm: str, task: str) -> None:
    job = mixed_job(tmp_path, algorithm, task, rows=600 if task == "ranking" else 240)
    folds = cross_validate(job.definition, job.train, choose_trainer(job.definition, job.hyperparameters).fit)
    assert len(folds) == 3
    least = 0.6
    if algorithm == "decision-tree":
        # One tree cuts a sloping target into steps.
        least = 0.3
    elif task == "ranking":
        # Of few items the popular ones alone score well.
        shares = np.bincount(job.train.target, minlength=12)[None] / len(job.train)
        popular = Answers(np.full(len(job.train), ""), np.repeat(shares, len(job.train), axis=0))
        least = score_answers(job.definition, popular, job.train.target)["score"] + 0.05
    assert np.mean([fold["score"] for fold in folds]) > least


@every_algorithm
def test_graph_keeps_to_the_contract(tmp_path: Path, algorithm: str, task: str) -> None:
    job = mixed_job(tmp_path, algorithm, task, rows=60)
    proto = onnx.load_from_string(fit(job).to_onnx())
    onnx.checker.check_model(proto)
    splits_texts = task == "text-classification" or algorithm == "item-to-item"
    opsets = {"": 20 if splits_texts else 18, "ai.onnx.ml": 3}
    assert {opset.domain: opset.version for opset in proto.opset_import} == opsets
    assert proto.ir_version == (9 if splits_texts else 8)
    assert {node.domain for node in proto.graph.node} <= {"", "ai.onnx.ml"}
    assert not {node.op_type for node in proto.graph.node} & {"Loop", "If", "Scan"}
    assert len(proto.functions) == 0
    assert all(not tensor.external_data for tensor in proto.graph.initializer)
    shapes = {value.name: value.type.tensor_type for value in [*proto.graph.input, *proto.graph.output]}
    kinds = {name: tensor.elem_type for name, tensor in shapes.items()}
    columns = {name: tensor.shape.dim[-1].dim_value for name, tensor in shapes.items() if len(tensor.shape.dim) == 2}
    given = {"texts": onnx.TensorProto.STRING}
    if job.definition.numbers:
        given["numbers"] = onnx.TensorProto.FLOAT
        assert columns["numbers"] == len(job.definition.numbers)
    if task == "regression":
        assert kinds == {**given, "value": onnx.TensorProto.FLOAT}
    elif algorithm in ("linear-svc", "svc"):
        assert kinds == {**given, "label": onnx.TensorProto.STRING}
    else:
        assert kinds == {**given, "label": onnx.TensorProto.STRING, "scores": onnx.TensorProto.FLOAT}
        assert columns["scores"] == len(job.definition.categories)
    assert columns["texts"] == len(job.definition.texts)


@every_algorithm
def test_one_row_is_answered_as_in_a_batch(tmp_path: Path, algorithm: str, task: str) -> None:
    job = mixed_job(tmp_path, algorithm, task, rows=60)
    session = open_session(job.definition, fit(job).to_onnx())
    together = session(job.golden.rows)
    for position in range(len(job.golden.rows)):
        alone = session(job.golden.rows.take([position]))
        if task == "regression":
            assert alone.values is not None
            assert alone.values.shape == (1,)
            assert alone.values[0] == pytest.approx(together.values[position], rel=1e-6)
        else:
            assert alone.labels is not None
            assert alone.labels.tolist() == [together.labels[position]]


@every_algorithm
def test_same_seed_gives_same_bytes_and_another_seed_a_job_of_its_own(
    tmp_path: Path, algorithm: str, task: str
) -> None:
    job = mixed_job(tmp_path, algorithm, task, rows=60)
    digests = [hashlib.sha256(fit(job).to_onnx()).hexdigest() for _ in range(2)]
    assert digests[0] == digests[1]
    if algorithm == "random-forest":
        other = fit(mixed_job(tmp_path / "other", algorithm, task, rows=60, seed=8))
        assert hashlib.sha256(other.to_onnx()).hexdigest() != digests[0]


@every_algorithm
def test_a_class_without_train_rows_scores_zero(tmp_path: Path, algorithm: str, task: str) -> None:
    job = mixed_job(tmp_path, algorithm, task, rows=120)
    answers = fit(job).answer(fresh_rows(job, 200))
    if task == "regression":
        assert answers.values is not None
        assert np.isfinite(answers.values).all()
        return
    assert answers.labels is not None
    never = np.bincount(job.train.target, minlength=len(job.definition.categories)) == 0
    assert never.any() == (task != "anomaly-detection")
    assert not set(answers.labels) & set(np.array(job.definition.categories)[never])
    if answers.scores is not None:
        assert (answers.scores[:, never] == 0).all()
        np.testing.assert_allclose(answers.scores.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(("algorithm", "task"), [case for case in CASES if case[1] in ("classification", "regression")])
def test_two_classes(tmp_path: Path, algorithm: str, task: str) -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(80, 2))
    side = x[:, 0] + x[:, 1] > 0
    target: Any = category("yes", "no")
    columns = {"a": x[:, 0], "b": x[:, 1], "y": np.where(side, "yes", "no").tolist()}
    if task == "regression":
        target, columns["y"] = number(), (x[:, 0] * 1e-3).tolist()
    features = {"a": number(), "b": number()}
    hyperparameters = {"epsilon": 1e-4} if algorithm == "linear-svr" else QUICK.get((algorithm, task), {})
    definition = a_definition(features, {"name": "y", **target}, algorithm, hyperparameters=hyperparameters)
    job = a_job(tmp_path, definition, columns, rows_of(columns, range(5), "y"))
    model = fit(job)
    python, served = model.answer(job.train.rows), open_session(job.definition, model.to_onnx())(job.train.rows)
    assert score_answers(job.definition, python, job.train.target)["score"] > 0.8
    if task == "regression":
        np.testing.assert_allclose(served.values, python.values, atol=1e-8)
    else:
        assert served.labels.tolist() == python.labels.tolist()


@every_algorithm
def test_500_columns_words_or_items(tmp_path: Path, algorithm: str, task: str) -> None:
    parts, columns = wide_data(task)
    hyperparameters = QUICK.get((algorithm, task), {})
    definition = a_definition(**parts, algorithm=algorithm, task=task, hyperparameters=hyperparameters)
    job = a_job(tmp_path, definition, columns, rows_of(columns, range(3), parts["target"]["name"]))
    model = fit(job)
    content = model.to_onnx()
    assert len(content) < 4_000_000
    assert (
        check_parity(
            job.definition,
            model,
            open_session(job.definition, content),
            job.train.rows,
            model.answer(job.train.rows),
            job.golden,
        )
        >= 63
    )


@every_algorithm
def test_one_row_or_one_class_is_refused(tmp_path: Path, algorithm: str, task: str) -> None:
    parts, columns = sample_data(task, 40, 7)
    hyperparameters = QUICK.get((algorithm, task), {})
    definition = a_definition(**parts, algorithm=algorithm, task=task, hyperparameters=hyperparameters)
    target = parts["target"]["name"]
    golden = rows_of(columns, [0], target)

    def run(name: str, train: dict[str, Any]) -> None:
        job = a_job(tmp_path / name, definition, train, golden)
        train_package(job, choose_trainer(job.definition, job.hyperparameters).fit)

    with pytest.raises(JobError, match="1 train row; a model needs at least two"):
        run("one-row", {name: column[:1] for name, column in columns.items()})
    assert not list(tmp_path.rglob("model.onnx"))
    if task == "regression":
        return
    first = columns[target][0]
    one_class = {**columns, target: [first] * 40}
    if task == "anomaly-detection":
        run("one-class", one_class)
        return
    with pytest.raises(JobError, match=f"all 40 train rows have the {target} {first}"):
        run("one-class", one_class)
    assert not list(tmp_path.rglob("model.onnx"))


@every_algorithm
def test_unknown_and_impossible_settings_are_refused(tmp_path: Path, algorithm: str, task: str) -> None:
    job = mixed_job(tmp_path, algorithm, task, rows=40)
    with pytest.raises(JobError, match=f"{algorithm} has no hyperparameter magic; it takes "):
        choose_trainer(job.definition, {"magic": 1})
    taken = ALGORITHMS[task][algorithm].settings
    name = next(name for name in IMPOSSIBLE_BELOW_ZERO if name in taken)
    with pytest.raises(JobError, match=f"the hyperparameter {name} is 'much'; it must be "):
        choose_trainer(job.definition, {name: "much"})
    if name != "scale":
        with pytest.raises(JobError, match=rf"cannot be trained: .*({name}|max_iter|boosting rounds)\b"):
            choose_trainer(job.definition, {**job.hyperparameters, name: -1}).fit(job.train)
