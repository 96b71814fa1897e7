"""Move files between S3 and a job's folder, with the names SageMaker gives them."""

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from evergreen_engine.sagemaker.errors import JobFailed
from evergreen_engine.sagemaker.role_session import client, session_of


def split_uri(uri: str) -> tuple[str, str]:
    """``s3://bucket/some/key`` → (bucket, key)."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def _keys(s3: Any, bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            if not item["Key"].endswith("/"):
                yield item["Key"]


def _local_name(key: str, prefix: str) -> str:
    """Path below the channel: what follows the prefix, or the file name when the prefix ends inside one."""
    if prefix.endswith("/") or key[len(prefix):].startswith("/"):
        return key[len(prefix):].lstrip("/")
    return key[prefix.rfind("/") + 1:]


def _inside(folder: Path, name: str) -> Path:
    target = (folder / PurePosixPath(name)).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise JobFailed(f"ClientError: the object name {name} leads out of the job's folder")
    return target


def _download(s3: Any, bucket: str, key: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"]
    with target.open("wb") as file:
        shutil.copyfileobj(body, file, 1 << 20)


def _manifest_entries(s3: Any, bucket: str, key: str) -> Iterator[tuple[str, str, str]]:
    document = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    prefix = document[0].get("prefix", "") if document and isinstance(document[0], dict) else ""
    for entry in document[1 if prefix else 0:]:
        entry_bucket, entry_key = split_uri(prefix + entry)
        yield entry_bucket, entry_key, entry if prefix else PurePosixPath(entry_key).name


def _objects(s3: Any, uri: str, data_type: str) -> list[tuple[str, str, str]]:
    bucket, prefix = split_uri(uri)
    if data_type == "ManifestFile":
        return list(_manifest_entries(s3, bucket, prefix))
    return [(bucket, key, _local_name(key, prefix)) for key in _keys(s3, bucket, prefix)]


def fetch_object(s3: Any, uri: str, target: Path, role_arn: str) -> None:
    """Download the one object at `uri`, as script mode gets its source: by its key, without listing anything.

    Raises
    ------
    JobFailed
        With the text S3 gave.
    """
    bucket, key = split_uri(uri)
    try:
        _download(s3, bucket, key, target)
    except (ClientError, BotoCoreError) as error:
        raise JobFailed(f"ClientError: Data download failed:Failed to download {uri} with role {role_arn}. {error}") from error


def fetch(s3: Any, uri: str, folder: Path, role_arn: str, *, data_type: str = "S3Prefix",
          is_gzip: bool = False, shard: tuple[int, int] = (0, 1)) -> int:
    """Download everything `uri` names into `folder`; returns the number of files.

    Of a `shard` (place, count) every count-th object is taken, in the order of their keys.

    Raises
    ------
    JobFailed
        With SageMaker's ``ClientError`` and the text S3 gave, such as a missing grant of the role.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        place, count = shard
        found = _objects(s3, uri, data_type)[place::count]
        for bucket, key, name in found:
            target = _inside(folder, name)
            _download(s3, bucket, key, target)
            if is_gzip:
                _decompress(target)
    except (ClientError, BotoCoreError) as error:
        raise JobFailed(f"ClientError: Data download failed:Failed to download data from {uri} with role "
                        f"{role_arn}. {error}") from error
    if not found:
        bucket, _ = split_uri(uri)
        raise JobFailed(
            f'ClientError: Data download failed:No S3 objects found under S3 URL "{uri}" given in input data '
            f'source. Please ensure that the bucket exists in the selected region, that objects exist under that '
            f'S3 prefix, and that the role "{role_arn}" has "s3:ListBucket" permissions on bucket "{bucket}".')
    return len(found)


def _decompress(path: Path) -> None:
    target = path.with_name(path.name.removesuffix(".gz"))
    temporary = path.with_name(path.name + ".decompressing")
    with gzip.open(path) as source, temporary.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
    path.unlink()
    temporary.rename(target)


def upload(s3: Any, path: Path, uri: str, role_arn: str, kms_key_id: str | None = None) -> None:
    """Upload one file to `uri`.

    With a key of its own, SageMaker asks for more than S3 does: the role must be allowed kms:Encrypt.
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html
    """
    bucket, key = split_uri(uri)
    encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key_id} if kms_key_id else {}
    try:
        if kms_key_id:
            client("kms", session_of(role_arn).credentials).encrypt(KeyId=kms_key_id, Plaintext=b"0")
        with path.open("rb") as body:
            s3.put_object(Bucket=bucket, Key=key, Body=body, **encryption)
    except (ClientError, BotoCoreError) as error:
        raise JobFailed(f"ClientError: Artifact upload failed:Failed to upload to {uri} with role {role_arn}. "
                        f"{error}") from error


def upload_folder(s3: Any, folder: Path, uri: str, role_arn: str, kms_key_id: str | None = None) -> int:
    """Upload every file below `folder` to the prefix `uri`; returns how many."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        upload(s3, path, f"{uri.rstrip('/')}/{path.relative_to(folder).as_posix()}", role_arn, kms_key_id)
    return len(files)
