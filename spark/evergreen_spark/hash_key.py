"""The key that personal values are hashed with: what KMS makes of a message, as lib/data/privacy/hash-key.store.ts asks for it."""

from __future__ import annotations

from typing import Callable

HashKey = dict
ReadKey = Callable[[HashKey], bytes]


def read_key(asked: HashKey) -> bytes:
    """Ask once for a job; the key is in its processes' memory alone."""
    # Of SageMaker's container; a job without hashes does without it.
    import boto3

    region = asked["arn"].split(":")[3]
    answer = boto3.client("kms", region_name=region).generate_mac(
        KeyId=asked["arn"], MacAlgorithm="HMAC_SHA_256", Message=asked["message"].encode())
    return answer["Mac"]
