"""The one error that a job ends with on purpose."""


class JobError(Exception):
    """The job cannot be done, and the message says why and what to do in words a data person understands.

    SageMaker shows the message as the job's failure reason, so it names columns, values and settings of the model,
    never this package's internals.
    """
