"""Runs a Pulumi program as the CLI's own launcher does, which no package on PyPI holds."""

import argparse
import asyncio
import json
import os
import runpy
import sys

import pulumi
import pulumi.runtime


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("project", "stack", "organization", "monitor", "engine", "root-directory"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--parallel", type=int, required=True)
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("program")
    given = parser.parse_args()
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            monitor=given.monitor,
            engine=given.engine,
            project=given.project,
            stack=given.stack,
            organization=given.organization,
            parallel=given.parallel,
            dry_run=given.dry_run,
            root_directory=given.root_directory,
        )
    )
    pulumi.runtime.set_all_config(
        json.loads(os.environ["PULUMI_CONFIG"]), json.loads(os.environ["PULUMI_CONFIG_SECRET_KEYS"])
    )
    sys.path.insert(0, os.getcwd())
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    loop.run_until_complete(
        pulumi.runtime.run_in_stack(lambda: runpy.run_path(given.program, run_name="__main__"))
    )


if __name__ == "__main__":
    main()
