"""The hyperparameter search: Ray Tune runs the trials, each is a child run in MLflow."""

from dataclasses import dataclass

import mlflow
from ray import tune

from training.config import TrainingConfig
from training.data import DatasetManifest
from training.train import Split, evaluate, fit

CPUS_PER_TRIAL = 1


@dataclass(frozen=True)
class BestTrial:
    parameters: dict
    metrics: dict[str, float]


class TrialError(RuntimeError):
    """Trials failed; the message counts them and shows the first reason."""


def search_space() -> dict:
    return {
        "max_depth": tune.randint(2, 7),
        "learning_rate": tune.loguniform(0.03, 0.3),
        "n_estimators": tune.choice([50, 100, 200]),
        "subsample": tune.uniform(0.6, 1.0),
        "min_child_weight": tune.randint(1, 6),
    }


def run_trial(
    parameters: dict, rows: Split, manifest: DatasetManifest, seed: int, parent_run: str
) -> None:
    """What one trial does, in a worker of its own."""
    client = mlflow.MlflowClient()
    parent = client.get_run(parent_run)
    name = f"trial-{tune.get_context().get_trial_id()}"
    run = client.create_run(
        parent.info.experiment_id, run_name=name, tags={"mlflow.parentRunId": parent_run}
    )
    try:
        model = fit(rows.train, manifest.features, manifest.target, parameters, seed)
        metrics = evaluate(model, rows.validation, manifest.features, manifest.target)
        for key, value in parameters.items():
            client.log_param(run.info.run_id, key, value)
        for key, value in metrics.items():
            client.log_metric(run.info.run_id, key, value)
        print(f"{name}: {metrics}", flush=True)
    except BaseException:
        client.set_terminated(run.info.run_id, "FAILED")
        raise
    client.set_terminated(run.info.run_id)
    tune.report(metrics)


def search(
    config: TrainingConfig, rows: Split, manifest: DatasetManifest, parent_run: str
) -> BestTrial:
    trainable = tune.with_resources(
        tune.with_parameters(
            run_trial, rows=rows, manifest=manifest, seed=config.seed, parent_run=parent_run
        ),
        {"cpu": CPUS_PER_TRIAL},
    )
    results = tune.Tuner(
        trainable,
        param_space=search_space(),
        tune_config=tune.TuneConfig(
            metric="roc_auc",
            mode="max",
            num_samples=config.trials,
            max_concurrent_trials=config.trials_at_once,
            search_alg=tune.search.BasicVariantGenerator(
                random_state=config.seed, max_concurrent=config.trials_at_once
            ),
        ),
        run_config=tune.RunConfig(
            name=f"search-{parent_run}", storage_path=config.search_directory, verbose=1
        ),
    ).fit()
    if results.errors:
        raise TrialError(
            f"{len(results.errors)} of {config.trials} trials failed; the first: {results.errors[0]}"
        )
    best = results.get_best_result()
    return BestTrial(
        parameters={key: best.config[key] for key in search_space()},
        metrics={key: best.metrics[key] for key in ("roc_auc", "accuracy", "log_loss")},
    )
