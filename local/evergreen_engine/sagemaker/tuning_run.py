"""Run one hyperparameter tuning job: trials in parallel, the best kept, hopeless ones stopped."""

import logging
import os
import statistics
import threading
import time
import uuid
from dataclasses import dataclass
from typing import Any

from evergreen_engine.sagemaker import state_events, training_api
from evergreen_engine.sagemaker.errors import ApiError
from evergreen_engine.sagemaker.job_run import JobRun
from evergreen_engine.sagemaker.search_strategy import SearchStrategy
from evergreen_engine.sagemaker.training_run import TrainingRun

logger = logging.getLogger("evergreen.sagemaker")
_WATCH_SECONDS = 0.1
# The median rule needs something to compare with.
_LEAST_FINISHED = 3


@dataclass
class Trial:
    handle: Any
    tuned: dict[str, str]
    run: TrainingRun
    seen: int = 0


class TuningRun(JobRun):
    """A tuning job; see `JobRun`.

    Parameters
    ----------
    strategy : SearchStrategy
    limit : int
        Most training jobs in all.
    """

    def __init__(self, arn: str, name: str, record: dict[str, Any], strategy: SearchStrategy, limit: int) -> None:
        super().__init__(arn, name, record)
        config = record["HyperParameterTuningJobConfig"]
        self._strategy, self._limit = strategy, limit
        self._objective = config["HyperParameterTuningJobObjective"]
        # More at once than cores would only make each trial slower.
        self._parallel = min(config["ResourceLimits"]["MaxParallelTrainingJobs"], os.cpu_count() or 1)
        self._deadline = time.monotonic() + config["ResourceLimits"].get("MaxRuntimeInSeconds", 30 * 86400)
        self._stops_early = config.get("TrainingJobEarlyStoppingType") == "Auto"
        self._criteria = config.get("TuningJobCompletionCriteria") or {}
        self._histories: list[list[float]] = []
        self._running: list[Trial] = []
        self._created = self._not_improving = 0
        self._changed = threading.Event()

    def stop(self) -> None:
        super().stop()
        self._changed.set()

    def run(self) -> None:
        try:
            self._search()
            status = "Stopped" if self._stop_requested else "Completed" if self.record.get("BestTrainingJob") else "Failed"
            if status == "Failed":
                self.record["FailureReason"] = "All training jobs of the tuning job failed or emitted no objective metric."
        except Exception as error:
            logger.exception("tuning job %s broke", self.arn)
            self._stop_trials()
            status, self.record["FailureReason"] = "Failed", f"InternalServerError: {error}"[:1024]
        self.record["HyperParameterTuningEndTime"] = self.touch()
        self.record["HyperParameterTuningJobStatus"] = status
        state_events.publish("SageMaker HyperParameter Tuning Job State Change", self.arn, self.record)

    def _search(self) -> None:
        is_exhausted = False
        while True:
            self._changed.clear()
            is_exhausted = is_exhausted or self._is_over()
            while not is_exhausted and len(self._running) < self._parallel:
                is_exhausted = not self._start_trial()
            self._settle_finished()
            if self._stop_requested or time.monotonic() > self._deadline:
                is_exhausted = True
                self._stop_trials()
            if not self._running and is_exhausted:
                return
            self._changed.wait(_WATCH_SECONDS if self._stops_early else 1.0)
            if self._stops_early:
                self._stop_hopeless()

    def _is_over(self) -> bool:
        best = (self.record.get("BestTrainingJob") or {}).get("FinalHyperParameterTuningJobObjectiveMetric")
        target = self._criteria.get("TargetObjectiveMetricValue")
        patience = (self._criteria.get("BestObjectiveNotImproving") or {}).get("MaxNumberOfTrainingJobsNotImproving")
        reached = best is not None and target is not None and not self._is_better(target, best["Value"])
        return self._created >= self._limit or reached or (patience is not None and self._not_improving >= patience)

    def _start_trial(self) -> bool:
        asked = self._strategy.ask() if self._created < self._limit else None
        if asked is None:
            return False
        handle, tuned = asked
        self._created += 1
        try:
            run = training_api.launch(self._training_request(tuned), tuning_job_arn=self.arn)
        except ApiError as error:
            raise RuntimeError(f"training job could not be created: {error.message}") from error
        run.record["_TuningJobName"], run.record["_TunedHyperParameters"] = self.name, tuned
        self._running.append(Trial(handle, tuned, run))
        run.call_when_finished(self._changed.set)
        self._count()
        return True

    def _training_request(self, tuned: dict[str, str]) -> dict[str, Any]:
        definition = self.record["TrainingJobDefinition"]
        copied = ("AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "StoppingCondition",
                  "VpcConfig", "CheckpointConfig", "Environment", "EnableNetworkIsolation", "EnableManagedSpotTraining")
        return {"TrainingJobName": f"{self.name}-{self._created:03d}-{uuid.uuid4().hex[:8]}",
                **{key: definition[key] for key in copied if key in definition},
                "HyperParameters": {**(definition.get("StaticHyperParameters") or {}), **tuned,
                                    "_tuning_objective_metric": self._objective["MetricName"]}}

    def _settle_finished(self) -> None:
        for trial in [trial for trial in self._running if trial.run.finished.is_set()]:
            self._running.remove(trial)
            value = self._value_of(trial.run)
            self._strategy.tell(trial.handle, value)
            self._histories.append(self._history(trial))
            self._note_best(trial, value)
        self._count()

    def _value_of(self, run: TrainingRun) -> float | None:
        if run.record["TrainingJobStatus"] == "Failed":
            return None
        return next((item["Value"] for item in run.metrics.final_values() if item["MetricName"] == self._objective["MetricName"]), None)

    def _is_better(self, value: float, than: float) -> bool:
        return value > than if self._objective["Type"] == "Maximize" else value < than

    def _note_best(self, trial: Trial, value: float | None) -> None:
        best = (self.record.get("BestTrainingJob") or {}).get("FinalHyperParameterTuningJobObjectiveMetric")
        # Only a completed job has a model; a stopped one cannot be the best.
        if value is not None and trial.run.record["TrainingJobStatus"] == "Completed" and (best is None or self._is_better(value, best["Value"])):
            self.record["BestTrainingJob"] = summary(trial.run.record, self._objective)
            self._not_improving = 0
        else:
            self._not_improving += 1

    def _history(self, trial: Trial) -> list[float]:
        return list(trial.run.metrics.history.get(self._objective["MetricName"], []))

    def _stop_hopeless(self) -> None:
        """AWS's median rule: stop when the latest value is worse than the median of the running averages of those before.

        Source: SageMaker Developer Guide, "Stop Training Jobs Early".
        """
        finished = [history for history in self._histories if history]
        if len(finished) < _LEAST_FINISHED:
            return
        for trial in self._running:
            history = self._history(trial)
            if len(history) <= trial.seen:
                continue
            trial.seen = len(history)
            median = statistics.median(statistics.fmean(other[:len(history)]) for other in finished)
            if self._is_better(median, history[-1]):
                trial.run.stop()

    def _stop_trials(self) -> None:
        for trial in self._running:
            trial.run.stop()

    def _count(self) -> None:
        self.touch()
        counts = training_counts(self.name)
        self.record["TrainingJobStatusCounters"], self.record["ObjectiveStatusCounters"] = counts


def trials_of(name: str) -> list[dict[str, Any]]:
    """Records of all training jobs of tuning job `name`."""
    return [record for record in training_api.training_jobs.records.values() if record.get("_TuningJobName") == name]


def training_counts(name: str) -> tuple[dict[str, int], dict[str, int]]:
    """``TrainingJobStatusCounters`` and ``ObjectiveStatusCounters``."""
    states = [record["TrainingJobStatus"] for record in trials_of(name)]
    objectives = [summary(record, None)["ObjectiveStatus"] for record in trials_of(name)]
    jobs = {"Completed": states.count("Completed"), "InProgress": states.count("InProgress") + states.count("Stopping"),
            "RetryableError": 0, "NonRetryableError": states.count("Failed"), "Stopped": states.count("Stopped")}
    return jobs, {key: objectives.count(key) for key in ("Succeeded", "Pending", "Failed")}


def summary(record: dict[str, Any], objective: dict[str, str] | None) -> dict[str, Any]:
    """Entry of ListTrainingJobsForHyperParameterTuningJob; `objective` None when only the status counts."""
    name = record["HyperParameters"].get("_tuning_objective_metric")
    final = next((item for item in record.get("FinalMetricDataList") or [] if item["MetricName"] == name), None)
    is_running = record["TrainingJobStatus"] in ("InProgress", "Stopping")
    found = {key: record[key] for key in ("TrainingJobName", "TrainingJobArn", "CreationTime", "TrainingStartTime", "TrainingEndTime",
                                          "TrainingJobStatus", "FailureReason") if record.get(key) is not None}
    found |= {"TuningJobName": record["_TuningJobName"], "TunedHyperParameters": record["_TunedHyperParameters"],
              "ObjectiveStatus": "Pending" if is_running else "Succeeded" if final else "Failed"}
    if final:
        found["FinalHyperParameterTuningJobObjectiveMetric"] = {"MetricName": name, "Value": final["Value"], **({"Type": objective["Type"]} if objective else {})}
    return found
