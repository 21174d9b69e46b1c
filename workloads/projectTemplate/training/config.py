"""What a training run is told, from flags or environment. Nothing is read on import."""

import argparse
import os
import re
from dataclasses import dataclass

DATASET_NAME = re.compile(
    r"^[a-z0-9]([a-z0-9._-]{0,61}[a-z0-9])?/[A-Za-z0-9][A-Za-z0-9._-]{0,62}$"
)
# The platform's words for where a bucket stands, and boto3's.
ADDRESSING_STYLES = {"path": "path", "virtualHost": "virtual"}
DATASET_VERSION = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")


class ConfigError(ValueError):
    """A setting is missing or wrong; the message names it, the value seen and the remedy."""


@dataclass(frozen=True)
class LakeConfig:
    """The object store. Credentials are read by the S3 clients from AWS_* variables or the pod's identity."""

    bucket: str
    endpoint: str | None
    region: str
    # How boto3 addresses the bucket: its `addressing_style`.
    addressing_style: str = "path"


@dataclass(frozen=True)
class TrainingConfig:
    """One training run from a published dataset version to a registered model."""

    lake: LakeConfig
    # `<project>/<name>`, as in the lake and in every record of the lineage.
    dataset_name: str
    dataset_version: str
    model_name: str
    experiment: str
    trials: int
    trials_at_once: int
    seed: int
    minimum_roc_auc: float
    ray_cluster: str
    git_commit: str
    git_repository: str
    # Where Ray Tune keeps the search's state; Ray's own default when None.
    search_directory: str | None


def lake_config(environment: dict[str, str] | None = None) -> LakeConfig:
    values = os.environ if environment is None else environment
    bucket = values.get("MLP_LAKE_BUCKET", "")
    if not bucket:
        raise ConfigError(
            'MLP_LAKE_BUCKET is not set. Set it to the lake\'s bucket, such as "lake".'
        )
    addressing = values.get("MLP_LAKE_ADDRESSING") or "path"
    if addressing not in ADDRESSING_STYLES:
        raise ConfigError(
            f'MLP_LAKE_ADDRESSING "{addressing}" must be one of {", ".join(ADDRESSING_STYLES)}. '
            "Set it to what the lake's store takes."
        )
    return LakeConfig(
        bucket=bucket,
        endpoint=values.get("MLP_LAKE_ENDPOINT") or None,
        region=values.get("MLP_LAKE_REGION") or values.get("AWS_REGION") or "us-east-1",
        addressing_style=ADDRESSING_STYLES[addressing],
    )


def add_dataset_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dataset", required=True, dest="dataset_name", help="dataset as <project>/<name>"
    )
    parser.add_argument(
        "--dataset_version", required=True, help="its version; versions never change"
    )


def check_dataset(dataset_name: str, dataset_version: str) -> None:
    """Refuses what can't be a folder of the lake or a value of the lineage."""
    if not DATASET_NAME.fullmatch(dataset_name):
        raise ConfigError(
            f'--dataset "{dataset_name}" must be <project>/<name>, such as "churn/customers": '
            "its folders below datasets/ in the lake, of letters, digits, dots, dashes and "
            "underscores, the project in lower case."
        )
    if not DATASET_VERSION.fullmatch(dataset_version):
        raise ConfigError(
            f'--dataset_version "{dataset_version}" must start with a letter or digit '
            "and hold only letters, digits, dots, dashes and underscores."
        )


def training_config(arguments: list[str] | None = None) -> TrainingConfig:
    parser = argparse.ArgumentParser(
        prog="training", description="Train, tune and register a model."
    )
    add_dataset_arguments(parser)
    parser.add_argument("--model_name", required=True, help="registered model name")
    parser.add_argument("--experiment", help="MLflow experiment; the model's name when absent")
    parser.add_argument("--trials", type=int, default=8, help="hyperparameter trials")
    parser.add_argument("--trials_at_once", type=int, default=2, help="trials that run in parallel")
    parser.add_argument("--seed", type=int, default=7, help="seed of the split and the search")
    parser.add_argument(
        "--minimum_roc_auc",
        type=float,
        default=0.9,
        help="a worse model on the test rows is not registered",
    )
    parser.add_argument("--ray_cluster", default=os.environ.get("MLP_CLUSTER", "local"))
    parser.add_argument("--git_commit", default=os.environ.get("MLP_GIT_COMMIT", ""))
    parser.add_argument("--git_repository", default=os.environ.get("MLP_GIT_REPOSITORY", ""))
    parser.add_argument("--search_directory", default=os.environ.get("MLP_SEARCH_DIRECTORY"))
    args = parser.parse_args(arguments)
    check_dataset(args.dataset_name, args.dataset_version)
    if args.trials < 1 or args.trials_at_once < 1:
        raise ConfigError(
            f"--trials {args.trials} and --trials_at_once {args.trials_at_once} must be at least 1."
        )
    if not args.git_commit or not args.git_repository:
        raise ConfigError(
            "the commit and repository being trained are unknown. "
            "Set MLP_GIT_COMMIT and MLP_GIT_REPOSITORY: a model without them cannot be traced."
        )
    return TrainingConfig(
        lake=lake_config(),
        dataset_name=args.dataset_name,
        dataset_version=args.dataset_version,
        model_name=args.model_name,
        experiment=args.experiment or args.model_name,
        trials=args.trials,
        trials_at_once=args.trials_at_once,
        seed=args.seed,
        minimum_roc_auc=args.minimum_roc_auc,
        ray_cluster=args.ray_cluster,
        git_commit=args.git_commit,
        git_repository=args.git_repository,
        search_directory=args.search_directory,
    )
