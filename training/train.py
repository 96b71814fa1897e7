"""The built-in trainer: trains the algorithm that the model's definition names.

Run by SageMaker script mode as ``python train.py --name value ...``; see README.md for what it reads and writes.
"""

from evergreen_training import load_job, run_job, train_package
from evergreen_training.estimators import choose_trainer
from evergreen_training.figures import print_note


def train() -> None:
    job = load_job()
    trainer = choose_trainer(job.definition, job.hyperparameters)
    settings = ", ".join(f"{name}={value}" for name, value in trainer.settings.items() if value is not None)
    print_note(f"training {trainer.algorithm} on {len(job.train)} rows with {settings}")
    train_package(job, trainer.fit, trainer.algorithm, trainer.settings)


if __name__ == "__main__":
    run_job(train)
