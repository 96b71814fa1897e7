"""The built-in trainer: trains the algorithm that the model's definition names.

Run by SageMaker script mode as ``python train.py --name value ...``; see README.md for what it reads and writes.
"""

import os
import sys

from evergreen_training import JobError, load_job, run_job, train_package
from evergreen_training.continuing.champion import read_champion
from evergreen_training.continuing.course import choose_course
from evergreen_training.estimators import choose_trainer
from evergreen_training.federated.coordinator import choose_federated_course
from evergreen_training.federated.party import train_party
from evergreen_training.figures import print_note
from evergreen_training.hosts import count_hosts
from evergreen_training.private.training import choose_private_course


def train() -> None:
    if os.environ.get("EVERGREEN_PARTY"):
        train_party(sys.argv[1:], os.environ)
        return
    job = load_job()
    trainer = choose_trainer(job.definition, job.hyperparameters)
    settings = ", ".join(f"{name}={value}" for name, value in trainer.settings.items() if value is not None)
    where = "parties" if job.definition.federation else f"{len(job.train)} rows"
    print_note(f"training {trainer.algorithm} on {where} with {settings}")
    if count_hosts() > 1 and trainer.algorithm != "gradient-descent":
        raise JobError(f"{trainer.algorithm} trains on one instance; set instanceCount to 1, or use gradient-descent")
    fit = trainer.fit
    if job.definition.privacy:
        course = choose_private_course(job, trainer, job.definition.privacy)
        fit = course.fit
    elif job.definition.federation:
        course = choose_federated_course(job, trainer, os.environ)
        fit = course.fit
    else:
        course = choose_course(job, read_champion(os.environ), trainer)
    train_package(job, fit, trainer.algorithm, trainer.settings, course)


if __name__ == "__main__":
    run_job(train)
