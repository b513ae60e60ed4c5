"""The example DAG, imported and run once by a real Airflow in an environment of its own.

CLV_AIRFLOW_PYTHON names a Python that has Airflow; without it there is nothing to test with.
"""

import json
import os
import subprocess
import sys

import pytest

from clv.project.home import PROJECT

AIRFLOW = os.environ.get("CLV_AIRFLOW_PYTHON", "")

RUN_ONCE = """
import json, pathlib, runpy, sys
dag = runpy.run_path(sys.argv[1])["dag"]
assert not [name for name in sys.modules if name.split(".")[0] in ("clv", "dbt", "duckdb")]
run = dag.test()
states = {task.task_id: str(task.state) for task in run.get_task_instances()}
pathlib.Path(sys.argv[2]).write_text(json.dumps({"run": str(run.state), **states}))
"""


@pytest.mark.skipif(not AIRFLOW, reason="CLV_AIRFLOW_PYTHON names no Python with Airflow")
def test_a_real_airflow_runs_the_dag_and_tells_an_alert_from_none(fresh, tmp_path):
    shop = fresh("airflow")
    command = tmp_path / "clv"
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH="{PROJECT / "python"}" exec "{sys.executable}" -m clv "$@"\n'
    )
    command.chmod(0o755)
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "examples" / "airflow"),
        "CLV_COMMAND": str(command),
        "CLV_HOME": str(shop.home),
        "CLV_TRANSACTIONS": str(shop.log),
    }
    environment.pop("PYTHONPATH", None)

    def airflow(*arguments: str) -> str:
        done = subprocess.run(
            [AIRFLOW, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def run_once() -> dict[str, str]:
        dag = PROJECT / "examples" / "airflow" / "clv_dag.py"
        airflow("-c", RUN_ONCE, str(dag), str(tmp_path / "states.json"))
        return json.loads((tmp_path / "states.json").read_text())

    airflow("-m", "airflow", "db", "migrate")
    airflow("-m", "airflow", "dags", "reserialize")
    alerts = shop.home / "outputs"
    states = run_once()
    raised = bool(list(alerts.glob("drift_alert_*.md")))
    assert states == {
        "run": "success", "alerted": "success" if raised else "skipped", "tickets": "skipped",
    }  # fmt: skip
    assert (alerts / "clv_marts.duckdb").exists()
    states = run_once()
    assert states["alerted"] == "skipped"  # nothing new the second time
