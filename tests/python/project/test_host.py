"""The package inside another dbt project, which decides where its tables stand."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd
import pytest
import yaml
from dbt.cli.main import dbtRunner
from shop import Shop

from clv.project.home import PROJECT

NO_TESTS = ["--exclude-resource-type", "test", "--exclude-resource-type", "unit_test"]
CUTOFF = "{cutoff: 1997-12-31}"


class Host:
    """A dbt project that installs this one as a local package, into a schema of its own."""

    def __init__(self, folder: Path, shop: Shop) -> None:
        self.folder, self.shop = folder, shop
        folder.mkdir()
        project = {
            "name": "host",
            "version": "1.0",
            "config-version": 2,
            "profile": "clv",
            "models": {"clv": {"+schema": "value"}},
        }
        (folder / "dbt_project.yml").write_text(yaml.safe_dump(project))
        packages = {"packages": [{"local": str(PROJECT)}]}
        (folder / "packages.yml").write_text(yaml.safe_dump(packages))

    def dbt(self, *arguments: str) -> str:
        """Run dbt on the host and return why it failed; nothing where it did not."""
        before = Path.cwd()
        where = ["--project-dir", str(self.folder), "--profiles-dir", str(PROJECT)]
        with self.shop._environment():
            try:
                result = dbtRunner().invoke(["--quiet", *arguments, *where])
            finally:
                os.chdir(before)
        failed = [
            f"{node.node.name}: {node.message}"
            for node in getattr(result.result, "results", [])
            if node.status in ("error", "fail")
        ]
        return str(result.exception or "") + "\n".join(failed)

    def labels(self):
        return self.shop.query(
            "select * from main_value.clv_predictions_actual order by cutoff, customer_id"
        )


@pytest.fixture(scope="module")
def host(trained, tmp_path_factory) -> Host:
    folder = tmp_path_factory.mktemp("host")
    host = Host(folder / "project", trained.copy(folder / "home"))
    assert host.dbt("deps") == ""
    assert host.dbt("build", *NO_TESTS, "--vars", CUTOFF) == ""
    return host


def test_labels_that_stand_in_another_schema_are_left_as_they_are(host, monkeypatch, tmp_path):
    before = host.labels()
    assert len(before) > 0
    log = pd.read_csv(host.shop.log, dtype=str)  # corrected since: labels made now would differ
    log.loc[log.ordered_at > "19971231", "amount"] = "999.99"
    log.to_csv(tmp_path / "log.csv", index=False)
    monkeypatch.setattr(host.shop, "log", tmp_path / "log.csv")
    accepted = CUTOFF.replace("}", ", accept_log: true}")
    assert host.dbt("build", *NO_TESTS, "--vars", accepted) == ""
    after = host.labels()
    assert after.equals(before)  # labelled_at among them
    judged = "select cutoff, customers from main_value.clv_accuracy"
    assert host.shop.query(judged).customers.tolist() == [len(before)]


@pytest.mark.exhaustive  # labels in another schema above
def test_batches_are_deleted_from_the_schema_that_holds_them(host):
    variables = "{cutoff: 1998-06-30, accept_log: true}"  # another test has changed the log
    assert host.dbt("build", *NO_TESTS, "--vars", variables) == ""
    batches = "{batches: [['1997-12-31', 3]]}"
    assert host.dbt("run-operation", "clv.clv_delete_batches", "--args", batches) == ""
    held = "select distinct cutoff from main_value.clv_predictions"
    assert host.shop.query(held).cutoff.astype(str).tolist() == ["1998-06-30"]
    assert len(host.labels()) > 0
