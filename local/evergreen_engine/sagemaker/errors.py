"""Errors of the SageMaker API, as its JSON protocol carries them."""


class ApiError(Exception):
    """An answer with status 400 and one of SageMaker's error codes."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def validation_error(message: str) -> ApiError:
    return ApiError("ValidationException", message)


def not_found() -> ApiError:
    # SageMaker answers this for Describe and Stop, and not ResourceNotFound as other services do.
    return validation_error("Requested resource not found.")


def in_use(message: str) -> ApiError:
    return ApiError("ResourceInUse", message)


class JobFailed(Exception):
    """A job ends as Failed; the message becomes its FailureReason."""

    def __init__(self, reason: str, exit_code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason[:1024]
        self.exit_code = exit_code


class JobStopped(Exception):
    """A job ends as Stopped, asked for or because its time is over."""

    def __init__(self, secondary_status: str) -> None:
        super().__init__(secondary_status)
        self.secondary_status = secondary_status
