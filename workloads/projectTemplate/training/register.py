"""Logs the chosen model with its lineage, registers it and names it champion."""

import mlflow
import pandas as pd
import xgboost
from mlflow.models import infer_signature

from training.config import TrainingConfig
from training.data import DatasetManifest

ALIAS = "champion"
# Width of the digest column in MLflow's tracking database; the run's tag holds the whole digest.
MLFLOW_DIGEST_CHARACTERS = 36


class QualityError(RuntimeError):
    """The model is worse than the gate allows, so it is not registered."""


def lineage_tags(
    config: TrainingConfig, manifest: DatasetManifest, job: dict[str, str]
) -> dict[str, str]:
    """The tags that lead from a prediction's run back to its data, its code and its job."""
    return {
        "dataset.location": manifest.location,
        "dataset.name": config.dataset_name,
        "dataset.version": config.dataset_version,
        "dataset.digest": manifest.digest,
        "git.commit": config.git_commit,
        "git.repository": config.git_repository,
        "ray.cluster": config.ray_cluster,
        **job,
    }


def log_dataset(manifest: DatasetManifest, rows: pd.DataFrame, context: str) -> None:
    dataset = mlflow.data.from_pandas(
        rows,
        source=manifest.location,
        targets=manifest.target,
        name=f"{manifest.name}-{manifest.version}",
        digest=manifest.digest[:MLFLOW_DIGEST_CHARACTERS],
    )
    mlflow.log_input(dataset, context=context)


def register(
    config: TrainingConfig,
    manifest: DatasetManifest,
    model,
    rows: pd.DataFrame,
    metrics: dict[str, float],
) -> str:
    """Registers a model that passes the gate, moves the alias to it and returns its version."""
    if metrics["roc_auc"] < config.minimum_roc_auc:
        raise QualityError(
            f"the model's ROC AUC on the test rows is {metrics['roc_auc']:.4f}, below --minimum_roc_auc "
            f"{config.minimum_roc_auc}. It stays in the run and is not registered."
        )
    # The booster in XGBoost's own format: no pickle to run at load, and its prediction is the chance.
    booster = model.get_booster()
    features = rows[manifest.features]
    logged = mlflow.xgboost.log_model(
        booster,
        name="model",
        model_format="ubj",
        signature=infer_signature(features, booster.predict(xgboost.DMatrix(features))),
        pip_requirements=["xgboost-cpu"],
    )
    client = mlflow.MlflowClient()
    version = mlflow.register_model(
        logged.model_uri,
        config.model_name,
        tags={"dataset.digest": manifest.digest, "git.commit": config.git_commit},
    )
    client.set_registered_model_alias(config.model_name, ALIAS, version.version)
    return str(version.version)
