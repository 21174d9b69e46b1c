"""Makes a project's workspace, user and roles in MLflow. Idempotent; standard library only.

The administrator's credential and names come by environment variables. What this leaves behind: a
workspace named after the project, its roles with exactly the grants below, the user named after the
project as the only one in the role of the project's pods, and an experiment named after it. The
user's password is PROJECT_PASSWORD; without one it is random and told to nobody, and earlier ones
are no longer good: pods sign in by tokens of their service account.
"""

import base64
import json
import os
import secrets
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


EVERY = "*"
# What each role may do in the project's workspace. USE of the workspace is what lets it create.
ROLES = {
    # The project's pods: all of the project's own.
    "service": {
        "workspace": "USE",
        "experiment": "MANAGE",
        "registered_model": "MANAGE",
        "prompt": "MANAGE",
        "scorer": "MANAGE",
    },
    # For people, whom an administrator assigns: they read, artifacts too, and create nothing.
    "viewer": {
        "experiment": "READ",
        "registered_model": "READ",
        "prompt": "READ",
        "scorer": "READ",
    },
}
PODS = "service"


class RefusedByServer(Exception):
    def __init__(self, method, path, status, code, message):
        super().__init__(f"MLflow answered {status} {code} to {method} {path}: {message}")
        self.status = status
        self.code = code


class NameTaken(Exception):
    pass


class Tracking:
    """MLflow's REST API in a workspace, signed in as the administrator."""

    def __init__(self, uri, username, password):
        self.uri = uri.rstrip("/")
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        self.headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}

    def enter(self, workspace):
        self.headers["X-MLFLOW-WORKSPACE"] = workspace

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
        found = tracking.call("GET", "users/get", query={"username": username})["user"]
    except RefusedByServer as error:
        if not is_missing(error):
            raise
        tracking.call("POST", "users/create", {"username": username, "password": password})
        return "created"
    if found["is_admin"]:
        raise NameTaken(f"{username} is an administrator of MLflow. Name the project otherwise.")
    tracking.call("PATCH", "users/update-password", {"username": username, "password": password})
    return "password set"


def ensure_workspace(tracking, name):
    """Only an administrator makes one, so its name can't be taken before the project is there."""
    try:
        tracking.call("GET", f"workspaces/{name}", version="3.0")
        return "found"
    except RefusedByServer as error:
        if not is_missing(error):
            raise
    workspace = {"name": name, "description": f"project {name}"}
    tracking.call("POST", "workspaces", workspace, version="3.0")
    return "created"


def ensure_role(tracking, workspace, name, grants):
    """A role with exactly these grants, on everything of the workspace; returns its id."""
    listed = tracking.call("GET", "roles/list", query={"workspace": workspace}, version="3.0")
    found = [role for role in listed["roles"] if role["name"] == name]
    if not found:
        role = {"name": name, "workspace": workspace}
        found = [tracking.call("POST", "roles/create", role, version="3.0")["role"]]
    role_id = found[0]["id"]
    path, query = "roles/permissions", {"role_id": role_id}
    held = tracking.call("GET", f"{path}/list", query=query, version="3.0")["role_permissions"]
    missing = dict(grants)
    for grant in held:
        kind, pattern = grant["resource_type"], grant["resource_pattern"]
        if pattern == EVERY and missing.get(kind) == grant["permission"]:
            del missing[kind]
        else:
            excess = {"role_permission_id": grant["id"]}
            tracking.call("DELETE", f"{path}/remove", excess, version="3.0")
    for kind, permission in missing.items():
        grant = {"resource_type": kind, "resource_pattern": EVERY, "permission": permission}
        tracking.call("POST", f"{path}/add", {"role_id": role_id, **grant}, version="3.0")
    return role_id


def ensure_only_member(tracking, role_id, username):
    """The user is in the role, and nobody else."""
    users = tracking.call("GET", "users/list")["users"]
    names = {user["id"]: user["username"] for user in users}
    query = {"role_id": role_id}
    listed = tracking.call("GET", "roles/users/list", query=query, version="3.0")
    members = {names[each["user_id"]] for each in listed["assignments"]}
    for other in members - {username}:
        membership = {"username": other, "role_id": role_id}
        tracking.call("DELETE", "roles/unassign", membership, version="3.0")
    if username not in members:
        membership = {"username": username, "role_id": role_id}
        tracking.call("POST", "roles/assign", membership, version="3.0")


def ensure_experiment(tracking, name):
    try:
        found = tracking.call("GET", "experiments/get-by-name", query={"experiment_name": name})
    except RefusedByServer as error:
        if not is_missing(error):
            raise
        made = tracking.call("POST", "experiments/create", {"name": name})
        return made["experiment_id"], "created"
    experiment = found["experiment"]
    if experiment.get("lifecycle_stage") == "deleted":
        tracking.call("POST", "experiments/restore", {"experiment_id": experiment["experiment_id"]})
        return experiment["experiment_id"], "restored"
    return experiment["experiment_id"], "found"


def main(environment):
    project = environment["PROJECT"]
    tracking = Tracking(
        environment["MLFLOW_TRACKING_URI"],
        environment["ADMIN_USERNAME"],
        environment["ADMIN_PASSWORD"],
    )
    tracking.wait_until_up(float(environment.get("WAIT_SECONDS", "300")))
    password = environment.get("PROJECT_PASSWORD") or secrets.token_urlsafe(32)
    user = ensure_user(tracking, project, password)
    workspace = ensure_workspace(tracking, project)
    roles = {name: ensure_role(tracking, project, name, grants) for name, grants in ROLES.items()}
    ensure_only_member(tracking, roles[PODS], project)
    tracking.enter(project)
    experiment_id, experiment = ensure_experiment(tracking, project)
    print(
        f"workspace {project}: {workspace}; user {project}: {user}; "
        f"experiment {project} ({experiment_id}): {experiment}"
    )


if __name__ == "__main__":
    try:
        main(os.environ)
    except (NameTaken, RefusedByServer, TimeoutError) as error:
        sys.exit(f"cannot provision the project: {error}")
