"""Versioned datasets in the lake: published once, verified at every read.

    datasets/<project>/<name>/<version>/part-00000.parquet
    datasets/<project>/<name>/<version>/_manifest.json   written last: without it there is no version

    python -m training.data --dataset <project>/breast-cancer --dataset_version 1

publishes the Wisconsin breast cancer data that scikit-learn ships (569 rows, 30 features).
"""

import argparse
import hashlib
import io
import json
import sys
from dataclasses import asdict, dataclass

import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq
import ray.data
from botocore.config import Config
from botocore.exceptions import ClientError

from training.config import (
    ConfigError,
    LakeConfig,
    add_dataset_arguments,
    check_dataset,
    lake_config,
)

PART = "part-00000.parquet"
MANIFEST = "_manifest.json"
TARGET = "benign"


class DatasetError(RuntimeError):
    """A dataset cannot be published or used; the message says which, why and what to do."""


@dataclass(frozen=True)
class DatasetManifest:
    """What a version is: `_manifest.json`. `name` is `<project>/<name>`, `digest` the SHA-256 of the
    Parquet bytes."""

    name: str
    version: str
    location: str
    digest: str
    rows: int
    features: list[str]
    target: str
    source: str


def s3_client(lake: LakeConfig):
    return boto3.client(
        "s3",
        endpoint_url=lake.endpoint,
        region_name=lake.region,
        config=Config(
            s3={"addressing_style": lake.addressing_style},
            retries={"max_attempts": 5, "mode": "standard"},
            connect_timeout=10,
            read_timeout=60,
        ),
    )


def breast_cancer() -> tuple[pd.DataFrame, str]:
    """The dataset with one row a tumour, and where it is from."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    frame = bunch.data.rename(columns=lambda name: name.replace(" ", "_"))
    frame[TARGET] = bunch.target.astype("int64")
    return frame, "scikit-learn load_breast_cancer (UCI Wisconsin Diagnostic Breast Cancer)"


def publish(
    lake: LakeConfig,
    dataset_name: str,
    dataset_version: str,
    frame: pd.DataFrame,
    target: str,
    source: str,
) -> DatasetManifest:
    """Publishes a version; the same rows again change nothing, other rows are refused."""
    if target not in frame.columns:
        raise DatasetError(
            f'dataset {dataset_name} {dataset_version}: target column "{target}" is missing; has {list(frame.columns)}'
        )
    s3 = s3_client(lake)
    prefix = f"datasets/{dataset_name}/{dataset_version}"
    existing = _manifest(s3, lake, prefix)
    if existing is not None:
        stored = pq.read_table(io.BytesIO(_body(s3, lake, f"{prefix}/{PART}"))).to_pandas()
        if not stored.equals(frame.reset_index(drop=True)):
            raise DatasetError(
                f"dataset {dataset_name} {dataset_version} is published already with other rows "
                f"(digest {existing.digest[:12]}…). Versions never change: publish under a new version."
            )
        return existing
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), buffer, compression="zstd")
    body = buffer.getvalue()
    manifest = DatasetManifest(
        name=dataset_name,
        version=dataset_version,
        location=f"s3://{lake.bucket}/{prefix}",
        digest=hashlib.sha256(body).hexdigest(),
        rows=len(frame),
        features=[column for column in frame.columns if column != target],
        target=target,
        source=source,
    )
    # A part without a manifest is what an interrupted publication leaves: it is written over.
    s3.put_object(Bucket=lake.bucket, Key=f"{prefix}/{PART}", Body=body)
    document = json.dumps(asdict(manifest), indent=2).encode()
    s3.put_object(Bucket=lake.bucket, Key=f"{prefix}/{MANIFEST}", Body=document, IfNoneMatch="*")
    return manifest


def verified_manifest(
    lake: LakeConfig, dataset_name: str, dataset_version: str
) -> DatasetManifest:
    """The version's manifest, after its bytes have been hashed and its columns compared with it."""
    s3 = s3_client(lake)
    prefix = f"datasets/{dataset_name}/{dataset_version}"
    manifest = _manifest(s3, lake, prefix)
    if manifest is None:
        raise DatasetError(
            f"dataset {dataset_name} {dataset_version} is not published at s3://{lake.bucket}/{prefix}. "
            "Publish it first: python -m training.data"
        )
    if (manifest.name, manifest.version) != (dataset_name, dataset_version):
        raise DatasetError(
            f"dataset {dataset_name} {dataset_version}: its manifest says {manifest.name} "
            f"{manifest.version}. It is a copy of another dataset: publish it under its own name."
        )
    body = _body(s3, lake, f"{prefix}/{PART}")
    digest = hashlib.sha256(body).hexdigest()
    if digest != manifest.digest:
        raise DatasetError(
            f"dataset {dataset_name} {dataset_version}: its bytes have digest {digest}, its manifest says {manifest.digest}. "
            "Someone wrote over a published version: restore it, or publish a new version."
        )
    columns = pq.read_schema(io.BytesIO(body)).names
    missing = [column for column in [*manifest.features, manifest.target] if column not in columns]
    if missing:
        raise DatasetError(
            f"dataset {dataset_name} {dataset_version}: column {missing} is missing; has {columns}. Publish a new version."
        )
    return manifest


def read(lake: LakeConfig, manifest: DatasetManifest) -> ray.data.Dataset:
    """The version's rows as a Ray Dataset, read by Ray's workers straight from the lake."""
    options = {"region": lake.region}
    if lake.endpoint:
        scheme, _, address = lake.endpoint.partition("://")
        options |= {"scheme": scheme, "endpoint_override": address}
    path = manifest.location.removeprefix("s3://")
    return ray.data.read_parquet(f"{path}/{PART}", filesystem=pyarrow.fs.S3FileSystem(**options))


def _manifest(s3, lake: LakeConfig, prefix: str) -> DatasetManifest | None:
    try:
        return DatasetManifest(**json.loads(_body(s3, lake, f"{prefix}/{MANIFEST}")))
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise


def _body(s3, lake: LakeConfig, key: str) -> bytes:
    return s3.get_object(Bucket=lake.bucket, Key=key)["Body"].read()


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Publish the example dataset as a version in the lake."
    )
    add_dataset_arguments(parser)
    args = parser.parse_args()
    frame, source = breast_cancer()
    try:
        check_dataset(args.dataset_name, args.dataset_version)
        manifest = publish(
            lake_config(), args.dataset_name, args.dataset_version, frame, TARGET, source
        )
    except (ConfigError, DatasetError, ClientError) as error:
        print(f"publish: {error}", file=sys.stderr)
        return 1
    print(json.dumps(asdict(manifest)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
