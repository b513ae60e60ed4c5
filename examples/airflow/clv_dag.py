"""clv every night, as an Airflow 3 DAG whose tasks call the commands.

Copy this file into the DAGs folder. Airflow needs nothing of clv's environment: CLV_COMMAND says how
to call `clv` from a shell on the worker, CLV_HOME and CLV_TRANSACTIONS where its state and log are.
All three, and CLV_JIRA_*, are read from the environment of the worker when a task runs.
"""

from __future__ import annotations

import datetime as dt

from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

CLV = 'export CLV_LOG_FORMAT=json\n"${CLV_COMMAND:-clv}"'

with DAG(
    dag_id="clv",
    description="Score what is due, judge what has matured, raise alerts",
    schedule="30 3 * * *",
    start_date=dt.datetime(2026, 1, 1, tzinfo=dt.timezone.utc),
    catchup=False,  # one run catches up on every cutoff that was missed
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=10)},
    tags=["clv"],
) as dag:
    # 0 done, 3 done with a new drift alert; anything else fails the task and is tried again. The
    # last line of stdout is the task's result.
    run = BashOperator(
        task_id="run",
        bash_command=f"{CLV} run\ncode=$?\necho $code\n[ $code -eq 0 ] || [ $code -eq 3 ]",
        append_env=True,
    )

    # Green when this run raised an alert, skipped when it did not: hang a message to people on it.
    alerted = BashOperator(
        task_id="alerted",
        bash_command="exit {{ 0 if ti.xcom_pull(task_ids='run') == '3' else 99 }}",
        skip_on_exit_code=99,
        retries=0,
    )

    # `run` sends tickets itself; this sends what waits since JIRA was down, whatever became of `run`.
    tickets = BashOperator(
        task_id="tickets",
        bash_command=f'[ -z "$CLV_JIRA_URL" ] && exit 99\n{CLV} tickets',
        append_env=True,
        skip_on_exit_code=99,
        trigger_rule="all_done",
    )

    run >> [alerted, tickets]
