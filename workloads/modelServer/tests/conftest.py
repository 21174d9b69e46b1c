import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import numpy as np
import pytest
import requests
from mlflow.models import infer_signature
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SERVER = Path(__file__).parent.parent / "server.py"
START_SECONDS = 90


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@pytest.fixture(scope="session")
def wine():
    return load_wine(as_frame=True)


@pytest.fixture(scope="session")
def wine_model(tmp_path_factory, wine):
    """A real model with a real signature, on disk."""
    path = tmp_path_factory.mktemp("model") / "wine"
    features = wine.data
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(
        features, wine.target
    )
    mlflow.sklearn.save_model(
        fitted,
        path,
        signature=infer_signature(features, fitted.predict(features)),
        pip_requirements=["scikit-learn"],
    )
    return path, fitted


class RunningServer:
    def __init__(self, process, url: str, log: Path) -> None:
        self.process = process
        self.url = url
        self.log = log


def start_server(model_dir, log: Path, *arguments: str) -> RunningServer:
    port = free_port()
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, SERVER, "--model_name=wine", f"--model_dir={model_dir}"]
            + [f"--http_port={port}", "--host=127.0.0.1", *arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
        )
    return RunningServer(process, f"http://127.0.0.1:{port}", log)


@pytest.fixture(scope="session")
def server(wine_model, tmp_path_factory):
    running = start_server(wine_model[0], tmp_path_factory.mktemp("server") / "server.log")
    deadline = time.monotonic() + START_SECONDS
    while True:
        assert running.process.poll() is None, running.log.read_text()
        assert time.monotonic() < deadline, running.log.read_text()
        try:
            if requests.get(f"{running.url}/v2/health/ready", timeout=1).ok:
                break
        except requests.ConnectionError:
            time.sleep(0.2)
    yield running
    running.process.terminate()
    running.process.wait(timeout=40)


@pytest.fixture(scope="session")
def rows(wine) -> list[list[float]]:
    return np.asarray(wine.data.head(3)).tolist()
