"""One model from one set of hyperparameters: a pure function of its rows and parameters."""

from dataclasses import dataclass

import pandas as pd
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from xgboost import XGBClassifier


@dataclass(frozen=True)
class Split:
    """Rows to fit on, to choose hyperparameters on, and to judge the chosen model on once."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame


def split(dataset, seed: int) -> Split:
    """Splits a Ray Dataset 60 / 20 / 20; the same seed gives the same rows."""
    shuffled = dataset.random_shuffle(seed=seed)
    train, validation, test = shuffled.split_proportionately([0.6, 0.2])
    return Split(train.to_pandas(), validation.to_pandas(), test.to_pandas())


def fit(
    rows: pd.DataFrame, features: list[str], target: str, parameters: dict, seed: int
) -> XGBClassifier:
    # One thread: trials already run side by side, and more threads only contend on small data.
    model = XGBClassifier(**parameters, n_jobs=1, random_state=seed, eval_metric="logloss")
    return model.fit(rows[features], rows[target])


def evaluate(
    model: XGBClassifier, rows: pd.DataFrame, features: list[str], target: str
) -> dict[str, float]:
    chances = model.predict_proba(rows[features])[:, 1]
    return {
        "roc_auc": float(roc_auc_score(rows[target], chances)),
        "accuracy": float(accuracy_score(rows[target], chances >= 0.5)),
        "log_loss": float(log_loss(rows[target], chances)),
    }
