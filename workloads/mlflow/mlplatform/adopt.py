"""Moves what a project made before workspaces into its workspace.

    python -m mlplatform.adopt churn --artifacts s3://lake/artifacts

Experiments, registered models and prompts that the project's user was granted in the workspace
`default` go to the project's, with their artifacts copied below `workspaces/<project>/`, where the
server looks for them then. Nothing is deleted, and what is moved already is passed over: after an
interruption, run it again. Stop what writes to the project before, and restart the server after: it
remembers for an hour which workspace an object is in.
"""

import argparse
import os
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

import boto3
import sqlalchemy as sa
from mlflow.entities.entity_type import EntityAssociationType
from mlflow.exceptions import MlflowException
from mlflow.server.auth.db.models import SqlRole, SqlRolePermission, SqlUser
from mlflow.store.db.workspace_move import move_resources
from mlflow.store.tracking.dbmodels.models import (
    SqlEntityAssociation,
    SqlEvaluationDataset,
    SqlExperiment,
    SqlTraceInfo,
    SqlTraceTag,
)
from mlflow.tracking._workspace.registry import get_workspace_store
from mlflow.utils.mlflow_tags import MLFLOW_ARTIFACT_LOCATION
from mlflow.utils.workspace_utils import DEFAULT_WORKSPACE_NAME, WORKSPACES_DIR_NAME
from sqlalchemy.orm import Session

PROXIED = "mlflow-artifacts:/"


class AdoptionError(RuntimeError):
    """Nothing was changed; the message says why and what to do."""


@dataclass(frozen=True)
class Experiment:
    id: str
    name: str
    location: str


@dataclass(frozen=True)
class Belongings:
    """What the project's user was granted in the default workspace."""

    experiments: list[Experiment]
    # Registered models and prompts, which MLflow keeps in one table.
    models: list[str]
    # Names of evaluation datasets that are only about these experiments.
    datasets: list[str]


def grants_of(users: Session, project: str) -> list[SqlRolePermission]:
    user = users.query(SqlUser).filter(SqlUser.username == project).one_or_none()
    if user is None:
        raise AdoptionError(
            f"MLflow has no user {project}. Bring the stack up first: it makes the project's user "
            "and workspace."
        )
    return (
        users.query(SqlRolePermission)
        .join(SqlRole, SqlRolePermission.role_id == SqlRole.id)
        .filter(SqlRole.workspace == DEFAULT_WORKSPACE_NAME, SqlRole.name == f"__user_{user.id}__")
        .filter(SqlRolePermission.permission == "MANAGE")
        .all()
    )


def belongings_of(tracking: Session, grants: list[SqlRolePermission]) -> Belongings:
    named = {
        kind: {grant.resource_pattern for grant in grants if grant.resource_type == kind}
        for kind in ("experiment", "registered_model", "prompt")
    }
    rows = (
        tracking.query(SqlExperiment)
        .filter(SqlExperiment.workspace == DEFAULT_WORKSPACE_NAME)
        .filter(SqlExperiment.experiment_id.in_([int(each) for each in named["experiment"]]))
        .all()
    )
    experiments = [
        Experiment(str(row.experiment_id), row.name, row.artifact_location) for row in rows
    ]
    return Belongings(
        experiments=experiments,
        models=sorted(named["registered_model"] | named["prompt"]),
        datasets=datasets_of(tracking, {experiment.id for experiment in experiments}),
    )


def make_names_free(tracking: Session, experiments: list[Experiment], project: str) -> list[str]:
    """Renames experiments whose name the workspace has too, as it has the project's own name."""
    taken = {
        name
        for (name,) in tracking.query(SqlExperiment.name).filter(SqlExperiment.workspace == project)
    }
    names = []
    for experiment in experiments:
        name = experiment.name
        if name in taken:
            name = f"{name} before workspaces"
            row = tracking.get(SqlExperiment, int(experiment.id))
            row.name = name
        names.append(name)
    tracking.commit()
    return names


def datasets_of(tracking: Session, experiments: set[str]) -> list[str]:
    about = (
        tracking.query(SqlEvaluationDataset.name, SqlEntityAssociation.destination_id)
        .join(
            SqlEntityAssociation, SqlEntityAssociation.source_id == SqlEvaluationDataset.dataset_id
        )
        .filter(SqlEvaluationDataset.workspace == DEFAULT_WORKSPACE_NAME)
        .filter(SqlEntityAssociation.source_type == EntityAssociationType.EVALUATION_DATASET)
        .filter(SqlEntityAssociation.destination_type == EntityAssociationType.EXPERIMENT)
        .all()
    )
    # A name can be of several datasets, and MLflow moves by name.
    shared = {name for name, experiment in about if experiment not in experiments}
    return sorted({name for name, _ in about} - shared)


def copy_artifacts(experiment: Experiment, project: str, artifacts: str) -> tuple[int, int]:
    """Copies what isn't there yet; returns how many objects there are and how many were copied."""
    if not experiment.location.startswith(PROXIED):
        raise AdoptionError(
            f"experiment {experiment.name} keeps its artifacts at {experiment.location}, not "
            f"behind the server ({PROXIED}…). Move it by hand, or rename it and leave it."
        )
    root = urlsplit(artifacts)
    path = experiment.location.removeprefix(PROXIED).strip("/")
    base = root.path.strip("/")
    source = f"{base}/{path}/"
    target = f"{base}/{WORKSPACES_DIR_NAME}/{project}/{path}/"
    s3 = boto3.client("s3", endpoint_url=os.environ.get("MLFLOW_S3_ENDPOINT_URL"))
    there = dict(objects(s3, root.netloc, target))
    found = list(objects(s3, root.netloc, source))
    copied = 0
    for key, size in found:
        new = target + key.removeprefix(source)
        if there.get(new) != size:
            # In parts where it is larger than a store copies at once.
            s3.copy({"Bucket": root.netloc, "Key": key}, root.netloc, new)
            copied += 1
    return len(found), copied


def objects(s3, bucket: str, prefix: str):
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return ((each["Key"], each["Size"]) for page in pages for each in page.get("Contents", []))


def point_traces(tracking: Session, project: str) -> int:
    """Traces alone name their place without the server putting the workspace before it."""
    own = f"{PROXIED}{WORKSPACES_DIR_NAME}/{project}/"
    tags = (
        tracking.query(SqlTraceTag)
        .join(SqlTraceInfo, SqlTraceTag.request_id == SqlTraceInfo.request_id)
        .join(SqlExperiment, SqlTraceInfo.experiment_id == SqlExperiment.experiment_id)
        .filter(SqlExperiment.workspace == project)
        .filter(SqlTraceTag.key == MLFLOW_ARTIFACT_LOCATION)
        .filter(SqlTraceTag.value.startswith(PROXIED), ~SqlTraceTag.value.startswith(own))
        .all()
    )
    for tag in tags:
        tag.value = own + tag.value.removeprefix(PROXIED).lstrip("/")
    return len(tags)


def adopt(project: str, artifacts: str, is_trial: bool, say=print) -> None:
    uri = os.environ["MLFLOW_BACKEND_STORE_URI"]
    tracking_engine = sa.create_engine(uri)
    users_engine = sa.create_engine(os.environ["MLFLOW_AUTH_DATABASE_URI"])
    workspaces = get_workspace_store(uri)
    try:
        workspaces.get_workspace(project)
    except MlflowException as error:
        raise AdoptionError(
            f"MLflow has no workspace {project}: {error.message} Bring the stack up first: it "
            "makes the project's user and workspace."
        ) from error
    with Session(users_engine) as users, Session(tracking_engine) as tracking:
        grants = grants_of(users, project)
        its = belongings_of(tracking, grants)
        tracking.rollback()
        for experiment in its.experiments:
            say(f"experiment {experiment.name} ({experiment.id}) at {experiment.location}")
        for name in its.models:
            say(f"model or prompt {name}")
        for name in its.datasets:
            say(f"dataset {name}")
        if is_trial:
            say("nothing was changed: --dry_run")
            return
        for experiment in its.experiments:
            found, copied = copy_artifacts(experiment, project, artifacts)
            say(f"experiment {experiment.name}: {found} objects, {copied} copied now")
        names = {
            "experiments": make_names_free(tracking, its.experiments, project),
            "registered_models": its.models,
            "evaluation_datasets": its.datasets,
        }
        for kind, chosen in names.items():
            if chosen:
                place = (
                    {"artifact_policy": "retarget", "default_artifact_root": PROXIED}
                    if kind == "experiments"
                    else {}
                )
                moved = move_resources(
                    tracking_engine,
                    workspaces,
                    DEFAULT_WORKSPACE_NAME,
                    project,
                    kind,
                    names=chosen,
                    **place,
                )
                say(f"{kind}: {len(moved.names)} moved")
        say(f"traces: {point_traces(tracking, project)} pointed to the new place")
        tracking.commit()
        # In its workspace the project has its role; in the default one it has no business.
        for grant in grants:
            users.delete(grant)
        users.commit()
    say(f"{project} has it all in its workspace. Restart MLflow's server now.")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="mlplatform.adopt", description=__doc__.splitlines()[0]
    )
    parser.add_argument("project", help="the project: its workspace and its user's name")
    parser.add_argument(
        "--artifacts", required=True, help="where the server keeps artifacts: s3://lake/artifacts"
    )
    parser.add_argument("--dry_run", action="store_true", help="say what would be moved")
    args = parser.parse_args()
    try:
        adopt(args.project, args.artifacts, args.dry_run)
    except (AdoptionError, RuntimeError) as error:
        print(f"adopt: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
