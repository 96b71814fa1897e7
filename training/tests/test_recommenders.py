"""Recommenders against the equations of their papers, and what they say to strangers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from jobs import a_definition, category, number
from samples import sample_data
from sklearn.metrics.pairwise import cosine_similarity

from evergreen_training.data import Rows, Table
from evergreen_training.definition import Definition, parse_definition
from evergreen_training.errors import JobError
from evergreen_training.estimators import choose_trainer
from evergreen_training.figures import score_answers
from evergreen_training.item_to_item import ItemToItem
from evergreen_training.matrix_factorisation import MatrixFactorisation, _solve
from evergreen_training.parity import open_session

ITEMS = ("a", "b", "c", "d")
TEXT = {"type": "text", "mayBeMissing": True}


def a_ranking(algorithm: str, items: tuple[str, ...] = ITEMS, **features: Any) -> Definition:
    target = {"name": "item", **category(*items)}
    return parse_definition(a_definition(features or {"given": TEXT}, target, algorithm, "ranking"))


def as_rows(given: list[str]) -> Rows:
    return Rows(np.empty((len(given), 0), dtype=np.float32), np.array(given, dtype=object)[:, None])


def test_a_step_of_alternating_least_squares_is_equation_4_of_the_paper() -> None:
    from scipy.sparse import csr_array

    random = np.random.default_rng(1)
    counts = random.poisson(0.5, size=(30, 11)).astype(float)
    fixed = random.normal(size=(11, 5))
    expected = []
    for line in counts:
        trust = np.diag(1 + 3.0 * line)
        left = fixed.T @ trust @ fixed + 0.7 * np.eye(5)
        expected.append(np.linalg.solve(left, fixed.T @ trust @ (line > 0)))
    np.testing.assert_allclose(_solve(csr_array(counts), fixed, 0.7, 3.0), expected, rtol=0, atol=1e-10)


def test_users_get_the_items_of_those_who_chose_alike() -> None:
    given = ["u1", "u1", "u2", "u2", "u2", "u3", "u3", "u4", "u4", "u4"]
    chosen = np.array([0, 1, 0, 1, 1, 2, 3, 2, 3, 2])
    definition = a_ranking("matrix-factorisation")
    model = choose_trainer(definition, {"regularization": 0.1, "factors": 2}).fit(Table(as_rows(given), chosen))
    scores = model.answer(as_rows(["u1", "u3"])).scores
    assert scores[0, :2].min() > scores[0, 2:].max()
    assert scores[1, 2:].min() > scores[1, :2].max()


@pytest.mark.parametrize("algorithm", ["matrix-factorisation", "item-to-item"])
def test_strangers_get_the_shares_of_the_items(algorithm: str) -> None:
    definition = a_ranking(algorithm)
    model = choose_trainer(definition, {}).fit(Table(as_rows(["a", "", "b", "a"]), np.array([0, 2, 2, 2])))
    session = open_session(definition, model.to_onnx())
    for answers in (model.answer(as_rows(["", "nobody"])), session(as_rows(["", "nobody"]))):
        np.testing.assert_allclose(answers.scores, [[0.25, 0, 0.75, 0]] * 2, rtol=0, atol=1e-7)
        assert answers.labels.tolist() == ["c", "c"]


def test_similarities_are_cosines_of_baskets() -> None:
    random = np.random.default_rng(2)
    baskets = [" ".join(random.choice(ITEMS, random.integers(0, 4))) for _ in range(40)]
    chosen = random.integers(0, 4, 40)
    model = choose_trainer(a_ranking("item-to-item"), {}).fit(Table(as_rows(baskets), chosen))
    assert isinstance(model, ItemToItem)
    table = np.array([[item in text.split(" ") for item in ITEMS] for text in baskets], dtype=float)
    table[np.arange(40), chosen] = 1
    expected = cosine_similarity(table.T)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(model.similarities, expected, rtol=0, atol=1e-12)


def test_an_item_named_twice_counts_once_and_unknown_ones_not_at_all() -> None:
    definition = a_ranking("item-to-item")
    model = choose_trainer(definition, {}).fit(Table(as_rows(["a", "b", "a b", "c d"]), np.array([1, 2, 3, 0])))
    rows = as_rows(["a", " a  a ", "x a y", "a\nb"])
    for answers in (model.answer(rows), open_session(definition, model.to_onnx())(rows)):
        np.testing.assert_array_equal(answers.scores[1:3], answers.scores[[0, 0]])
        # Blanks stand between items, line breaks do not.
        np.testing.assert_allclose(answers.scores[3], [0.25] * 4, atol=1e-7)


@pytest.mark.parametrize(("rows", "seed"), [(600, 7), (1500, 8)])
@pytest.mark.parametrize("named", [{"user": "user"}, {"history": "recent"}])
def test_defaults_rank_better_than_popularity_on_rows_not_seen(named: dict[str, str], rows: int, seed: int) -> None:
    parts, columns = sample_data("ranking", rows, seed)
    algorithm = "matrix-factorisation" if "user" in named else "item-to-item"
    definition = parse_definition(a_definition(**parts, algorithm=algorithm, task="ranking"))
    given = Rows(
        np.empty((rows, 0), dtype=np.float32),
        np.array([[columns[name][row] or "" for name in ("user", "recent")] for row in range(rows)], dtype=object),
    )
    chosen = np.array([definition.categories.index(item) for item in columns["item"]])
    learned, held = np.arange(rows * 2 // 3), np.arange(rows * 2 // 3, rows)
    model = choose_trainer(definition, named).fit(Table(given.take(learned), chosen[learned]))
    unknown = Rows(given.numbers[held], np.full((len(held), 2), "", dtype=object))
    popular = score_answers(definition, model.answer(unknown), chosen[held])["score"]
    assert score_answers(definition, model.answer(given.take(held)), chosen[held])["score"] > popular + 0.05


def test_what_cannot_be_ranked_is_refused() -> None:
    table = Table(as_rows(["a", "b"]), np.array([0, 1]))
    two = a_ranking("matrix-factorisation", who=TEXT, where=TEXT)
    with pytest.raises(JobError, match=r"reads one category or text feature, and there are 2; name it by .* user"):
        choose_trainer(two, {}).fit(table)
    with pytest.raises(JobError, match="user is 'when'; it must name a category or text feature: who, where"):
        choose_trainer(two, {"user": "when"}).fit(table)
    with pytest.raises(JobError, match="item-to-item does not read the number age; take it out"):
        choose_trainer(a_ranking("item-to-item", seen=TEXT, age=number()), {}).fit(table)
    with pytest.raises(JobError, match="the item 'b c' holds a blank"):
        choose_trainer(a_ranking("item-to-item", ("a", "b c")), {}).fit(table)
    with pytest.raises(JobError, match="no train row says which user it is of"):
        choose_trainer(a_ranking("matrix-factorisation"), {}).fit(Table(as_rows(["", ""]), np.array([0, 1])))


def test_factors_come_from_the_seed() -> None:
    parts, columns = sample_data("ranking", 60, 3)
    definition = parse_definition(a_definition(**parts, algorithm="matrix-factorisation", task="ranking"))
    given = np.array([[columns[name][row] or "" for name in ("user", "recent")] for row in range(60)], dtype=object)
    chosen = np.array([definition.categories.index(item) for item in columns["item"]])
    table = Table(Rows(np.empty((60, 0), dtype=np.float32), given), chosen)
    models = [choose_trainer(definition, {"user": "user"}).fit(table) for _ in range(2)]
    assert all(isinstance(model, MatrixFactorisation) for model in models)
    assert models[0].to_onnx() == models[1].to_onnx()
