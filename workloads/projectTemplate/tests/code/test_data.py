import hashlib
import io

import pyarrow.parquet as pq
import pytest

from training.data import TARGET, DatasetError, publish, s3_client, verified_manifest


def test_a_published_version_is_read_back_with_its_digest(lake, rows):
    published = publish(lake, "p/tumours", "1", rows, TARGET, "test")
    assert verified_manifest(lake, "p/tumours", "1") == published
    body = (
        s3_client(lake)
        .get_object(Bucket="lake", Key="datasets/p/tumours/1/part-00000.parquet")["Body"]
        .read()
    )
    assert published.digest == hashlib.sha256(body).hexdigest()
    assert pq.read_table(io.BytesIO(body)).to_pandas().equals(rows)
    assert published.location == "s3://lake/datasets/p/tumours/1"


def test_publishing_the_same_rows_again_changes_nothing(lake, rows):
    first = publish(lake, "p/again", "1", rows, TARGET, "test")
    assert publish(lake, "p/again", "1", rows, TARGET, "test") == first


def test_a_version_never_gets_other_rows(lake, rows):
    publish(lake, "p/fixed", "1", rows, TARGET, "test")
    with pytest.raises(DatasetError, match="published already with other rows.*new version"):
        publish(lake, "p/fixed", "1", rows.head(10), TARGET, "test")


def test_an_unpublished_version_is_named(lake):
    with pytest.raises(
        DatasetError, match="p/nothing 9 is not published at s3://lake/datasets/p/nothing/9"
    ):
        verified_manifest(lake, "p/nothing", "9")


def test_a_missing_target_is_refused_before_anything_is_written(lake, rows):
    with pytest.raises(DatasetError, match='target column "cured" is missing'):
        publish(lake, "p/untargeted", "1", rows, "cured", "test")
    assert "Contents" not in s3_client(lake).list_objects_v2(
        Bucket="lake", Prefix="datasets/p/untargeted/"
    )


def test_bytes_written_over_a_version_are_noticed(lake, rows):
    publish(lake, "p/changed", "1", rows, TARGET, "test")
    s3_client(lake).put_object(
        Bucket="lake", Key="datasets/p/changed/1/part-00000.parquet", Body=b"other"
    )
    with pytest.raises(DatasetError, match="Someone wrote over a published version"):
        verified_manifest(lake, "p/changed", "1")


def test_a_column_that_the_manifest_names_and_the_data_lacks_is_named(lake, rows):
    import json

    published = publish(lake, "p/short", "1", rows.drop(columns=["mean_area"]), TARGET, "test")
    key = "datasets/p/short/1/_manifest.json"
    document = {**published.__dict__, "features": [*published.features, "mean_area"]}
    s3_client(lake).put_object(Bucket="lake", Key=key, Body=json.dumps(document).encode())
    with pytest.raises(DatasetError, match=r"column \['mean_area'\] is missing"):
        verified_manifest(lake, "p/short", "1")


def test_a_copy_under_another_name_is_refused(lake, rows):
    publish(lake, "p/original", "1", rows, TARGET, "test")
    s3 = s3_client(lake)
    for file in ("part-00000.parquet", "_manifest.json"):
        source = {"Bucket": "lake", "Key": f"datasets/p/original/1/{file}"}
        s3.copy_object(Bucket="lake", Key=f"datasets/q/copy/1/{file}", CopySource=source)
    with pytest.raises(DatasetError, match="q/copy 1: its manifest says p/original 1"):
        verified_manifest(lake, "q/copy", "1")
