"""Turns request payloads into the model's input, or says exactly why they cannot be.

KServe answers 500 to a payload that the model's own code chokes on. The checks here compare the
payload with the MLflow signature first and raise `InvalidInput`, which KServe answers with 400.
"""

from typing import Any

import numpy as np
import pandas as pd
from kserve import InferRequest
from kserve.errors import InvalidInput
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec

# Open Inference Protocol datatypes of MLflow's column types; anything else travels as BYTES.
V2_DATATYPES = {
    DataType.boolean: "BOOL",
    DataType.integer: "INT32",
    DataType.long: "INT64",
    DataType.float: "FP32",
    DataType.double: "FP64",
}
V2_TENSOR_DATATYPES = {
    "bool": "BOOL",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
}
INTEGER_LIMITS = {DataType.integer: np.iinfo(np.int32), DataType.long: np.iinfo(np.int64)}
FLOAT_TYPES = {DataType.float: np.float32, DataType.double: np.float64}
SHOWN_NAMES = 5

ModelInput = pd.DataFrame | np.ndarray | dict[str, np.ndarray]


def model_input(payload: Any, signature: ModelSignature) -> ModelInput:
    """Builds the input of `pyfunc.predict` from a v1 dictionary or a v2 `InferRequest`."""
    schema = signature.inputs
    if isinstance(payload, InferRequest):
        return _from_v2(payload, schema)
    if not isinstance(payload, dict):
        raise InvalidInput(
            'the body must be a JSON object with "instances" '
            f"and content type application/json, got {type(payload).__name__}"
        )
    return _from_v1(payload, schema)


def describe(schema: Schema | None) -> list[dict[str, Any]]:
    """Lists a schema as the v2 model metadata document wants it."""
    described = []
    for position, spec in enumerate(schema.inputs if schema else []):
        name = spec.name or f"input-{position}"
        if isinstance(spec, TensorSpec):
            datatype = V2_TENSOR_DATATYPES.get(spec.type.name, "BYTES")
            described.append({"name": name, "datatype": datatype, "shape": list(spec.shape)})
        else:
            datatype = V2_DATATYPES.get(spec.type, "BYTES")
            described.append({"name": name, "datatype": datatype, "shape": [-1]})
    return described


def _from_v1(payload: dict[str, Any], schema: Schema) -> ModelInput:
    if "instances" not in payload:
        raise InvalidInput(f'"instances" is missing; the body has {_names(payload) or "no key"}')
    instances = payload["instances"]
    if not isinstance(instances, list):
        raise InvalidInput(f'"instances" must be a list, got {type(instances).__name__}')
    if not instances:
        raise InvalidInput('"instances" is empty; send at least one row')
    if schema.is_tensor_spec():
        return _tensors_from_v1(instances, schema)
    names = _column_names(schema)
    if all(isinstance(row, dict) for row in instances):
        return _checked_frame(_columns_of_records(instances, schema, names), schema, names)
    if all(isinstance(row, list) for row in instances):
        for position, row in enumerate(instances):
            if len(row) != len(names):
                raise InvalidInput(
                    f"instances[{position}] has {len(row)} values, "
                    f"the model takes {len(names)} ({_some(names)})"
                )
        columns = {name: list(values) for name, values in zip(names, zip(*instances))}
        return _checked_frame(columns, schema, names)
    raise InvalidInput('"instances" must hold either only lists or only objects of columns')


def _columns_of_records(rows: list[dict], schema: Schema, names: list[str]) -> dict[str, list]:
    known, required = set(names), _required(schema, names)
    for position, row in enumerate(rows):
        missing = [name for name in required if name not in row]
        unknown = [name for name in row if name not in known]
        if missing or unknown:
            raise InvalidInput(f"instances[{position}]: {_difference(missing, unknown)}")
    return {name: [row.get(name) for row in rows] for name in names}


def _from_v2(request: InferRequest, schema: Schema) -> ModelInput:
    if not request.inputs:
        raise InvalidInput('"inputs" is empty; send at least one tensor')
    arrays = {tensor.name: _array(tensor) for tensor in request.inputs}
    if len(arrays) != len(request.inputs):
        raise InvalidInput('"inputs" names a tensor twice')
    if schema.is_tensor_spec():
        return _tensors_from_v2(arrays, schema)
    names = _column_names(schema)
    only = next(iter(arrays.values()))
    if len(arrays) == 1 and only.ndim == 2 and next(iter(arrays)) not in names:
        if only.shape[1] != len(names):
            raise InvalidInput(
                f"the tensor has {only.shape[1]} columns, the model takes {len(names)} "
                f"({_some(names)})"
            )
        columns = {name: only[:, index].tolist() for index, name in enumerate(names)}
        return _checked_frame(columns, schema, names)
    missing = [name for name in _required(schema, names) if name not in arrays]
    unknown = [name for name in arrays if name not in set(names)]
    if missing or unknown:
        raise InvalidInput(f'"inputs": {_difference(missing, unknown)}')
    lengths = {}
    for name, array in arrays.items():
        if array.ndim != 1 and not (array.ndim == 2 and array.shape[1] == 1):
            raise InvalidInput(
                f'input "{name}" must have shape [rows] or [rows, 1], got {list(array.shape)}'
            )
        lengths[name] = array.shape[0]
    if len(set(lengths.values())) > 1:
        raise InvalidInput(f"inputs have different numbers of rows: {lengths}")
    rows = next(iter(lengths.values()))
    columns = {
        name: arrays[name].reshape(-1).tolist() if name in arrays else [None] * rows
        for name in names
    }
    return _checked_frame(columns, schema, names)


def _array(tensor: Any) -> np.ndarray:
    try:
        if tensor.datatype == "BYTES":
            values = [
                value.decode("utf-8") if isinstance(value, bytes) else value
                for value in np.asarray(tensor.as_numpy(), dtype=object).reshape(-1).tolist()
            ]
            return np.asarray(values, dtype=object).reshape(tensor.shape)
        return tensor.as_numpy()
    except Exception as error:  # kserve raises many kinds here, all of them about the payload
        raise InvalidInput(
            f'input "{tensor.name}": data does not fit datatype {tensor.datatype} '
            f"and shape {list(tensor.shape)}: {error}"
        ) from error


def _checked_frame(columns: dict[str, list], schema: Schema, names: list[str]) -> pd.DataFrame:
    if columns and not len(next(iter(columns.values()))):
        raise InvalidInput("the request holds no row")
    problems: list[str] = []
    checked = {}
    for name, spec in zip(names, schema.inputs):
        try:
            checked[name] = _column(columns[name], spec)
        except ValueError as error:
            problems.append(f'column "{name}": {error}')
    if problems:
        shown = "; ".join(problems[:SHOWN_NAMES])
        more = len(problems) - SHOWN_NAMES
        raise InvalidInput(shown + (f"; and {more} more columns" if more > 0 else ""))
    return pd.DataFrame(checked)


def _column(values: list, spec: ColSpec) -> Any:
    if any(value is None for value in values):
        if spec.required:
            raise ValueError(f"row {values.index(None)} is null, and the column is required")
        if spec.type not in FLOAT_TYPES:
            return pd.Series(values, dtype=object)
        values = [float("nan") if value is None else value for value in values]
    if spec.type in FLOAT_TYPES:
        _each(values, lambda v: isinstance(v, (int, float)) and not isinstance(v, bool), "a number")
        with np.errstate(over="ignore"):
            column = np.asarray(values, dtype=FLOAT_TYPES[spec.type])
        if np.isinf(column).any():
            raise ValueError(
                f"row {int(np.isinf(column).argmax())} is out of range for {spec.type.name}"
            )
        return column
    if spec.type in INTEGER_LIMITS:
        limits = INTEGER_LIMITS[spec.type]
        _each(
            values,
            lambda v: isinstance(v, (int, float)) and not isinstance(v, bool) and v == int(v),
            "a whole number",
        )
        _each(values, lambda v: limits.min <= v <= limits.max, f"within {spec.type.name}")
        return np.asarray([int(value) for value in values], dtype=limits.dtype)
    if spec.type == DataType.boolean:
        _each(values, lambda v: isinstance(v, bool), "true or false")
        return np.asarray(values, dtype=bool)
    if spec.type == DataType.string:
        _each(values, lambda v: isinstance(v, str), "a string")
        return pd.Series(values, dtype=object)
    if spec.type == DataType.datetime:
        try:
            return pd.to_datetime(pd.Series(values), errors="raise")
        except (ValueError, TypeError) as error:
            raise ValueError(f"not a date and time: {error}") from error
    # Arrays, objects and maps: MLflow's own schema enforcement checks them.
    return pd.Series(values, dtype=object)


def _each(values: list, holds: Any, what: str) -> None:
    for row, value in enumerate(values):
        try:
            fits = holds(value)
        except (OverflowError, ValueError):  # int() of NaN or infinity
            fits = False
        if not fits:
            shown = repr(value)
            raise ValueError(f"row {row} must be {what}, got {shown[:60]}")


def _tensors_from_v1(instances: list, schema: Schema) -> ModelInput:
    specs = schema.inputs
    if len(specs) == 1 and not any(isinstance(row, dict) for row in instances):
        array = _shaped(instances, specs[0])
        return {specs[0].name: array} if specs[0].name else array
    names = _column_names(schema)
    if not all(isinstance(row, dict) for row in instances):
        raise InvalidInput(f'"instances" must hold objects with the tensors {_some(names)}')
    columns = _columns_of_records(instances, schema, names)
    return {name: _shaped(columns[name], spec) for name, spec in zip(names, specs)}


def _tensors_from_v2(arrays: dict[str, np.ndarray], schema: Schema) -> ModelInput:
    specs = schema.inputs
    if len(specs) == 1 and len(arrays) == 1 and not specs[0].name:
        return _shaped(next(iter(arrays.values())), specs[0])
    names = _column_names(schema)
    missing = [name for name in names if name not in arrays]
    unknown = [name for name in arrays if name not in set(names)]
    if missing or unknown:
        raise InvalidInput(f'"inputs": {_difference(missing, unknown)}')
    return {name: _shaped(arrays[name], spec) for name, spec in zip(names, specs)}


def _shaped(values: Any, spec: TensorSpec) -> np.ndarray:
    name = spec.name or "tensor"
    try:
        array = np.asarray(values).astype(
            spec.type, casting="same_kind" if len(values) else "unsafe"
        )
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidInput(
            f'"{name}" must be {spec.type.name} of shape {list(spec.shape)}: {error}'
        ) from error
    fits = array.ndim == len(spec.shape) and all(
        wanted in (-1, got) for wanted, got in zip(spec.shape, array.shape)
    )
    if not fits:
        raise InvalidInput(
            f'"{name}" has shape {list(array.shape)}, the model takes {list(spec.shape)}'
        )
    return array


def _column_names(schema: Schema) -> list[str]:
    return [spec.name or str(position) for position, spec in enumerate(schema.inputs)]


def _required(schema: Schema, names: list[str]) -> list[str]:
    return [name for name, spec in zip(names, schema.inputs) if spec.required]


def _difference(missing: list[str], unknown: list[str]) -> str:
    parts = []
    if missing:
        parts.append(f"missing {_some(missing)}")
    if unknown:
        parts.append(f"unknown {_some(unknown)}")
    return "; ".join(parts)


def _some(names: list[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:SHOWN_NAMES])
    return shown + (f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else "")


def _names(payload: dict) -> str:
    return _some([str(key) for key in payload])
