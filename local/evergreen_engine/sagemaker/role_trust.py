"""SageMaker names the account that a job runs in when it assumes the job's role.

Trust policies ask for it, so that nobody else's jobs borrow a role:
https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html
"""

import dataclasses
from typing import Any

from ministack.core.responses import get_account_id

from evergreen_engine.patching import Function, replaces
from evergreen_engine.sagemaker.role_session import SESSION_NAME


@replaces("ministack.core.iam_evaluator:evaluate_trust_policy")
def _name_the_source_account(upstream: Function) -> Function:
    def evaluate_trust_policy(trust_doc: Any, caller_arn: str, ctx: Any = None) -> bool:
        if ctx is not None and ctx.service_context.get("sts:rolesessionname") == SESSION_NAME and caller_arn.endswith(":root"):
            ctx = dataclasses.replace(ctx, service_context={**ctx.service_context, "aws:sourceaccount": get_account_id()})
        return upstream(trust_doc, caller_arn, ctx)

    return evaluate_trust_policy
