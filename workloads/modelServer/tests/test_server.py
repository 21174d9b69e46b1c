"""The real server process, asked over HTTP."""

import re
from pathlib import Path

import pytest
import requests
from conftest import start_server

V1 = "/v1/models/wine:predict"
V2 = "/v2/models/wine/infer"


def listeners(pid: int) -> set[str]:
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            match = re.match(r"socket:\[(\d+)\]", str(entry.readlink()))
        except FileNotFoundError:
            continue
        if match:
            inodes.add(match.group(1))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.add(fields[1].split(":")[0])
    return found


def v2_inputs(wine, rows):
    return [
        {"name": name, "shape": [len(rows)], "datatype": "FP64", "data": [row[i] for row in rows]}
        for i, name in enumerate(wine.data.columns)
    ]


def test_listens_on_loopback_only_when_asked(server):
    assert listeners(server.process.pid) == {"0100007F"}


def test_v1_answers_what_the_model_predicts(server, wine, wine_model, rows):
    answer = requests.post(server.url + V1, json={"instances": rows})
    assert answer.status_code == 200
    assert answer.json() == {"predictions": wine_model[1].predict(wine.data.head(3)).tolist()}


def test_v1_takes_rows_as_objects_in_any_key_order(server, wine, rows):
    names = list(wine.data.columns)
    objects = [dict(reversed(list(zip(names, row)))) for row in rows]
    answer = requests.post(server.url + V1, json={"instances": objects})
    assert answer.json() == requests.post(server.url + V1, json={"instances": rows}).json()


def test_v2_answers_the_same_for_columns_and_for_one_matrix(server, wine, rows):
    by_column = requests.post(server.url + V2, json={"inputs": v2_inputs(wine, rows)})
    flat = [value for row in rows for value in row]
    matrix = {"name": "rows", "shape": [3, 13], "datatype": "FP64", "data": flat}
    by_matrix = requests.post(server.url + V2, json={"id": "abc", "inputs": [matrix]})
    assert by_column.status_code == by_matrix.status_code == 200
    assert by_matrix.json()["id"] == "abc"
    assert by_column.json()["id"]
    assert by_matrix.json()["outputs"] == by_column.json()["outputs"]
    assert by_column.json()["outputs"][0]["shape"] == [3]


def test_v2_metadata_lists_the_signature(server, wine):
    inputs = requests.get(f"{server.url}/v2/models/wine").json()["inputs"]
    assert [(i["name"], i["datatype"], i["shape"]) for i in inputs] == [
        (name, "FP64", [-1]) for name in wine.data.columns
    ]


BAD_V1 = {
    "no instances key": ({"rows": [[1]]}, '"instances" is missing'),
    "instances is no list": ({"instances": "x"}, "must be a list, got str"),
    "no row": ({"instances": []}, "is empty"),
    "too narrow": ({"instances": [[1, 2]]}, "instances[0] has 2 values, the model takes 13"),
    "second row too wide": ({"instances": [[1] * 13, [1] * 14]}, "instances[1] has 14 values"),
    "text for a number": (
        {"instances": [["x"] + [1] * 12]},
        'column "alcohol": row 0 must be a number',
    ),
    "null for a number": ({"instances": [[None] + [1] * 12]}, "row 0 is null"),
    "boolean for a number": ({"instances": [[True] + [1] * 12]}, "must be a number, got True"),
    "unknown column": ({"instances": [{"alcool": 1}]}, 'unknown "alcool"'),
    "mixed rows": ({"instances": [[1] * 13, {"alcohol": 1}]}, "either only lists or only objects"),
    "a list as body": ([[1] * 13], "must be a JSON object"),
}


@pytest.mark.parametrize("case", BAD_V1)
def test_v1_answers_400_with_the_reason(server, case):
    body, reason = BAD_V1[case]
    answer = requests.post(server.url + V1, json=body)
    assert answer.status_code == 400, answer.text
    assert reason in answer.json()["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b'{"instances": [[NaN]]}'])
def test_broken_json_is_answered_4xx(server, body):
    for path in (V1, V2):
        answer = requests.post(
            server.url + path, data=body, headers={"content-type": "application/json"}
        )
        assert 400 <= answer.status_code < 500, (path, answer.status_code, answer.text)


def test_a_body_without_json_content_type_is_answered_4xx(server):
    for path in (V1, V2):
        answer = requests.post(
            server.url + path, data=b"1,2,3", headers={"content-type": "text/csv"}
        )
        assert 400 <= answer.status_code < 500, (path, answer.status_code, answer.text)


def test_v2_answers_4xx_with_the_reason(server, wine, rows):
    good = v2_inputs(wine, rows)
    cases = [
        ([], "is empty"),
        (good[1:], 'missing "alcohol"'),
        ([*good, {**good[0], "name": "sugar"}], 'unknown "sugar"'),
        ([{**good[0], "data": [1.0]}, *good[1:]], "does not fit datatype FP64"),
        ([{**good[0], "data": ["x", "y", "z"]}, *good[1:]], "does not fit datatype FP64"),
        ([{**good[0], "datatype": "FP99"}, *good[1:]], "datatype"),
        ([{**good[0], "shape": [1], "data": [1.0]}, *good[1:]], "different numbers of rows"),
        ([{"name": "m", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}], "has 2 columns"),
    ]
    for inputs, reason in cases:
        answer = requests.post(server.url + V2, json={"inputs": inputs})
        assert 400 <= answer.status_code < 500, (reason, answer.status_code, answer.text)
        assert reason in answer.json()["error"]


def test_an_unknown_model_is_answered_404(server):
    assert (
        requests.post(
            f"{server.url}/v1/models/other:predict", json={"instances": [[1]]}
        ).status_code
        == 404
    )


def test_metrics_count_rejections_and_time_predictions(server, rows):
    def rejected() -> float:
        text = requests.get(f"{server.url}/metrics").text
        match = re.search(r'mlplatform_requests_rejected_total\{model_name="wine"\} (\S+)', text)
        assert 'request_predict_seconds_count{model_name="wine"}' in text
        return float(match.group(1)) if match else 0.0

    requests.post(server.url + V1, json={"instances": rows})
    before = rejected()
    requests.post(server.url + V1, json={"instances": [[1]]})
    assert rejected() == before + 1


@pytest.mark.parametrize("damage", ["missing", "unsigned", "unpicklable"])
def test_a_model_that_cannot_serve_stops_the_start_with_the_reason(damage, tmp_path, wine_model):
    model = tmp_path / "model"
    if damage != "missing":
        model.mkdir()
        for file in wine_model[0].iterdir():
            if file.is_file():
                (model / file.name).write_bytes(file.read_bytes())
    if damage == "unsigned":
        text = (model / "MLmodel").read_text()
        (model / "MLmodel").write_text(re.sub(r"signature:\n(  .*\n)+", "", text))
    if damage == "unpicklable":
        for file in model.glob("model.*"):
            file.write_bytes(b"not a model")
    started = start_server(model, tmp_path / "log")
    assert started.process.wait(timeout=90) == 1
    reason = "has no input signature" if damage == "unsigned" else "cannot be loaded"
    assert reason in started.log.read_text()
