"""Hosts that train together: two processes on loopback, as the local engine and SageMaker start them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobs import TRAINING, a_definition, mixed_data, rows_of, write_job

from evergreen_training.allreduce import Exchange, open_exchange
from evergreen_training.errors import JobError
from evergreen_training.hosts import Hosts
from evergreen_training.optimisers.closed_form import least_squares
from evergreen_training.optimisers.estimator import GradientDescentRegressor

NAMES = ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


def a_free_port() -> int:
    with socket.create_server((NAMES[0], 0)) as server:
        return server.getsockname()[1]


def together(count: int, work: Any) -> list[Any]:
    """What `work(hosts)` gives on each of some hosts, which are threads here."""
    port, results = a_free_port(), [None] * count

    def run(rank: int) -> None:
        exchange = open_exchange(NAMES[:count], rank, port, "job", patience=10)
        try:
            results[rank] = work(Hosts(rank, count, exchange))
        except JobError as error:
            results[rank] = error
        finally:
            exchange.close()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    return results


def test_every_host_gets_the_same_bytes() -> None:
    vectors = np.random.default_rng(1).normal(size=(3, 100_000))
    sums = together(3, lambda hosts: hosts.add_up(vectors[hosts.rank]))
    np.testing.assert_allclose(sums[0], vectors.sum(axis=0), rtol=0, atol=1e-12)
    assert sums[0].tobytes() == sums[1].tobytes() == sums[2].tobytes()


def test_shares_cover_each_row_once() -> None:
    shares = [Hosts(rank, 3).share(np.arange(10)) for rank in range(3)]
    assert sorted(np.concatenate(shares)) == list(range(10))
    assert [len(share) for share in shares] == [4, 3, 3]


def test_closed_form_of_shares_is_that_of_all_rows() -> None:
    random = np.random.default_rng(2)
    X, y = random.normal(size=(50, 4)), random.normal(size=50)
    for found in together(2, lambda hosts: least_squares(X, y, 0.1, hosts)):
        np.testing.assert_allclose(found, least_squares(X, y, 0.1), rtol=0, atol=1e-12)


def test_hosts_at_different_steps_are_told_so() -> None:
    first, second = together(2, lambda hosts: hosts.add_up(np.zeros(2 + hosts.rank)))
    assert "127.0.0.2 sent 3 numbers instead of 2" in str(first)
    assert "the host 127.0.0.1 of the job was lost" in str(second)


def test_a_host_that_does_not_come_is_named() -> None:
    with pytest.raises(JobError, match=r"the hosts 127\.0\.0\.2 of the job did not come"):
        open_exchange(NAMES[:2], 0, a_free_port(), "job", patience=0.2)
    with pytest.raises(JobError, match=r"the first host 127\.0\.0\.1 of the job does not answer"):
        open_exchange(NAMES[:2], 1, a_free_port(), "job", patience=0.2)


def test_a_host_of_another_job_is_turned_away() -> None:
    port, opened = a_free_port(), []
    server = threading.Thread(target=lambda: opened.append(open_exchange(NAMES[:2], 0, port, "mine", patience=10)))
    server.start()
    stranger: Exchange = open_exchange(NAMES[:2], 1, port, "other", patience=10)
    with pytest.raises(JobError, match="was lost"):
        stranger.add_up(np.zeros(1))
    ours = open_exchange(NAMES[:2], 1, port, "mine", patience=10)
    server.join(timeout=10)
    for exchange in (stranger, ours, *opened):
        exchange.close()
    assert len(opened) == 1


def test_a_regression_on_two_hosts_is_that_of_one() -> None:
    random = np.random.default_rng(3)
    X, y = random.normal(size=(61, 4)), random.normal(size=61)
    alone = GradientDescentRegressor(hidden_units=3, epochs=20).fit(X, y)
    for pair in together(2, lambda hosts: GradientDescentRegressor(hidden_units=3, epochs=20, hosts=hosts).fit(X, y)):
        np.testing.assert_allclose(pair.predict(X), alone.predict(X), rtol=0, atol=1e-9)


def test_two_processes_train_the_model_of_one(tmp_path: Path) -> None:
    parts, columns = mixed_data(120, 7, regression=False)
    settings = {"hidden_units": 5, "activation": "tanh", "epochs": 15, "optimizer": "momentum"}
    definition = a_definition(**parts, algorithm="gradient-descent", hyperparameters=settings, crossValidationFolds=2)
    golden = rows_of(columns, range(8), parts["target"]["name"])

    def start(name: str, hosts: list[str], own: str, port: int) -> Any:
        environment = write_job(tmp_path / name, definition, columns, golden)
        variables = {"SM_HOSTS": json.dumps(hosts), "SM_CURRENT_HOST": own, "MASTER_PORT": str(port)}
        command = [sys.executable, str(TRAINING / "train.py")]
        env = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **environment, **variables}
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    port = a_free_port()
    processes = [start(own, NAMES[:2], own, port) for own in NAMES[:2]] + [start("alone", ["algo-1"], "algo-1", 0)]
    said = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said

    def state(name: str) -> Any:
        return json.loads((tmp_path / name / "model/state.json").read_text())

    pairs = zip(state(NAMES[0])["layers"], state("alone")["layers"], strict=True)
    for pair, one in pairs:
        for part in ("weights", "intercepts"):
            scale = np.abs(one[part]).max()
            np.testing.assert_allclose(pair[part], one[part], rtol=0, atol=1e-9 * scale)
    assert not (tmp_path / NAMES[1] / "model").exists()
    assert "validation_score=" in said[0][0]
    assert "_score=" not in said[1][0]
