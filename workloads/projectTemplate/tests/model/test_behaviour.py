"""What any acceptable model does, whatever its parameters."""

import pytest

from training.data import TARGET
from training.train import evaluate, fit

PARAMETERS = {"max_depth": 3, "learning_rate": 0.1, "n_estimators": 100}


@pytest.fixture(scope="module")
def fitted(rows):
    shuffled = rows.sample(frac=1, random_state=7)
    features = [name for name in rows.columns if name != TARGET]
    train, test = shuffled.iloc[:400], shuffled.iloc[400:]
    return fit(train, features, TARGET, PARAMETERS, seed=7), train, test, features


def test_it_tells_tumours_apart_on_rows_it_has_not_seen(fitted):
    model, _, test, features = fitted
    metrics = evaluate(model, test, features, TARGET)
    assert metrics["roc_auc"] > 0.97 and metrics["accuracy"] > 0.92


def test_the_same_rows_and_seed_give_the_same_model(fitted):
    model, train, test, features = fitted
    again = fit(train, features, TARGET, PARAMETERS, seed=7)
    assert (again.predict_proba(test[features]) == model.predict_proba(test[features])).all()


def test_a_change_too_small_to_measure_changes_no_verdict(fitted):
    model, _, test, features = fitted
    nudged = test[features] * (1 + 1e-9)
    assert (model.predict(nudged) == model.predict(test[features])).mean() > 0.99


def test_larger_and_more_irregular_tumours_are_less_often_benign(fitted):
    model, _, test, features = fitted
    worse = test[features].copy()
    for name in ("worst_radius", "worst_perimeter", "worst_area", "worst_concave_points"):
        worse[name] *= 1.5
    before = model.predict_proba(test[features])[:, 1].mean()
    assert model.predict_proba(worse)[:, 1].mean() < before - 0.1
