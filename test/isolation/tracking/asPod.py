"""Runs a program as a pod does that signs in to MLflow by its service account's token.

    asPod.py TOKEN_FILE PROGRAM

MLflow's client reads the token from where Kubernetes mounts it, which only root may write to here.
"""

import runpy
import sys
from pathlib import Path

from mlflow.tracking.request_auth import kubernetes_request_auth_provider as provider

provider._SERVICE_ACCOUNT_TOKEN_PATH = Path(sys.argv[1])
runpy.run_path(sys.argv[2], run_name="__main__")
