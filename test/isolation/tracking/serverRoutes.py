"""Prints each route of MLflow's server with who decides on it, and what it asks of its users' table.

Started in the environment of the server, without serving.
"""

import inspect
import os
import re
from collections import defaultdict
from types import SimpleNamespace

# What `mlflow server` tells its workers; the routes are made when the package is imported.
os.environ |= {
    "_MLFLOW_SERVER_FILE_STORE": os.environ["MLFLOW_BACKEND_STORE_URI"],
    "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    "_MLFLOW_SERVER_ARTIFACT_DESTINATION": "s3://lake/artifacts",
    "prometheus_multiproc_dir": os.environ["TMPDIR"] + "/unused",
    "PROMETHEUS_MULTIPROC_DIR": os.environ["TMPDIR"] + "/unused",
    "MLFLOW_ENABLE_WORKSPACES": "true",
    "_MLFLOW_SGI_NAME": "uvicorn",
}

from mlflow.server import auth  # noqa: E402
from mlplatform import gate  # noqa: E402

GATE = "administrators alone: the gate"
NOBODY = "administrators alone: MLFLOW_BASIC_AUTH_FAIL_CLOSED"
# What Flask answers beside what a route says.
IMPLIED = {"HEAD", "OPTIONS"}
PARAMETER = re.compile(r"<[^>]+>|\{[^}]+\}")


def name_of(validator):
    name = validator.__qualname__.replace(".<locals>", "")
    if not name.endswith("<lambda>"):
        return name
    return "whoever signed in" if validator() else NOBODY


def decision(path, method, arguments):
    """Who decides on a request that Flask serves, in the order of MLflow's `_before_request`."""
    asked = SimpleNamespace(path=path, method=method)
    if auth.is_unprotected_route(path):
        return "everybody, without signing in"
    if gate.CLOSED.match(path):
        return GATE
    if validator := auth._find_validator(asked):
        return name_of(validator)
    if auth._is_proxy_artifact_path(path):
        validator = auth._get_proxy_artifact_validator(method, arguments)
        return name_of(validator) if validator else NOBODY
    if auth._authorized_outside_before_request(asked):
        return "the handler itself"
    return NOBODY


def native_decision(path, method):
    """Who decides on a request that FastAPI serves."""
    if auth.is_unprotected_route(path):
        return "everybody, without signing in"
    if gate.CLOSED.match(path):
        return GATE
    validator = auth._find_fastapi_validator(path, method)
    return f"FastAPI {name_of(validator)}" if validator else "refused to all"


def native_routes(candidates):
    """The routes that FastAPI serves, those of its routers among them."""
    for each in candidates:
        if hasattr(each, "effective_candidates"):
            yield from native_routes(each.effective_candidates())
        else:
            yield each


def routes(app):
    for rule in auth.app.url_map.iter_rules():
        path = PARAMETER.sub("x", rule.rule)
        arguments = dict.fromkeys(rule.arguments, "x") or None
        for method in rule.methods:
            yield rule.rule, method, decision(path, method, arguments)
    for route in native_routes(auth._native_fastapi_routes(app)):
        for method in route.methods:
            yield route.path, method, native_decision(PARAMETER.sub("x", route.path), method)


print("\nroutes")
# The page asks by twins of the clients' routes.
twins = defaultdict(set)
for path, method, decided in routes(auth.create_app()):
    if method not in IMPLIED or decided not in {GATE, NOBODY}:
        whole, version = re.subn(r"^/(ajax-)?api/", "/api/", path)
        twins[whole, method, decided].add(path.startswith("/ajax-api/") if version else None)
for (path, method, decided), kinds in sorted(twins.items()):
    only = {frozenset({True}): " (page)", frozenset({False}): " (clients)"}
    print(f"{method} {path}{only.get(frozenset(kinds), '')}: {decided}")

print("\nof users and roles it asks")
print("\n".join(sorted(set(re.findall(r"(?<![\w.])store\.(\w+)\(", inspect.getsource(auth))))))
