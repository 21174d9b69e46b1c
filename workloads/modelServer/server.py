"""Starts KServe's model server for one MLflow model.

python server.py --model_name churn --model_dir /mnt/models --http_port 8080
python server.py --model_name churn --model_dir s3://lake/artifacts/1/models/m-…/artifacts --host 127.0.0.1
"""

import argparse
import asyncio
import sys

import kserve
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from kserve.constants.constants import FASTAPI_APP_IMPORT_STRING
from kserve.logging import logger
from kserve.model_server import app
from kserve.model_server import parser as kserve_parser
from kserve.protocol.rest.server import RESTServer

from model import MlflowModel, ModelLoadError


class BoundModelServer(kserve.ModelServer):
    """`kserve.ModelServer` on a chosen address.

    KServe writes 0.0.0.0 into the uvicorn configuration it builds (kserve 0.21,
    protocol/rest/server.py) and offers no argument for it. The configuration is read when the
    server starts to serve, so the address is set between the two.
    """

    def __init__(self, host: str, **options) -> None:
        super().__init__(**options)
        self.host = host

    def start(self, models: list) -> None:
        self._register_and_check_atleast_one_model_is_ready(models)
        self._rest_server = RESTServer(
            FASTAPI_APP_IMPORT_STRING,
            self.dataplane,
            self.model_repository_extension,
            self.http_port,
            access_log_format=self.access_log_format,
            grace_period=self.grace_period,
            event_loop=self.event_loop,
            timeout_keep_alive=self.timeout_keep_alive,
            ssl_certfile=self.ssl_certfile,
            ssl_keyfile=self.ssl_keyfile,
        )
        self._rest_server.config.host = self.host
        self.setup_event_loop()
        # No handler of KServe's own: on SIGTERM it unloads the models at once, which answers 404 to
        # requests in flight. uvicorn stops listening and lets them finish within the grace period.
        asyncio.run(self._rest_server.start())


async def explain_malformed_body(_: Request, error: RequestValidationError) -> JSONResponse:
    """Answers 422 in KServe's error shape.

    FastAPI's own answer repeats the input, which fails with a 500 when the input holds NaN.
    """
    reasons = [f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()]
    return JSONResponse(status_code=422, content={"error": "; ".join(reasons)})


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(parents=[kserve_parser], conflict_handler="resolve")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")
    parser.add_argument(
        "--model_dir", required=True, help="directory or s3:// address of the model"
    )
    parser.add_argument("--predict_threads", type=int, default=1, help="predictions run at once")
    args = parser.parse_args()
    if args.workers != 1:
        parser.error("--workers must be 1: scale with replicas, each loads the model once")
    return args


def main() -> int:
    args = parse_arguments()
    model = MlflowModel(args.model_name, args.model_dir, args.predict_threads)
    try:
        model.load()
    except ModelLoadError as error:
        logger.error(str(error))
        return 1
    app.add_exception_handler(RequestValidationError, explain_malformed_body)
    server = BoundModelServer(args.host, enable_grpc=False, enable_latency_logging=False)
    server.start([model])
    return 0


if __name__ == "__main__":
    sys.exit(main())
