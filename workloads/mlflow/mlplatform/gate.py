"""Closes what MLflow 3.17.2 leaves open between workspaces.

`authorization_function = mlplatform.gate:authenticate` in MLflow's auth.ini. A project is a
workspace, and the server alone holds the key to all artifacts: what a client makes it open or do
has to stay in the workspace that the request was authorized for.
"""

import os
import re

from flask import Response, g, request
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
from mlflow.server import ARTIFACTS_DESTINATION_ENV_VAR, handlers
from mlflow.server.auth import authenticate_request_basic_auth, store
from mlflow.store.artifact.artifact_repository_registry import _artifact_repository_registry
from mlflow.store.artifact.s3_artifact_repo import S3ArtifactRepository
from mlflow.utils.workspace_context import get_request_workspace
from mlflow.utils.workspace_utils import WORKSPACES_DIR_NAME
from werkzeug.datastructures import Authorization

from mlplatform.identities import authenticate_bearer, signed_in

# Not checked against the workspace in 3.17.2, or open to every user; no project needs them.
CLOSED = re.compile(
    r"^/(?:gateway/|signup$|(?:ajax-)?api/\d\.\d/(?:jobs|mlflow/(?:assistant|demo|gateway|"
    r"gateway-proxy|genai/evaluate|issues/invoke|jobs|mcp-servers|scorer/invoke|users/create|"
    r"users/create-ui|users/list|webhooks))(?:/|$))"
)
DESTINATION = os.environ[ARTIFACTS_DESTINATION_ENV_VAR].rstrip("/")
# These name what MLflow finds by itself, within the workspace.
INDIRECT_SCHEMES = {"mlflow-artifacts", "models", "runs"}


class WorkspaceArtifactRepository(S3ArtifactRepository):
    """S3 as the server opens it for a request: only below the request's workspace.

    A version's source and a trace's location are what a client wrote, and the server would open
    them with its own key. Checked here, where the server reads: a client can hide an address from
    a check of the request, by encoding it twice.
    """

    def __init__(self, artifact_uri, *args, **kwargs):
        workspace = get_request_workspace()
        own = f"{DESTINATION}/{WORKSPACES_DIR_NAME}/{workspace}/"
        if not workspace or not artifact_uri.startswith(own) or ".." in artifact_uri.split("/"):
            refuse(artifact_uri)
        super().__init__(artifact_uri, *args, **kwargs)


def refuse(artifact_uri, *_args, **_kwargs):
    raise MlflowException(
        f"{artifact_uri} is outside the workspace {get_request_workspace()}. "
        "Log the artifacts through MLflow; they are then in the project's own place.",
        PERMISSION_DENIED,
    )


def confine_artifacts():
    # The proxy's own repository is opened before: MLflow confines its paths to the workspace.
    handlers._get_artifact_repo_mlflow_artifacts()
    for scheme in list(_artifact_repository_registry.get_registered_artifact_repositories()):
        if scheme not in INDIRECT_SCHEMES:
            _artifact_repository_registry.register(scheme, refuse)
    _artifact_repository_registry.register("s3", WorkspaceArtifactRepository)


confine_artifacts()


def authenticate():
    """Who sends the request, by token or by password; a refusal where the route is closed to them."""
    # MLflow asks several times in a request.
    if "authorization" not in g:
        g.authorization = sign_in()
    return g.authorization


def sign_in():
    signed_in.set(None)
    sent = request.authorization
    is_token = sent is not None and sent.type == "bearer"
    authorization = authenticate_bearer() if is_token else authenticate_request_basic_auth()
    if (
        isinstance(authorization, Authorization)
        and CLOSED.match(request.path)
        and not store.get_user(authorization.username).is_admin
    ):
        return Response("The platform closes this route to all but administrators.", 403)
    return authorization
