"""Texts: what is a word, and that the graph reads texts to the letter as Python does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobs import a_definition, a_job, category, number
from sklearn.feature_extraction.text import TfidfVectorizer

from evergreen_training.data import Rows, Table
from evergreen_training.definition import Definition, parse_definition
from evergreen_training.errors import JobError
from evergreen_training.estimators import choose_trainer
from evergreen_training.package import train_package
from evergreen_training.parity import open_session
from evergreen_training.text_vectors import TextSettings, TextVectors, learn_text_vectors
from evergreen_training.words import MOST_BREAKS, MOST_WORDS, split_text, word_of

TOPICS = {
    "sport": "the team won the match, a great goal! Players and fans cheer at half-time",
    "money": "banks raise rates; the market (and shares) fall on tax news. Élan of the euro",
    "travel": 'the train to the sea leaves at noon, "cheap" hotels near Ägypten and the old Übergang',
}


def sentences(count: int, seed: int) -> tuple[list[str], np.ndarray]:
    random = np.random.default_rng(seed)
    target = random.integers(0, len(TOPICS), count)
    words = [text.split(" ") for text in TOPICS.values()]
    gaps = [" ", "  ", "\n", " \n ", "\n\n", ", ", "\t"]
    texts = []
    for topic in target:
        chosen = random.choice(words[topic], random.integers(3, 30))
        texts.append("".join(word + random.choice(gaps, p=[0.7, 0.05, 0.1, 0.05, 0.05, 0.03, 0.02]) for word in chosen))
    return texts, target


ODD = [
    "",
    " ",
    "\n",
    "\n \n\n  \n",
    ".,;!? -- ... ()",
    "TRAIN Train tRaIn (train) train. train, \"train\" 'train' train... TRAIN\r\nTRAIN",
    "übergang Übergang ÜBERGANG uebergang İstanbul ǅ ß ẞ",
    "naïve 漢字 العربية עברית 🚂🚃 👩‍👩‍👧 e\u0301 \u200b \ufeff",
    "the\u00a0train\u3000to\tthe\vsea\fleaves",
    "the train\nto the\nsea",
    "the team " * 1111,
    "a" * 10_000,
    "goal\n" * 2000,
    ("goal " * 1250 + "\n" * 3750),
    "train " * (MOST_WORDS + 40) + "goal",
    "\ufffd <b>goal</b> goal's ~goal~ -goal- _goal_",
    "\x01\x02 goal \x7f",
]


def a_reader(**train: Any) -> Definition:
    features = {"body": {"type": "text", "mayBeMissing": True}}
    return parse_definition(
        a_definition(
            features, {"name": "topic", **category(*TOPICS)}, "logistic-regression", "text-classification", **train
        )
    )


def as_rows(*columns: list[str]) -> Rows:
    texts = np.array(columns, dtype=object).T
    return Rows(np.empty((len(texts), 0), dtype=np.float32), texts)


def test_odd_texts_are_read_alike_together_and_alone() -> None:
    texts, target = sentences(300, 1)
    definition = a_reader()
    model = choose_trainer(definition, {}).fit(Table(as_rows(texts), target))
    session = open_session(definition, model.to_onnx())
    rows = as_rows(ODD + sentences(200, 2)[0])
    python, served = model.answer(rows), session(rows)
    assert served.labels.tolist() == python.labels.tolist()
    np.testing.assert_allclose(served.scores, python.scores, rtol=0, atol=1e-6)
    for position in range(len(rows)):
        alone = session(rows.take([position]))
        np.testing.assert_allclose(alone.scores[0], python.scores[position], rtol=0, atol=1e-6)


def test_topics_are_told_apart() -> None:
    texts, target = sentences(200, 3)
    model = choose_trainer(a_reader(), {}).fit(Table(as_rows(texts), target))
    fresh, truth = sentences(200, 4)
    labels = model.answer(as_rows(fresh)).labels
    assert np.mean(labels == np.array(list(TOPICS), dtype=object)[truth]) > 0.95


def test_vectors_of_plain_words_are_scikit_learns() -> None:
    random = np.random.default_rng(5)
    texts = [" ".join(random.choice(list("abcdefgh"), random.integers(1, 20))) for _ in range(100)]
    ours = learn_text_vectors("body", 0, texts, TextSettings(1000, 3, 2, True))
    theirs = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), min_df=3, sublinear_tf=True)
    expected = theirs.fit_transform(texts)
    names = [tuple(name.split(" ")) for name in theirs.get_feature_names_out()]
    order = [names.index(gram) for gram in ours.grams]
    assert sorted(names) == sorted(ours.grams)
    np.testing.assert_allclose(ours.transform(texts).toarray(), expected.toarray()[:, order], rtol=0, atol=1e-12)


def test_words_are_found_without_punctuation_and_in_any_case() -> None:
    vectors = learn_text_vectors("body", 0, ["the übung ends", "the übung goes"], TextSettings(100, 2, 1, False))
    assert vectors.grams == (("the",), ("übung",))
    for text in ("Übung", "ÜBUNG!", "(übung)", '"Übung"', "Übung...", "«übung", "übung\nx", "\n\nübung"):
        assert vectors.transform([text]).toarray().tolist() == [[0.0, 1.0]], text
    assert vectors.transform(["übungen ü bung -"]).toarray().tolist() == [[0.0, 0.0]]


def test_pieces_and_words() -> None:
    assert split_text(" Big  RED\n\n(Dog) \n") == ["big", "red", "(dog)"]
    assert split_text("x " * 3000 + "y") == ["x"] * MOST_WORDS
    assert split_text("\n".join("abcdefghijkl")) == list("abcdefghijkl"[:MOST_BREAKS])
    assert [word_of(piece) for piece in ("(dog),", "...", "half-time", "ÉTÉ\r")] == ["dog", "", "half-time", "été"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ngrams": 3}, "'ngrams' parameter is 3; it must be 1 to 2"),
        ({"max_features": 0}, "'max_features' parameter is 0; it must be 1 to 50000"),
        ({"min_df": 0}, "'min_df' parameter is 0; it must be at least 1"),
        ({"min_df": 900}, "no word of body occurs in 900 of the 30 texts; lower min_df"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, Any], message: str) -> None:
    texts, target = sentences(30, 6)
    with pytest.raises(JobError, match=message):
        choose_trainer(a_reader(), settings).fit(Table(as_rows(texts), target))


def test_two_texts_beside_numbers_and_categories_with_missing_ones(tmp_path: Path) -> None:
    titles, target = sentences(150, 7)
    bodies, _ = sentences(150, 8)
    random = np.random.default_rng(9)
    columns: dict[str, Any] = {
        "title": [None if random.random() < 0.2 else text for text in titles],
        "pages": [None if random.random() < 0.2 else float(n) for n in random.integers(1, 90, 150)],
        "body": bodies,
        "paper": random.choice(["daily", "weekly"], 150).tolist(),
        "topic": [list(TOPICS)[position] for position in target],
    }
    features = {
        "title": {"type": "text", "mayBeMissing": True},
        "pages": number(mayBeMissing=True),
        "body": {"type": "text"},
        "paper": category("daily", "weekly"),
    }
    definition = a_definition(
        features, {"name": "topic", **category(*TOPICS)}, "logistic-regression", "text-classification"
    )
    names = list(features)
    golden = [{name: columns[name][row] for name in names} for row in range(20)]
    job = a_job(tmp_path, definition, columns, golden)
    train_package(job, choose_trainer(job.definition, {}).fit)
    assert (job.model_folder / "model.onnx").stat().st_size < 400_000


def test_a_vocabulary_has_no_spelling_of_two_words() -> None:
    texts, _ = sentences(100, 11)
    vectors: TextVectors = learn_text_vectors("body", 0, texts, TextSettings(5000, 1, 2, True))
    assert all(word_of(piece) == word for piece, word in vectors.spellings.items())
    assert vectors.spellings["train"] == vectors.spellings["train!"] == "train"
