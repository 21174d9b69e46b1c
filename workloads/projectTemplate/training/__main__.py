"""The training job, stage by stage: `python -m training --dataset … --dataset_version … --model_name …`."""

import json
import os
import sys
import time

import mlflow
import pandas as pd
import ray

from training.config import ConfigError, TrainingConfig, training_config
from training.data import DatasetError, read, verified_manifest
from training.register import QualityError, lineage_tags, log_dataset, register
from training.train import evaluate, fit, split
from training.tune import TrialError, search


def job_tags() -> dict[str, str]:
    """Who runs this. A submitted job is known by its submission id, which names the driver's log;
    Ray's internal id names the logs of the job's workers."""
    internal = ray.get_runtime_context().get_job_id()
    # `ray job submit` hands the job's description to the driver in this variable.
    description = json.loads(os.environ.get("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}"))
    submission = description.get("metadata", {}).get("job_submission_id")
    return {"ray.job_id": submission or internal, "ray.internal_job_id": internal}


def run(config: TrainingConfig) -> dict[str, str]:
    start = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - start:6.1f}s] {text}", flush=True)

    # Before Ray: what the data lack is said at once, without a cluster.
    manifest = verified_manifest(config.lake, config.dataset_name, config.dataset_version)
    say(
        f"dataset {manifest.name} {manifest.version}: {manifest.rows} rows, digest {manifest.digest}"
    )
    ray.init(address="auto", ignore_reinit_error=True)
    mlflow.set_experiment(config.experiment)
    with mlflow.start_run() as active:
        run_id = active.info.run_id
        mlflow.set_tags(lineage_tags(config, manifest, job_tags()))
        rows = split(read(config.lake, manifest), config.seed)
        say(
            f"split: {len(rows.train)} train, {len(rows.validation)} validation, {len(rows.test)} test rows"
        )
        log_dataset(manifest, pd.concat([rows.train, rows.validation]), "training")
        log_dataset(manifest, rows.test, "testing")
        best = search(config, rows, manifest, run_id)
        say(f"best of {config.trials} trials: {best.metrics} with {best.parameters}")
        mlflow.log_params({**best.parameters, "seed": config.seed, "trials": config.trials})
        fitting = pd.concat([rows.train, rows.validation])
        model = fit(fitting, manifest.features, manifest.target, best.parameters, config.seed)
        metrics = evaluate(model, rows.test, manifest.features, manifest.target)
        mlflow.log_metrics({f"test_{key}": value for key, value in metrics.items()})
        version = register(config, manifest, model, rows.test, metrics)
        say(
            f"registered {config.model_name} version {version} from run {run_id}, test metrics {metrics}"
        )
    return {"model": config.model_name, "version": version, "run_id": run_id}


def main() -> int:
    try:
        print(json.dumps(run(training_config())), flush=True)
    except (ConfigError, DatasetError, TrialError, QualityError) as error:
        print(f"training: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
