"""Finds where a registered model version really lies, over MLflow's REST API.

MLflow 3 records a version's source as `models:/m-<id>`, which only an MLflow client understands,
and with proxied artifacts the logged model's own location is `mlflow-artifacts:/…`, which only the
tracking server understands: below its artifacts destination, in the folder of the workspace that
MLFLOW_WORKSPACE names. KServe needs the object store's address:

    python resolve.py --model churn --alias champion --artifacts_root s3://lake/artifacts
"""

import argparse
import json
import os
import sys
import urllib.parse
from dataclasses import asdict, dataclass, field
from pathlib import Path

import requests
from requests.auth import HTTPBasicAuth

REQUEST_TIMEOUT_SECONDS = 30
PROXIED_SCHEME = "mlflow-artifacts"
WORKSPACES = "workspaces"
# Where MLflow's own clients read it.
POD_TOKEN_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


class ResolveError(RuntimeError):
    """The version has no address in the object store; the message says why and what to change."""


@dataclass(frozen=True)
class ModelLocation:
    """A registered version, its address in the object store, and the lineage its run was tagged with."""

    name: str
    version: str
    run_id: str
    uri: str
    tags: dict[str, str] = field(default_factory=dict)


class TrackingServer:
    """The few read calls of MLflow's REST API that the resolution needs."""

    def __init__(self, uri: str) -> None:
        self.uri = uri.rstrip("/")
        self._session = requests.Session()
        user = os.environ.get("MLFLOW_TRACKING_USERNAME")
        if os.environ.get("MLFLOW_TRACKING_AUTH") == "kubernetes":
            self._session.headers["Authorization"] = f"Bearer {_pod_token()}"
        elif user:
            password = os.environ.get("MLFLOW_TRACKING_PASSWORD", "")
            self._session.auth = HTTPBasicAuth(user, password)
        self.workspace = os.environ.get("MLFLOW_WORKSPACE")
        if self.workspace:
            self._session.headers["X-MLFLOW-WORKSPACE"] = self.workspace

    def get(self, path: str, **params: str) -> dict:
        url = f"{self.uri}/api/2.0/mlflow/{path}"
        try:
            answer = self._session.get(url, params=params, timeout=REQUEST_TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise ResolveError(f"MLflow at {self.uri} does not answer: {error}") from error
        if not answer.ok:
            raise ResolveError(
                f"MLflow answered {answer.status_code} to {path} {params}: {answer.text[:300]}"
            )
        return answer.json()


def _pod_token() -> str:
    try:
        return POD_TOKEN_FILE.read_text().strip()
    except OSError as error:
        raise ResolveError(
            f"MLFLOW_TRACKING_AUTH is kubernetes, and {POD_TOKEN_FILE} holds no token: {error}. "
            "Mount a token of the pod's service account there, for the audience mlflow"
        ) from error


def resolve(
    server: TrackingServer,
    name: str,
    version: str | None = None,
    alias: str | None = None,
    artifacts_root: str | None = None,
) -> ModelLocation:
    """Resolves `name` at `version` or `alias`; `artifacts_root` is where a proxying server keeps artifacts."""
    if (version is None) == (alias is None):
        raise ResolveError("give either a version or an alias")
    if alias is not None:
        found = server.get("registered-models/alias", name=name, alias=alias)["model_version"]
    else:
        found = server.get("model-versions/get", name=name, version=str(version))["model_version"]
    run_id = found.get("run_id", "")
    tags = {}
    if run_id:
        run = server.get("runs/get", run_id=run_id)["run"]
        tags = {tag["key"]: tag["value"] for tag in run["data"].get("tags", [])}
    return ModelLocation(
        name=name,
        version=found["version"],
        run_id=run_id,
        uri=object_store_uri(
            _logged_location(server, found["source"]), artifacts_root, server.workspace
        ),
        tags={key: tags[key] for key in sorted(tags) if not key.startswith("mlflow.")},
    )


def object_store_uri(
    location: str, artifacts_root: str | None, workspace: str | None = None
) -> str:
    """Translates a proxied location to the address under the server's artifacts destination.

    In a workspace the server keeps all paths below `workspaces/<workspace>/`, and puts that before
    those that don't name it.
    """
    parts = urllib.parse.urlsplit(location)
    if parts.scheme != PROXIED_SCHEME:
        if parts.scheme in ("http", "https", "models", "runs"):
            raise ResolveError(f"{location} is not an address in an object store")
        return location
    if not artifacts_root:
        raise ResolveError(
            f"{location} is proxied by the tracking server: give the server's artifacts destination "
            "(--artifacts_root, or MLP_ARTIFACTS_ROOT)"
        )
    path = parts.path.removeprefix("/api/2.0/mlflow-artifacts/artifacts").strip("/")
    if workspace and not path.startswith(f"{WORKSPACES}/"):
        path = f"{WORKSPACES}/{workspace}/{path}"
    return f"{artifacts_root.rstrip('/')}/{path}"


def _logged_location(server: TrackingServer, source: str) -> str:
    parts = urllib.parse.urlsplit(source)
    if parts.scheme != "models":
        return source
    model_id = parts.path.strip("/")
    if not model_id.startswith("m-"):
        raise ResolveError(
            f"the version's source {source} names another version; register the logged model"
        )
    return server.get(f"logged-models/{model_id}")["model"]["info"]["artifact_uri"]


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Print where a registered model version really lies."
    )
    parser.add_argument("--model", required=True, help="registered model name")
    parser.add_argument("--version", help="version number")
    parser.add_argument("--alias", help="alias, such as champion")
    parser.add_argument("--tracking_uri", default=os.environ.get("MLFLOW_TRACKING_URI"))
    parser.add_argument("--artifacts_root", default=os.environ.get("MLP_ARTIFACTS_ROOT"))
    args = parser.parse_args()
    if not args.tracking_uri:
        parser.error("give --tracking_uri or MLFLOW_TRACKING_URI")
    try:
        location = resolve(
            TrackingServer(args.tracking_uri),
            args.model,
            args.version,
            args.alias,
            args.artifacts_root,
        )
    except ResolveError as error:
        print(f"resolve: {error}", file=sys.stderr)
        return 1
    print(json.dumps(asdict(location)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
