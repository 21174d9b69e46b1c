"""`mlflow db upgrade` of both databases: `python -m mlplatform.migrate`.

In process, so that no URL stands on a command line; under an advisory lock, because the pods of a
new release start together and neither migration locks.
"""

import os

import sqlalchemy
from mlflow.db import commands as tracking
from mlflow.server.auth.db.cli import commands as users

LOCK = 7310


def main() -> None:
    uri = os.environ["MLFLOW_BACKEND_STORE_URI"]
    with sqlalchemy.create_engine(uri).connect() as lock:
        lock.execute(sqlalchemy.text(f"SELECT pg_advisory_lock({LOCK})"))
        tracking(["upgrade", uri], standalone_mode=False)
        users(
            ["upgrade", "--url", os.environ["MLFLOW_AUTH_DATABASE_URI"]], standalone_mode=False
        )


if __name__ == "__main__":
    main()
