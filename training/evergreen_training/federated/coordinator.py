"""From the weights of the last round to a model package, with rows that no party learned from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..contract import Job
from ..errors import JobError
from ..estimators import Trainer
from ..figures import print_note, score_answers
from ..package import Course
from .party import declare_federated
from .weights import RESULT, read_document, weights_in


def choose_federated_course(job: Job, trainer: Trainer, environment: Mapping[str, str]) -> Course:
    """The model that the parties trained together; nothing is learned from the job's own rows.

    Raises
    ------
    JobError
        When the job was not given what the federation left.
    """
    folder = environment.get("SM_CHANNEL_FEDERATION")
    federation = job.definition.federation
    if federation is None or not folder:
        raise JobError("the model is trained by its parties, and this job was not given what they left")
    document = read_document(Path(folder), "federation.json", RESULT)
    model = declare_federated(trainer)
    fitted = model.with_parameters(weights_in(document, model.network))
    parties = [{"name": str(each["name"]), "rows": int(each["rows"])} for each in document["parties"]]
    print_note(f"{sum(each['rows'] for each in parties)} rows of {len(parties)} parties in {document['rounds']} rounds")
    record = {"parties": parties, "rounds": int(document["rounds"]), "localEpochs": federation.local_epochs}
    return Course(
        lambda _: fitted,
        validation=score_answers(job.definition, fitted.answer(job.train.rows), job.train.target),
        record={"federation": record},
    )
