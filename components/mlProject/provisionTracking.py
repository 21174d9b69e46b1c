"""Makes a project's user and experiment in MLflow. Idempotent; standard library only.

The administrator's credential, the project's, and names come by environment variables. What this
leaves behind: the user with the given password, the experiment named after the project with its
artifacts under the project's own prefix, and MANAGE for that user on that experiment.
"""

import base64
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


class RefusedByServer(Exception):
    def __init__(self, method, path, status, code, message):
        super().__init__(f"MLflow answered {status} {code} to {method} {path}: {message}")
        self.status = status
        self.code = code


class Tracking:
    """MLflow's REST API, signed in as the administrator."""

    def __init__(self, uri, username, password):
        self.uri = uri.rstrip("/")
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def call(self, method, path, body=None, query=None, version="2.0"):
        url = f"{self.uri}/api/{version}/mlflow/{path}"
        if query:
            url += "?" + urllib.parse.urlencode(query)
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(url, data=data, headers=self.headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return json.loads(response.read() or b"{}")
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            code, message = reason(text)
            raise RefusedByServer(method, path, error.code, code, message) from None

    def wait_until_up(self, seconds):
        deadline = time.monotonic() + seconds
        while True:
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=5):
                    return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{self.uri}/health gave no answer in {seconds} s: {error}")
                time.sleep(2)


def reason(text):
    """Code and message of MLflow's error document; what stands before MLflow answers other text."""
    try:
        document = json.loads(text)
        return document["error_code"], document.get("message", "")
    except (ValueError, TypeError, KeyError):
        return "", text[:200]


def is_missing(error):
    return error.code == "RESOURCE_DOES_NOT_EXIST"


def ensure_user(tracking, username, password):
    try:
        tracking.call("GET", "users/get", query={"username": username})
    except RefusedByServer as error:
        if not is_missing(error):
            raise
        tracking.call("POST", "users/create", {"username": username, "password": password})
        return "created"
    tracking.call("PATCH", "users/update-password", {"username": username, "password": password})
    return "password set"


def ensure_experiment(tracking, name, location):
    try:
        found = tracking.call("GET", "experiments/get-by-name", query={"experiment_name": name})
    except RefusedByServer as error:
        if not is_missing(error):
            raise
        experiment = {"name": name, "artifact_location": location}
        made = tracking.call("POST", "experiments/create", experiment)
        return made["experiment_id"], "created"
    experiment = found["experiment"]
    # The project may write under its own prefix only, so another location would fail in training.
    if experiment["artifact_location"].rstrip("/") != location:
        raise ValueError(
            f"experiment {name} keeps its artifacts at {experiment['artifact_location']}, not at "
            f"{location}. Rename that experiment in MLflow, then run this again."
        )
    if experiment.get("lifecycle_stage") == "deleted":
        tracking.call("POST", "experiments/restore", {"experiment_id": experiment["experiment_id"]})
        return experiment["experiment_id"], "restored"
    return experiment["experiment_id"], "found"


def ensure_permission(tracking, experiment_id, username):
    # MLflow's role-based permissions (3.17). A grant that is there is refused, not replaced.
    path, resource = "users/permissions", {
        "username": username,
        "resource_type": "experiment",
        "resource_id": experiment_id,
    }
    held = tracking.call("GET", f"{path}/get", query=resource, version="3.0")
    if held["permission"] == "MANAGE":
        return
    grant = {**resource, "permission": "MANAGE"}
    try:
        tracking.call("POST", f"{path}/grant", grant, version="3.0")
    except RefusedByServer as error:
        if error.code != "RESOURCE_ALREADY_EXISTS":
            raise
        tracking.call("POST", f"{path}/revoke", resource, version="3.0")
        tracking.call("POST", f"{path}/grant", grant, version="3.0")


def main(environment):
    project = environment["PROJECT"]
    tracking = Tracking(
        environment["MLFLOW_TRACKING_URI"],
        environment["ADMIN_USERNAME"],
        environment["ADMIN_PASSWORD"],
    )
    tracking.wait_until_up(float(environment.get("WAIT_SECONDS", "300")))
    username = environment["PROJECT_USERNAME"]
    user = ensure_user(tracking, username, environment["PROJECT_PASSWORD"])
    experiment_id, state = ensure_experiment(tracking, project, f"mlflow-artifacts:/{project}")
    ensure_permission(tracking, experiment_id, username)
    print(f"user {username}: {user}; experiment {project} ({experiment_id}): {state}")


if __name__ == "__main__":
    try:
        main(os.environ)
    except (RefusedByServer, TimeoutError, ValueError) as error:
        sys.exit(f"cannot provision the project: {error}")
