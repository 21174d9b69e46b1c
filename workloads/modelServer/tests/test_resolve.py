import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

import resolve as resolve_module
from resolve import ResolveError, TrackingServer, object_store_uri, resolve

# Answers as MLflow 3.17 gives them (recorded shapes, own values).
ANSWERS = {
    "registered-models/alias": {
        "model_version": {"name": "wine", "version": "7", "run_id": "r1", "source": "models:/m-1f"}
    },
    "runs/get": {
        "run": {
            "data": {
                "tags": [
                    {"key": "dataset.digest", "value": "abc"},
                    {"key": "mlflow.user", "value": "someone"},
                ]
            }
        }
    },
    "logged-models/m-1f": {
        "model": {"info": {"artifact_uri": "mlflow-artifacts:/2/models/m-1f/artifacts"}}
    },
}

# Headers of each request.
WORKSPACES_ASKED = []
SIGNED_IN_BY = []


@pytest.fixture()
def tracking():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            WORKSPACES_ASKED.append(self.headers.get("X-MLFLOW-WORKSPACE"))
            SIGNED_IN_BY.append(self.headers.get("Authorization"))
            path = urlsplit(self.path).path.removeprefix("/api/2.0/mlflow/")
            known = path in ANSWERS and parse_qs(urlsplit(self.path).query).get("alias") != [
                "nobody"
            ]
            body = json.dumps(
                ANSWERS[path] if known else {"error_code": "RESOURCE_DOES_NOT_EXIST"}
            ).encode()
            self.send_response(200 if known else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield TrackingServer(f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    server.server_close()


def test_an_alias_leads_to_the_object_store_and_the_lineage_tags(tracking):
    found = resolve(tracking, "wine", alias="champion", artifacts_root="s3://lake/artifacts/")
    assert found.uri == "s3://lake/artifacts/2/models/m-1f/artifacts"
    assert (found.version, found.run_id, found.tags) == ("7", "r1", {"dataset.digest": "abc"})


def test_a_project_asks_in_its_workspace_and_finds_what_the_server_put_there(tracking, monkeypatch):
    monkeypatch.setenv("MLFLOW_WORKSPACE", "pricing")
    server = TrackingServer(tracking.uri)
    found = resolve(server, "wine", alias="champion", artifacts_root="s3://lake/artifacts")
    assert found.uri == "s3://lake/artifacts/workspaces/pricing/2/models/m-1f/artifacts"
    assert WORKSPACES_ASKED[-1] == "pricing"


def test_an_unknown_alias_says_what_the_server_answered(tracking):
    with pytest.raises(ResolveError, match="404.*RESOURCE_DOES_NOT_EXIST"):
        resolve(tracking, "wine", alias="nobody")


def test_a_silent_server_is_named():
    with pytest.raises(ResolveError, match="127.0.0.1:9 does not answer"):
        resolve(TrackingServer("http://127.0.0.1:9"), "wine", version="1")


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (
            "s3://lake/artifacts/2/models/m-1f/artifacts",
            "s3://lake/artifacts/2/models/m-1f/artifacts",
        ),
        ("mlflow-artifacts:/2/x", "s3://lake/artifacts/2/x"),
        (
            "mlflow-artifacts://host:5000/api/2.0/mlflow-artifacts/artifacts/2/x",
            "s3://lake/artifacts/2/x",
        ),
    ],
)
def test_locations_become_addresses_in_the_object_store(location, expected):
    assert object_store_uri(location, "s3://lake/artifacts") == expected


@pytest.mark.parametrize(
    "location", ["mlflow-artifacts:/workspaces/pricing/2/x", "mlflow-artifacts:/2/x"]
)
def test_a_workspace_is_in_the_address_once(location):
    found = object_store_uri(location, "s3://lake/artifacts", "pricing")
    assert found == "s3://lake/artifacts/workspaces/pricing/2/x"


def test_a_proxied_location_without_a_root_is_refused():
    with pytest.raises(ResolveError, match="artifacts_root"):
        object_store_uri("mlflow-artifacts:/2/x", None)


def test_a_pod_signs_in_by_the_token_of_its_service_account(tracking, monkeypatch, tmp_path):
    token = tmp_path / "token"
    token.write_text("a.b.c\n")
    monkeypatch.setattr(resolve_module, "POD_TOKEN_FILE", token)
    monkeypatch.setenv("MLFLOW_TRACKING_AUTH", "kubernetes")
    resolve(TrackingServer(tracking.uri), "wine", alias="champion", artifacts_root="s3://lake/a")
    assert SIGNED_IN_BY[-1] == "Bearer a.b.c"


def test_a_pod_without_its_token_says_what_to_mount(monkeypatch, tmp_path):
    monkeypatch.setattr(resolve_module, "POD_TOKEN_FILE", tmp_path / "token")
    monkeypatch.setenv("MLFLOW_TRACKING_AUTH", "kubernetes")
    with pytest.raises(ResolveError, match="Mount a token of the pod's service account"):
        TrackingServer("http://127.0.0.1:9")
