import os

import pytest
from botocore.exceptions import ClientError
from training_support import wait_until

from evergreen_engine.sagemaker.search_space import (
    ChoiceRange,
    NumberRange,
    SearchSpace,
)
from evergreen_engine.sagemaker.search_strategy import BayesianSearch, RandomSearch

SCRIPT = """
import argparse, os, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--depth", type=float); parser.add_argument("--kind"); parser.add_argument("--fixed", type=int)
a = parser.parse_args()
assert a.fixed == 3
score = -(a.depth - 4) ** 2 + (1 if a.kind == "good" else 0)
print(f"score={score};")
pathlib.Path(os.environ["SM_MODEL_DIR"], "m").write_text("m")
"""


def request(bench, strategy, ranges, *, limit=None, script=SCRIPT, **config):
    training = bench.request(script)
    training.pop("TrainingJobName")
    hyperparameters = {**training.pop("HyperParameters"), "fixed": "3"}
    training["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "score", "Regex": "score=([-0-9.]+);"}]
    limits = {"MaxParallelTrainingJobs": 2, **({"MaxNumberOfTrainingJobs": limit} if limit else {})}
    return {"HyperParameterTuningJobName": bench.name("tune"), "TrainingJobDefinition": {**training, "StaticHyperParameters": hyperparameters},
            "HyperParameterTuningJobConfig": {
                "Strategy": strategy, "ResourceLimits": limits, "ParameterRanges": ranges, "RandomSeed": 7,
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "score"}, **config}}


def run(bench, asked, seconds=60):
    name = asked["HyperParameterTuningJobName"]
    bench.sagemaker.create_hyper_parameter_tuning_job(**asked)
    describe = lambda: bench.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    wait_until(lambda: describe()["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping"), seconds)
    return describe()


KIND = {"Name": "kind", "Values": ["good", "bad"]}
DEPTH = {"Name": "depth", "MinValue": "0", "MaxValue": "8", "ScalingType": "Linear"}


def test_a_grid_tries_every_combination_once(bench):
    job = run(bench, request(bench, "Grid", {"CategoricalParameterRanges": [KIND, {"Name": "depth", "Values": ["1", "4"]}]}))
    assert job["HyperParameterTuningJobStatus"] == "Completed", job.get("FailureReason")
    assert job["TrainingJobStatusCounters"]["Completed"] == 4 and job["ObjectiveStatusCounters"]["Succeeded"] == 4
    assert job["BestTrainingJob"]["TunedHyperParameters"] == {"kind": "good", "depth": "4"}
    assert job["BestTrainingJob"]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 1.0
    trials = bench.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=job["HyperParameterTuningJobName"], SortBy="FinalObjectiveMetricValue", SortOrder="Descending")["TrainingJobSummaries"]
    assert len(trials) == 4 and trials[0]["TrainingJobName"] == job["BestTrainingJob"]["TrainingJobName"]
    assert bench.describe(trials[0]["TrainingJobName"])["TuningJobArn"] == job["HyperParameterTuningJobArn"]


def test_bayesian_search_works_with_numbers_and_choices(bench):
    job = run(bench, request(bench, "Bayesian", {"CategoricalParameterRanges": [KIND], "ContinuousParameterRanges": [DEPTH]}, limit=3))
    assert job["TrainingJobStatusCounters"]["Completed"] == 3
    assert 0 <= float(job["BestTrainingJob"]["TunedHyperParameters"]["depth"]) <= 8


def test_trials_never_outnumber_the_cores(bench):
    asked = request(bench, "Random", {"IntegerParameterRanges": [DEPTH]}, limit=50, script="import time; time.sleep(60)")
    asked["HyperParameterTuningJobConfig"]["ResourceLimits"]["MaxParallelTrainingJobs"] = 10
    name = asked["HyperParameterTuningJobName"]
    bench.sagemaker.create_hyper_parameter_tuning_job(**asked)
    describe = lambda: bench.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    wait_until(lambda: describe()["TrainingJobStatusCounters"]["InProgress"] == min(10, os.cpu_count()))
    bench.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    wait_until(lambda: describe()["HyperParameterTuningJobStatus"] == "Stopped")
    assert describe()["TrainingJobStatusCounters"]["InProgress"] == 0


def test_a_hopeless_trial_is_stopped_early(bench):
    script = """
import argparse, time
parser = argparse.ArgumentParser(); parser.add_argument("--depth"); parser.add_argument("--fixed")
slow = parser.parse_args().depth == "slow"
for step in range(3):
    print(f"score={-5 if slow else 5};", flush=True)
time.sleep(60 if slow else 0)
"""
    ranges = {"CategoricalParameterRanges": [{"Name": "depth", "Values": ["a", "b", "c", "slow"]}]}
    job = run(bench, request(bench, "Grid", ranges, script=script, TrainingJobEarlyStoppingType="Auto"))
    assert (job["TrainingJobStatusCounters"]["Completed"], job["TrainingJobStatusCounters"]["Stopped"]) == (3, 1)


def test_the_median_rule_looks_at_the_latest_value(bench):
    # Good at first, then worse than the median of the running averages: AWS stops it, the best so far would not.
    script = """
import argparse, time
parser = argparse.ArgumentParser(); parser.add_argument("--depth"); parser.add_argument("--fixed")
fading = parser.parse_args().depth == "fading"
for value in ([9, 1] if fading else [5, 5]):
    print(f"score={value};", flush=True)
time.sleep(60 if fading else 0)
"""
    ranges = {"CategoricalParameterRanges": [{"Name": "depth", "Values": ["a", "b", "c", "fading"]}]}
    job = run(bench, request(bench, "Grid", ranges, script=script, TrainingJobEarlyStoppingType="Auto"))
    assert job["TrainingJobStatusCounters"]["Stopped"] == 1


def test_a_warm_start_knows_the_trials_before_it(bench):
    ranges = {"CategoricalParameterRanges": [KIND], "ContinuousParameterRanges": [DEPTH]}
    parent = run(bench, request(bench, "Bayesian", ranges, limit=3))["HyperParameterTuningJobName"]
    asked = request(bench, "Bayesian", ranges, limit=1)
    warm = {"ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": parent}], "WarmStartType": "IdenticalDataAndAlgorithm"}
    job = run(bench, {**asked, "WarmStartConfig": warm})
    assert job["HyperParameterTuningJobStatus"] == "Completed" and job["WarmStartConfig"] == warm
    other = request(bench, "Bayesian", {"CategoricalParameterRanges": [KIND]}, limit=1)
    with pytest.raises(ClientError, match="same ParameterRanges"):
        bench.sagemaker.create_hyper_parameter_tuning_job(**other, WarmStartConfig=warm)
    grid = request(bench, "Grid", {"CategoricalParameterRanges": [KIND]})
    with pytest.raises(ClientError, match="started warm"):
        bench.sagemaker.create_hyper_parameter_tuning_job(**grid, WarmStartConfig=warm)


def test_bayesian_search_that_learned_the_optimum_tries_near_it():
    space = SearchSpace((NumberRange("rate", 1e-4, 1.0, False, "Logarithmic"),), ())
    def distance(learned: bool, seed: int) -> float:
        search = BayesianSearch(space, seed, maximise=True)
        for step in range(20 if learned else 0):
            rate = space.numbers[0].at(step / 19)
            search.learn({"rate": rate}, -abs(space.numbers[0].fraction_of(rate) - 0.3))
        return abs(space.numbers[0].fraction_of(search.ask()[1]["rate"]) - 0.3)
    cold, warm = ([distance(learned, seed) for seed in range(10)] for learned in (False, True))
    assert sum(warm) < sum(cold) / 2


def searched(space: SearchSpace, seed: int, trials: int, value_of, maximise: bool = True) -> list[dict[str, str]]:
    """What a Bayesian search tries, two trials under way at a time."""
    search, tried = BayesianSearch(space, seed, maximise), []
    for _ in range(trials // 2):
        for handle, tuned in [search.ask(), search.ask()]:
            search.tell(handle, value_of(tuned))
            tried.append(tuned)
    return tried


@pytest.mark.parametrize("maximise", [True, False])
def test_bayesian_search_finds_an_optimum_among_numbers_and_choices(maximise):
    space = SearchSpace((NumberRange("rate", 1e-4, 1.0, False, "Logarithmic"), NumberRange("depth", 1, 20, True, "Linear")),
                        (ChoiceRange("kind", ("bad", "good", "worse")),))
    def distance(tuned: dict[str, str]) -> float:
        off = (space.numbers[0].fraction_of(tuned["rate"]) - 0.3) ** 2 + ((int(tuned["depth"]) - 14) / 20) ** 2
        return off + (0 if tuned["kind"] == "good" else 1)
    best = [min(map(distance, searched(space, seed, 36, lambda tuned: -distance(tuned) if maximise else distance(tuned), maximise)))
            for seed in range(5)]
    assert sorted(best)[2] < 0.02


def test_the_same_seed_searches_the_same_way():
    space = SearchSpace((NumberRange("x", 0, 1, False, "Linear"),), ())
    first, second = (searched(space, 5, 12, lambda tuned: -abs(float(tuned["x"]) - 0.7)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("strategy, ranges, limit, text", [
    ("Grid", {"ContinuousParameterRanges": [DEPTH]}, None, "categorical"),
    ("Random", {"ContinuousParameterRanges": [DEPTH]}, None, "MaxNumberOfTrainingJobs is required"),
    ("Random", {"ContinuousParameterRanges": [{**DEPTH, "ScalingType": "Logarithmic"}]}, 2, "greater than 0")])
def test_what_sagemaker_refuses_is_refused(bench, strategy, ranges, limit, text):
    with pytest.raises(ClientError, match=text):
        bench.sagemaker.create_hyper_parameter_tuning_job(**request(bench, strategy, ranges, limit=limit))


def test_the_same_seed_draws_the_same_trials():
    space = SearchSpace((NumberRange("rate", 1e-4, 1e-1, False, "Logarithmic"),), ())
    first, second = ([RandomSearch(space, seed).ask()[1] for _ in range(1)] for seed in (7, 7))
    assert first == second


@pytest.mark.parametrize("scaling, middle", [("Linear", 0.5), ("Logarithmic", 0.01), ("ReverseLogarithmic", 0.9)])
def test_scalings(scaling, middle):
    low, high = {"Linear": (0, 1), "Logarithmic": (1e-4, 1), "ReverseLogarithmic": (0, 0.99)}[scaling]
    assert float(NumberRange("x", low, high, False, scaling).at(0.5)) == pytest.approx(middle)


@pytest.mark.parametrize("scaling", ["Linear", "Logarithmic", "ReverseLogarithmic"])
def test_a_value_gives_its_place_back(scaling):
    number = NumberRange("x", 0.01, 0.99, False, scaling)
    for place in (0.0, 0.2, 0.7, 1.0):
        assert number.fraction_of(number.at(place)) == pytest.approx(place)
