"""Runs dbt on the project, in this process, with one clear message when it fails."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from clv.core.secrets import redact
from clv.core.window import Window
from clv.errors import ClvError
from clv.project import events
from clv.project.database import in_use
from clv.project.dbt_errors import READS_THE_LOG, plain, unreadable_log
from clv.project.events import no_bars
from clv.project.hidden_log import hidden_from_dbt
from clv.project.home import PROJECT, Home
from clv.project.home_log import HomeLog
from clv.project.interrupts import stopped_by_signals
from clv.project.lock import let_go
from clv.project.log_acceptance import up_to
from clv.project.log_contract import Contract, write_contract
from clv.project.log_files import check_reachable, found
from clv.project.log_seen import SEEN
from clv.project.strict_yaml import YamlFaultError, load
from clv.project.transaction_log import VARIABLE, TransactionLog

# What has to be built before anything can be said about dates, or about the log.
LOG = ("+clv_input_anomalies",)
# How macros begin what a person is told and what ends nothing (`clv_tell`).
TOLD = "clv: "
# Vars that commands set by themselves.
RUN_VARS = frozenset({"cutoff", "training_windows", "training_sample", "relabel", "accept_batch"})
# Vars that are read while SQL is compiled: what dbt parsed is the same whatever they say.
COMPILED_VARS = RUN_VARS | {"data_through"}


@dataclass
class DbtProject:
    """The dbt project on one home; `user_vars` are the vars that the user gave.

    What fails names dbt's log, unless the home does not outlast the command (`is_passing`).
    """

    home: Home
    user_vars: dict[str, Any] = field(default_factory=dict)
    contract: Contract | None = None
    is_passing: bool = False
    _parsed: dict[str, Any] = field(
        default_factory=dict, repr=False
    )  # by the vars it was parsed with

    @property
    def home_log(self) -> HomeLog:
        """What is known of the log: the config's section `log` under vars and environment."""
        return HomeLog.of(self.home, self.user_vars)

    def refresh_log(self) -> None:
        """Read, check and reconcile the transaction log: staging and int_clv__customer_days, with tests.

        What was kept and left out is said. The log is remembered by `keep_log_contract`.

        Raises
        ------
        ClvError
            When no log is named, or it cannot be read or used.
        """
        self._check_log()
        self._invoke("reading the log", ["build", "--select", *LOG, "--exclude", "test_type:unit"])
        self.contract = SEEN.contract
        for note in SEEN.notes:
            events.say(note)

    def keep_log_contract(self, through: dt.date | None = None) -> None:
        """Remember the log that was read, now that what rests on it has ended well.

        Nothing rests on days after `through`, so they may come to be others.
        """
        if self.contract is not None:
            write_contract(self.home.root, up_to(self.home, self.contract, through))

    def classify_log(self) -> None:
        """Read the transaction log into `stg_clv__classified_transactions`, and judge it; no further.

        Raises
        ------
        ClvError
            When it cannot be read, or not used; then the table is there all the same.
        """
        self._check_log()
        self._invoke("reading the log", ["run", "--select", "+int_clv__log_days"])

    def _check_log(self) -> None:
        """Refuse a log that is not named, not there or not to be reached, before dbt parses the project."""
        known = self.home_log
        known.check_named()
        if "://" in known.log.location:
            check_reachable(known.log.location)
        elif known.log.is_file:
            found(known.log.location)

    def build_training_set(self, windows: Sequence[Window], sample: float = 1) -> None:
        """Build `int_clv__training_set` for all of the windows, in one pass.

        The log must be refreshed before. `sample` is the share of the customers that it holds.
        """
        arguments = ["run", "--select", "int_clv__training_windows", "int_clv__training_set"]
        run_vars = {
            "training_windows": [window.as_list() for window in windows],
            "training_sample": sample,
        }
        self._invoke("training set", arguments, run_vars)

    def build_batches(self, cutoffs: Sequence[str]) -> dict[str, int]:
        """Score `cutoffs`, then label and judge what has matured. The log must be refreshed before.

        With no cutoffs nothing is scored. Alerts become files and an exit code here, so the test that
        may fail a plain `dbt build` over them is left out. Returns the data tests that warned, with
        the number of rows that they found.
        """
        exclude = ["--exclude", *LOG, "tag:training", "test_type:unit", "drift_alerts"]
        build = ["--write-json", "build", *exclude]  # what tools on dbt's artifacts look at
        return self._invoke("dbt", build, {"cutoff": list(cutoffs)})

    def delete_batches(self, batches: Sequence[tuple[str, int]]) -> None:
        """Delete batches of (cutoff, pred_months) from the ledgers, and what rests on them."""
        arguments = [
            "run-operation",
            "clv_delete_batches",
            "--args",
            json.dumps({"batches": batches}),
        ]
        self._invoke("deleting batches", arguments)
        derived = [
            "run",
            "--select",
            "clv_cluster_ranking",
            "customer_segments",
            "clv_cluster_profile",
            "clv_segment_movements",
        ]
        self._invoke("tables of batches", derived)

    def _invoke(
        self, label: str, arguments: list[str], run_vars: dict[str, Any] | None = None
    ) -> dict[str, int]:
        self._set_environment()
        known = self.home_log
        merged = {**known.given_vars, **(run_vars or {})}
        bar = tqdm(desc=label, unit="node", disable=no_bars(), leave=False)
        with bar, hidden_from_dbt(merged, known.own_location) as shown_vars:
            result = self._parse(shown_vars)
            if result.success:
                # A test belongs to the step that builds the last of its models.
                cautious = ["--indirect-selection", "cautious"] if "build" in arguments else []
                result = _called([*arguments, *cautious], shown_vars, result.result, bar)
        if not result.success:
            if "Could not set lock on file" in str(result.exception):
                raise ClvError(in_use(self.home.database, str(result.exception)))
            cause = redact(_failure(result, known.log))
            if not self.is_passing:
                cause += f"\n(full log: {self.home.logs / 'dbt.log'})"
            raise ClvError(cause)
        warned = [node for node in result.result.results if node.status == "warn"]
        for node in warned:
            events.current().event(
                "test_warned", level="warning", test=node.node.name, rows=node.failures
            )
        return {node.node.name: int(node.failures or 0) for node in warned}

    def _parse(self, shown_vars: dict[str, Any]) -> Any:
        """Return dbt's result of parsing the project, which is done once a command.

        dbt parses anew wherever a var has changed, but those that a command sets by itself, and the
        date that a night is given, are read while SQL is compiled and change nothing that was parsed.
        Left out, they also leave what dbt keeps in `target/` good for the next command.
        """
        parsing = {name: value for name, value in shown_vars.items() if name not in COMPILED_VARS}
        key = json.dumps(parsing, default=str, sort_keys=True)
        if key not in self._parsed:
            result = _called(["parse"], parsing)
            if not result.success:
                return result
            self._parsed = {key: result}
        return self._parsed[key]

    def _set_environment(self) -> None:
        os.environ["CLV_HOME"] = str(self.home.root)
        os.environ["DBT_TARGET_PATH"] = str(self.home.root / "target")
        os.environ["DBT_LOG_PATH"] = str(self.home.logs)
        named = TransactionLog.named()
        if named.location:
            os.environ[VARIABLE] = named.absolute().location


def _called(
    arguments: list[str], variables: dict[str, Any], manifest: Any = None, bar: Any = None
) -> Any:
    """Return the result of one invocation of dbt in this process."""
    # dbt takes about two seconds to import; commands that do not need it should not wait.
    from dbt.cli.main import dbtRunner

    callbacks = [] if bar is None else [lambda event: _advance(bar, event)]
    before, SEEN.kept_by_clv = Path.cwd(), True
    try:
        with stopped_by_signals():
            return dbtRunner(manifest, callbacks).invoke(
                [
                    "--quiet", "--log-level", "none",
                    "--log-level-file", os.environ.get("DBT_LOG_LEVEL_FILE", "info"),
                    "--no-use-colors", "--no-print", "--no-version-check", "--no-write-json",
                    *arguments,
                    "--vars", json.dumps(variables, default=str),
                    "--project-dir", str(PROJECT),
                    "--profiles-dir", str(PROJECT),
                ]
            )  # fmt: skip
    finally:
        os.chdir(before)
        SEEN.kept_by_clv = False
        let_go()  # what dbt took where no command holds the lock


def parse_vars(text: str) -> dict[str, Any]:
    """Read the `--vars` of a command: a YAML mapping, as dbt takes it.

    Raises
    ------
    ClvError
        When it is not a mapping, or names a var that the command itself sets.
    """
    try:
        values = load(text)
    except YamlFaultError as error:
        raise ClvError(
            f"--vars is not valid YAML ({error}). Write a mapping, for example "
            "'{data_through: 2021-12-31}'."
        ) from error
    return checked_vars(values)


def checked_vars(values: object) -> dict[str, Any]:
    """Return vars that a person, or the card of a model, may set; the one check of both.

    Raises
    ------
    ClvError
        When they are no mapping, or name a var that the command itself sets.
    """
    if not isinstance(values, dict):
        raise ClvError("--vars takes a YAML mapping, for example '{data_through: 2021-12-31}'.")
    reserved = RUN_VARS & values.keys()
    if reserved:
        name = sorted(reserved)[0]
        instead = {"relabel": "clv monitor --relabel", "accept_batch": "clv run --accept"}
        raise ClvError(
            f"the var {name} is set by the command itself; give {instead.get(name, '--cutoff')} instead, or "
            "the other options that `--help` lists."
        )
    return values


def _advance(bar: Any, event: Any) -> None:
    if event.info.name == "JinjaLogWarning" and event.data.msg.startswith(TOLD):
        events.say(event.data.msg.removeprefix(TOLD))
    if event.info.name == "NodeFinished":
        bar.set_postfix_str(event.data.node_info.node_name, refresh=False)
        bar.update()


def _failure(result: Any, log: TransactionLog) -> str:
    """Return the causes of a failed invocation, without traces of templates or Python."""
    if result.exception is not None:
        return plain(str(result.exception))
    causes: list[str] = []
    for node in getattr(result.result, "results", []):
        if node.status in ("error", "fail"):
            cause = plain(node.message or "")
            if node.status == "fail":
                cause = f"the data test {node.node.name} failed: {cause}"
            elif node.node.name == READS_THE_LOG:
                cause = unreadable_log(node.message or "", log)
            if cause not in causes:
                causes.append(cause)
    return "\n".join(causes) or "dbt failed without a message"
