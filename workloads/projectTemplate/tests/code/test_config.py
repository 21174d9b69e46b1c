import pytest

from training.config import ConfigError, lake_config, training_config

GOOD = [
    "--dataset=p/a",
    "--dataset_version=1",
    "--model_name=m",
    "--git_commit=c",
    "--git_repository=r",
]


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    monkeypatch.setenv("MLP_LAKE_BUCKET", "lake")
    monkeypatch.delenv("MLP_GIT_COMMIT", raising=False)


def test_the_experiment_is_the_models_name_unless_told_otherwise():
    assert training_config(GOOD).experiment == "m"
    assert training_config([*GOOD, "--experiment=e"]).experiment == "e"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (["--dataset=a"], '--dataset "a" must be <project>/<name>'),
        (["--dataset=p/a/b"], '--dataset "p/a/b"'),
        (["--dataset=p/a\n"], '--dataset "p/a\n"'),
        (["--dataset_version=../2"], 'dataset_version "../2"'),
        (["--dataset_version=1\n"], 'dataset_version "1\n"'),
        (["--trials=0"], "--trials 0"),
        (["--git_commit="], "MLP_GIT_COMMIT"),
    ],
)
def test_an_unusable_setting_is_named(change, reason):
    with pytest.raises(ConfigError, match=reason):
        training_config([*GOOD, *change])


def test_a_lake_without_a_bucket_is_refused():
    with pytest.raises(ConfigError, match="MLP_LAKE_BUCKET is not set"):
        lake_config({})


def test_the_bucket_stands_where_the_store_wants_it():
    assert lake_config({"MLP_LAKE_BUCKET": "lake"}).addressing_style == "path"
    virtual = {"MLP_LAKE_BUCKET": "lake", "MLP_LAKE_ADDRESSING": "virtualHost"}
    assert lake_config(virtual).addressing_style == "virtual"
    with pytest.raises(ConfigError, match='MLP_LAKE_ADDRESSING "dns" must be one of'):
        lake_config({**virtual, "MLP_LAKE_ADDRESSING": "dns"})
