"""What the model relies on in the dataset."""

import numpy as np

from training.data import TARGET


def test_every_row_is_whole_and_finite(rows):
    assert len(rows) == 569
    assert np.isfinite(rows.to_numpy(dtype=float)).all()


def test_measures_are_never_negative(rows):
    assert (rows.drop(columns=[TARGET]).min() >= 0).all()


def test_both_outcomes_are_well_represented(rows):
    assert set(rows[TARGET]) == {0, 1}
    assert 0.3 < rows[TARGET].mean() < 0.7


def test_column_names_need_no_quoting(rows):
    assert all(name.isidentifier() for name in rows.columns)
