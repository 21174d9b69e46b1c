"""Who a bearer token is in MLflow: a project, by the token of its pod, or a person of groups.

Persons have no rows in MLflow's tables: what they may do follows from the groups in the token and
the table of groups in the settings, on each request anew. `MLP_SIGN_IN_FILE` names the settings; a
server without them takes no tokens.
"""

import json
import os
from contextvars import ContextVar
from dataclasses import dataclass
from hmac import compare_digest
from pathlib import Path
from threading import Lock

from cachetools import TTLCache, cached
from flask import Response, request
from mlflow.server import auth
from mlflow.server.auth.entities import Role, RolePermission, User
from mlflow.server.auth.sqlalchemy_store import RoleGrantRow, SqlAlchemyStore
from werkzeug.datastructures import Authorization

from mlplatform.tokens import Issuer, Refused, Unanswered, issuer_of

SETTINGS_VARIABLE = "MLP_SIGN_IN_FILE"
METRICS_VARIABLE = "MLP_METRICS_TOKEN"
KINDS = ("experiment", "registered_model", "prompt", "scorer")
READS = {kind: "READ" for kind in KINDS}
# USE of the workspace is what lets it create.
WORKS = {"workspace": "USE", **{kind: "MANAGE" for kind in KINDS}}
# What the groups of a project's table may do in its workspace.
GRANTS = {"viewers": READS, "approvers": READS, "members": WORKS, "administrators": WORKS}
# No row has this number: what MLflow looks up by it, past this module, is nothing.
NO_ROW = 0
# So that a person is nobody of MLflow's own users, whatever they are called.
PERSON_PREFIX = "oidc:"


@dataclass(frozen=True)
class Person:
    """Somebody who signed in by OIDC, with a role in each workspace of their groups."""

    user: User
    roles: list[Role]


class Pods:
    """Pods of projects, by the tokens of the cluster's service accounts."""

    def __init__(self, settings):
        self.issuer = Issuer(
            settings["jwksUri"],
            settings["audiences"],
            ca_file=settings.get("caFile"),
            token_file=settings["tokenFile"],
        )
        self.accounts = set(settings["serviceAccounts"])

    def sign_in(self, claims):
        """The project's user, which its provisioning made: it bears the namespace's name."""
        kubernetes = claims.get("kubernetes.io")
        if not isinstance(kubernetes, dict):
            raise Refused("it is no service account's")
        account = kubernetes["serviceaccount"]["name"]
        if account not in self.accounts:
            raise Refused(f"the service account {account} may not sign in")
        return project_user(kubernetes["namespace"])


# MLflow asks several times in a request who sends it.
@cached(TTLCache(maxsize=1000, ttl=60), lock=Lock())
def project_user(namespace):
    store = auth.store
    if store.has_user(namespace):
        user = store.get_user(namespace)
        # A user of that name who is somebody else has no role there.
        if not user.is_admin and store.user_has_any_role_in_workspace(user.id, namespace):
            return user.username
    raise Refused(f"the namespace {namespace} is no project")


class People:
    """People, by the tokens of an OIDC issuer; their groups decide."""

    def __init__(self, settings):
        self.issuer = Issuer(settings["jwksUri"], settings["audiences"], settings["issuer"])
        self.claim = settings["groupsClaim"]
        self.administrators = set(settings["administrators"])
        self.projects = settings["projects"]

    def sign_in(self, claims):
        groups = claims.get(self.claim)
        if not isinstance(groups, list):
            raise Refused(
                f"it has no list of groups in {self.claim}; an issuer leaves it out of a token "
                "of too many groups, so have it put in those of this application only"
            )
        held = {group for group in groups if isinstance(group, str)}
        name = claims.get("email") or claims.get("preferred_username") or claims["sub"]
        user = User(
            NO_ROW,
            f"{PERSON_PREFIX}{name}",
            # No password is right for it.
            password_hash="!",
            is_admin=bool(held & self.administrators),
        )
        roles = [
            role_of(project, kind)
            for project, table in self.projects.items()
            for kind in GRANTS
            if held.intersection(table.get(kind, []))
        ]
        if not roles and not user.is_admin:
            raise Refused(f"none of its {len(held)} groups is in the table of a project")
        signed_in.set(Person(user, roles))
        return user.username


def role_of(project, kind):
    permissions = [
        RolePermission(NO_ROW, NO_ROW, resource, "*", permission)
        for resource, permission in GRANTS[kind].items()
    ]
    return Role(NO_ROW, kind, project, permissions=permissions)


# The person of the request at hand. Set at each sign-in, before MLflow asks what they may do.
signed_in = ContextVar("signed_in", default=None)


class StoreWithPeople(SqlAlchemyStore):
    """MLflow's users and roles, and the person of the request at hand."""

    def get_user(self, username):
        person = signed_in.get()
        return person.user if is_named(person, username) else super().get_user(username)

    def list_accessible_workspace_names(self, username):
        person = signed_in.get()
        if is_named(person, username):
            return {role.workspace for role in person.roles}
        return super().list_accessible_workspace_names(username)

    def list_user_roles(self, user_id):
        return self._roles(user_id) or super().list_user_roles(user_id)

    def list_user_present_workspaces(self, user_id):
        own = {role.workspace for role in self._roles(user_id)}
        return own or super().list_user_present_workspaces(user_id)

    def user_has_any_role_in_workspace(self, user_id, workspace):
        own = any(role.workspace == workspace for role in self._roles(user_id))
        return own or super().user_has_any_role_in_workspace(user_id, workspace)

    def list_grants(self, user_id, workspace, resource_types):
        kinds = {*resource_types, "workspace"}
        own = [
            RoleGrantRow(each.resource_type, each.resource_pattern, each.permission)
            for role in self._roles(user_id)
            if role.workspace == workspace
            for each in role.permissions
            if each.resource_type in kinds
        ]
        return own or super().list_grants(user_id, workspace, resource_types)

    def grant_user_permission(self, username, *args, **kwargs):
        """MLflow gives whoever makes a thing a row for it; a person has it by their role."""
        if not is_named(signed_in.get(), username):
            super().grant_user_permission(username, *args, **kwargs)

    def _roles(self, user_id):
        person = signed_in.get()
        return person.roles if person is not None and user_id == person.user.id else []


def is_named(person, username):
    return person is not None and person.user.username == username


# Prometheus. MLflow shows its metrics to administrators alone.
scraper = Person(User(NO_ROW, "metrics", password_hash="!", is_admin=True), [])


def is_scrape(token):
    """Whether the request reads the metrics, by the token that is good for nothing else."""
    known = os.environ.get(METRICS_VARIABLE)
    is_metrics = (request.method, request.path) == ("GET", "/metrics")
    return bool(known) and is_metrics and compare_digest(token.encode(), known.encode())


def read_settings():
    file = os.environ.get(SETTINGS_VARIABLE)
    return json.loads(Path(file).read_text()) if file else {}


def populations(settings):
    """Those whose tokens are taken."""
    made = {"pods": Pods, "people": People}
    return [made[kind](each) for kind, each in settings.items()]


auth.store.__class__ = StoreWithPeople
believed = populations(read_settings())


def authenticate_bearer():
    """Whom the request's token stands for, or the answer that says why it is refused."""
    token = request.authorization.token
    try:
        if not token:
            raise Refused("it is empty")
        if is_scrape(token):
            signed_in.set(scraper)
            return Authorization("bearer", {"username": scraper.user.username})
        if not believed:
            raise Refused("this server takes none; sign in by name and password")
        issuer = issuer_of(token, [each.issuer for each in believed])
        population = next(each for each in believed if each.issuer is issuer)
        return Authorization("bearer", {"username": population.sign_in(issuer.verify(token))})
    except Refused as error:
        refusal = Response(f"The token is refused: {error}.", 401)
        refusal.headers["WWW-Authenticate"] = 'Bearer realm="mlflow", error="invalid_token"'
        return refusal
    except Unanswered as error:
        return Response(f"The token can't be checked: {error}.", 503, {"Retry-After": "10"})
