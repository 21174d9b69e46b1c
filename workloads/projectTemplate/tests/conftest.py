import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

from training.config import LakeConfig
from training.data import breast_cancer

START_SECONDS = 60


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return held.getsockname()[1]


@pytest.fixture(scope="session")
def rows():
    return breast_cancer()[0]


@pytest.fixture(scope="session")
def lake(tmp_path_factory):
    """A real object store on loopback, with authentication."""
    directory = tmp_path_factory.mktemp("s3")
    key = {"accessKey": "test", "secretKey": "test-secret"}
    identity = {"name": "test", "credentials": [key], "actions": ["Admin", "Read", "Write", "List"]}
    config = directory / "identities.json"
    config.write_text(json.dumps({"identities": [identity]}))
    ports = {
        name: free_port()
        for name in (
            "s3",
            "s3.grpc",
            "master",
            "master.grpc",
            "volume",
            "volume.grpc",
            "filer",
            "filer.grpc",
        )
    }
    flags = [
        f"-{name.split('.')[0]}.port{'.grpc' if '.' in name else ''}={port}"
        for name, port in ports.items()
    ]
    environment = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret"}
    os.environ.update(environment)
    process = subprocess.Popen(
        [
            Path(sys.prefix) / "bin" / "weed",
            "server",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-dir={directory}",
        ]
        + [
            "-s3",
            f"-s3.config={config}",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-volume.max=50",
        ]
        + [
            "-master.volumeSizeLimitMB=64",
            "-master.telemetry=false",
            "-volume.preStopSeconds=0",
            *flags,
        ],
        stdout=(directory / "log").open("wb"),
        stderr=subprocess.STDOUT,
    )
    found = LakeConfig(
        bucket="lake", endpoint=f"http://127.0.0.1:{ports['s3']}", region="us-east-1"
    )
    client = boto3.client("s3", endpoint_url=found.endpoint, region_name=found.region)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.create_bucket(Bucket="lake")
            client.put_object(Bucket="lake", Key="ready", Body=b"")
            break
        except Exception:
            assert process.poll() is None and time.monotonic() < deadline, (
                directory / "log"
            ).read_text()
            time.sleep(0.3)
    yield found
    process.terminate()
    process.wait(timeout=30)
