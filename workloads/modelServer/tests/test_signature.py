import numpy as np
import pytest
from kserve.errors import InvalidInput
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec

from signature import model_input


def columns(*specs: ColSpec) -> ModelSignature:
    return ModelSignature(inputs=Schema(list(specs)))


MIXED = columns(
    ColSpec("long", "count"),
    ColSpec("string", "city"),
    ColSpec("boolean", "member"),
    ColSpec("float", "score", required=False),
    ColSpec("datetime", "since", required=False),
)
GOOD = {"count": 3, "city": "Oslo", "member": True}


def test_columns_get_the_types_of_the_signature():
    frame = model_input(
        {"instances": [{**GOOD, "count": 3.0}, {**GOOD, "score": 1, "since": "2026-01-02"}]}, MIXED
    )
    assert frame["count"].dtype == np.int64
    assert frame["member"].dtype == bool
    assert frame["score"].dtype == np.float32
    assert np.isnan(frame["score"][0]) and frame["score"][1] == 1.0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"count": 1.5}, 'column "count": row 0 must be a whole number, got 1.5'),
        ({"count": 2**63}, "must be within long"),
        ({"count": float("nan")}, "must be a whole number"),
        ({"city": 7}, 'column "city": row 0 must be a string, got 7'),
        ({"member": 1}, "must be true or false, got 1"),
        ({"score": 1e300}, "out of range for float"),
        ({"since": "yesterday-ish"}, "not a date and time"),
        ({"member": None}, "the column is required"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(change, reason):
    with pytest.raises(InvalidInput) as raised:
        model_input({"instances": [{**GOOD, **change}]}, MIXED)
    assert reason in str(raised.value)


def test_all_wrong_columns_are_named_at_once():
    with pytest.raises(InvalidInput) as raised:
        model_input({"instances": [{"count": "a", "city": 1, "member": 2}]}, MIXED)
    assert [name in str(raised.value) for name in ('"count"', '"city"', '"member"')] == [True] * 3


def test_tensor_models_take_rows_of_their_shape():
    signature = ModelSignature(inputs=Schema([TensorSpec(np.dtype("float32"), (-1, 2))]))
    array = model_input({"instances": [[1, 2], [3, 4]]}, signature)
    assert array.dtype == np.float32 and array.shape == (2, 2)
    for bad in ([[1, 2, 3]], [[1, "x"]], [[1], [1, 2]]):
        with pytest.raises(InvalidInput):
            model_input({"instances": bad}, signature)
