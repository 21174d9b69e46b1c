"""What a project's pods do with MLflow, as its own user: log, register, read back.

Prints what it made as JSON. Every text that others must not see holds the mark, `<project>-secret`.
"""

import json
import os
import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.genai.datasets import create_dataset

project = os.environ["PROJECT"]
mark = f"{project}-secret"
client = mlflow.MlflowClient()


def echo(model_input: list[str]) -> list[str]:
    return model_input


experiment = mlflow.set_experiment(f"{project}-models")
client.set_experiment_tag(experiment.experiment_id, "note", mark)
with mlflow.start_run(run_name=mark) as run:
    mlflow.log_param("note", mark)
    mlflow.log_metric("accuracy", 0.9)
    mlflow.log_text(mark, "secret.txt")
    mlflow.log_input(mlflow.data.from_pandas(pd.DataFrame({"a": [1.0]}), name=mark))
    logged = mlflow.pyfunc.log_model(
        name="model", python_model=echo, pip_requirements=["mlflow"], metadata={"note": mark}
    )
version = mlflow.register_model(logged.model_uri, f"{project}-model", tags={"note": mark})
client.update_registered_model(f"{project}-model", mark)
client.set_registered_model_alias(f"{project}-model", "champion", version.version)
prompt = mlflow.genai.register_prompt(name=f"{project}-prompt", template=mark)
dataset = create_dataset(name=f"{project}-dataset", experiment_id=experiment.experiment_id)
with mlflow.start_span(name=mark) as span:
    span.set_inputs({"note": mark})
mlflow.flush_trace_async_logging()
trace_id = span.trace_id

# Read back, each by another way.
assert client.get_run(run.info.run_id).data.metrics == {"accuracy": 0.9}
with tempfile.TemporaryDirectory() as folder:
    file = mlflow.artifacts.download_artifacts(
        run_id=run.info.run_id, artifact_path="secret.txt", dst_path=folder
    )
    assert Path(file).read_text() == mark
assert mlflow.pyfunc.load_model(f"models:/{project}-model@champion").predict([mark]) == [mark]
assert mlflow.genai.load_prompt(f"prompts:/{project}-prompt/1").template == mark
assert mark in json.dumps(client.get_trace(trace_id).to_dict())
assert [each.name for each in client.search_registered_models()] == [f"{project}-model"]

print(
    json.dumps(
        {
            "experiment": experiment.experiment_id,
            "run": run.info.run_id,
            "artifacts": run.info.artifact_uri,
            "loggedModel": logged.model_id,
            "loggedModelArtifacts": client.get_logged_model(logged.model_id).artifact_location,
            "model": f"{project}-model",
            "prompt": f"{project}-prompt",
            "trace": trace_id,
            "dataset": dataset.dataset_id,
        }
    )
)
