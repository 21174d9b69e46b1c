"""The KServe model: an MLflow pyfunc, loaded from S3 or from a directory KServe has filled."""

import asyncio
import concurrent.futures
import tempfile
import uuid
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from kserve import InferOutput, InferRequest, InferResponse, Model
from kserve.errors import InvalidInput
from mlflow.exceptions import MlflowException

from metrics import PREDICTION_ERRORS, REJECTED_REQUESTS
from signature import V2_TENSOR_DATATYPES, ModelInput, describe, model_input


class ModelLoadError(RuntimeError):
    """The model cannot be served; the message says why and what to change."""


class MlflowModel(Model):
    """Serves one MLflow model over KServe's v1 and v2 protocols.

    Predictions run in `threads` threads beside the event loop, so that a slow model does not stop
    health probes. One thread is the default because not every pyfunc is safe to call in parallel.
    """

    def __init__(self, name: str, source: str, threads: int = 1) -> None:
        super().__init__(name)
        self.source = source
        self.pyfunc: Any = None
        self._pool = concurrent.futures.ThreadPoolExecutor(threads, thread_name_prefix="predict")

    def load(self) -> bool:
        """Loads the model; raises `ModelLoadError` with the reason instead of serving a broken one."""
        try:
            with tempfile.TemporaryDirectory(prefix="model-") as scratch:
                # An s3:// source is fetched here; a local directory is used where it is.
                local = mlflow.artifacts.download_artifacts(
                    artifact_uri=self.source, dst_path=None if "://" not in self.source else scratch
                )
                self.pyfunc = mlflow.pyfunc.load_model(local)
        except Exception as error:  # pickles and flavors raise anything; every kind stops the start
            raise ModelLoadError(
                f'model "{self.name}" from {self.source} cannot be loaded: '
                f"{type(error).__name__}: {error}. Check that the path holds an MLmodel file, that the "
                "credentials may read it, and that the image has the model's requirements."
            ) from error
        if self.pyfunc.metadata.signature is None or self.pyfunc.metadata.signature.inputs is None:
            raise ModelLoadError(
                f'model "{self.name}" from {self.source} has no input signature. '
                "Log it again with `signature=` or `input_example=`: requests are checked against it."
            )
        self.ready = True
        return True

    def get_input_types(self) -> list[dict]:
        return describe(self.pyfunc.metadata.signature.inputs)

    def get_output_types(self) -> list[dict]:
        return describe(self.pyfunc.metadata.signature.outputs)

    def preprocess(self, payload: Any, headers: dict[str, str] | None = None) -> Any:
        """Checks the payload; what KServe passes on to `predict` is the request with its input."""
        try:
            checked = model_input(payload, self.pyfunc.metadata.signature)
        except InvalidInput:
            REJECTED_REQUESTS.labels(self.name).inc()
            raise
        return {"request": payload, "input": checked}

    def validate(self, payload: Any) -> Any:
        return payload

    async def predict(self, payload: dict, headers: dict[str, str] | None = None) -> Any:
        loop = asyncio.get_running_loop()
        result = await loop.run_in_executor(self._pool, self._call, payload["input"])
        request = payload["request"]
        if isinstance(request, InferRequest):
            return InferResponse(
                response_id=request.id or str(uuid.uuid4()),
                model_name=self.name,
                infer_outputs=[_tensor(name, column) for name, column in _named(result)],
            )
        return {"predictions": _rows(result)}

    def _call(self, data: ModelInput) -> Any:
        try:
            return self.pyfunc.predict(data)
        except MlflowException as error:
            if error.error_code in ("INVALID_PARAMETER_VALUE", "BAD_REQUEST"):
                REJECTED_REQUESTS.labels(self.name).inc()
                raise InvalidInput(error.message) from error
            PREDICTION_ERRORS.labels(self.name).inc()
            raise
        except Exception:
            PREDICTION_ERRORS.labels(self.name).inc()
            raise


def _named(result: Any) -> list[tuple[str, np.ndarray]]:
    if isinstance(result, pd.DataFrame):
        return [(str(name), result[name].to_numpy()) for name in result.columns]
    if isinstance(result, dict):
        return [(str(name), np.asarray(value)) for name, value in result.items()]
    return [("predict", np.asarray(result))]


def _rows(result: Any) -> list:
    if isinstance(result, pd.DataFrame):
        return result.to_dict(orient="records")
    if isinstance(result, dict):
        columns = {name: np.asarray(value).tolist() for name, value in result.items()}
        return [dict(zip(columns, row)) for row in zip(*columns.values())]
    return np.asarray(result).tolist()


def _tensor(name: str, column: np.ndarray) -> InferOutput:
    datatype = V2_TENSOR_DATATYPES.get(column.dtype.name)
    if datatype is None:
        column = column.astype(str)
    output = InferOutput(name=name, shape=list(column.shape), datatype=datatype or "BYTES")
    output.data = column.reshape(-1).tolist()
    return output
