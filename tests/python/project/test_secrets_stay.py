"""A secret in the log's address, in JIRA's address or in its token stands nowhere after the commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import fake_jira
import pytest
from fake_jira import FakeJira
from shop import Shop

from clv.project.cdnow import write_cdnow

CANARY = "c4n4rySecret"


def clv(home: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command and find the canary in nothing that it printed or left in the home."""
    done = subprocess.run(
        [sys.executable, "-m", "clv", *arguments],
        capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "CLV_HOME": str(home), "NO_PROXY": "127.0.0.1", **variables},
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert CANARY not in done.stdout + done.stderr
    files = [path for path in home.rglob("*") if path.is_file()]
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]
    return done


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a log whose location has a secret where an address has one, and can be read here."""
    folder = tmp_path_factory.mktemp("log") / f"token={CANARY}"
    folder.mkdir()
    return str(write_cdnow(folder).rename(folder / "orders.csv"))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, log: str) -> Path:
    home = tmp_path_factory.mktemp("home")
    window = ("--cutoff", "1997-06-30", "--history-months", "6", "--pred-months", "2")
    trained = clv(home, "train", *window, CLV_TRANSACTIONS=log)
    assert trained.returncode == 0, trained.stderr
    return home


@pytest.fixture(scope="module")
def a_home(trained: Shop, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home whose champion was trained on a log without a secret."""
    return trained.copy(tmp_path_factory.mktemp("a") / "home").home


@pytest.mark.exhaustive  # the attacks look for secrets in every file
def test_a_log_with_a_secret_is_read_and_the_card_does_not_hold_it(home: Path, log: str) -> None:
    assert "token=***" in clv(home, "card", "champion").stdout.replace("\\*", "*")
    ran = clv(home, "run", "--cutoff", "1997-06-30", CLV_TRANSACTIONS=log)
    assert ran.returncode in (0, 3), ran.stderr
    by_var = clv(home, "monitor", "--vars", f"{{transactions: '{log}'}}", CLV_TRANSACTIONS="")
    assert by_var.returncode in (0, 3), by_var.stderr


@pytest.mark.parametrize(
    "location",
    [
        pytest.param(f"/nowhere/token={CANARY}/none.csv", marks=pytest.mark.exhaustive),
        pytest.param(f"s3://user:{CANARY}@bucket/orders.xls", marks=pytest.mark.exhaustive),
        f"https://user:{CANARY}@127.0.0.1:9/orders.csv?X-Amz-Signature={CANARY}",
    ],
)
def test_a_log_that_cannot_be_read_is_named_without_it(a_home: Path, location: str) -> None:
    assert clv(a_home, "run", CLV_TRANSACTIONS=location).returncode == 1
    by_var = f"{{transactions: '{location}'}}"
    assert clv(a_home, "monitor", "--vars", by_var, CLV_TRANSACTIONS="").returncode == 1


@pytest.mark.parametrize("mode", [fake_jira.ECHO, fake_jira.UNAUTHORIZED, fake_jira.MALFORMED])
def test_jira_repeats_it_to_nobody(a_home: Path, mode: str) -> None:
    jira = FakeJira(mode=mode)
    (a_home / "outputs").mkdir(exist_ok=True)
    alert = a_home / "outputs" / "drift_alert_19980623_pred3m.md"
    alert.write_text("# The model lost accuracy\n")
    variables = {
        "CLV_JIRA_URL": jira.url.replace("://", f"://user:{CANARY}@"),
        "CLV_JIRA_TOKEN": CANARY, "CLV_JIRA_PROJECT": "CLV", "CLV_JIRA_USER": "jane",
    }  # fmt: skip
    try:
        assert clv(a_home, "tickets", **variables).returncode == 1
    finally:
        jira.close()
        alert.unlink()
