"""The commands that learn: `clv tune` and `clv train`. Nothing else imports what trains a model."""

from __future__ import annotations

import difflib

import click
import pandas as pd

from clv.cli.options import (
    MONTHS,
    a_share,
    checked,
    confirm,
    dbt_vars,
    month_list,
    open_project,
    show,
)
from clv.core.window import WindowRequest
from clv.core.wording import markdown_table
from clv.operations.recovery import at_work
from clv.project.config import CONFIG
from clv.project.config_rewrite import rewritten, write_config
from clv.project.events import say
from clv.project.stored import read_text
from clv.registry.card import ModelCard
from clv.registry.promotion import TRAINING, reported
from clv.registry.store import Registry
from clv.training.train import train_unreported
from clv.tuning.grid import HISTORY_MONTHS, ORIGINS, PRED_MONTHS, GridRequest
from clv.tuning.tune import report, tune


@click.command("train")
@click.option("--cutoff", metavar="DATE", help="End of history. Default: the latest possible.")
@click.option("--history-months", type=MONTHS, help="Default: the config's.")
@click.option("--pred-months", type=MONTHS, help="Default: the config's.")
@click.option("--no-promote", is_flag=True, help="Leave a challenger; the champion stays.")
@dbt_vars
def train_command(
    cutoff: str | None,
    history_months: int | None,
    pred_months: int | None,
    no_promote: bool,
    variables: str,
) -> None:
    """Hold the contest at a cutoff and make its winner champion."""
    home, config, dbt = open_project(variables)
    with at_work(dbt, show):
        registry = Registry(home.registry)
        registry.settle()
        request = WindowRequest.parse(cutoff, history_months, pred_months)
        card = train_unreported(dbt, config, request, promote=not no_promote)
        click.echo(markdown_table(_contest_table(card)))
        click.echo(f"\nbaseline: {card.baseline.explanation}")
        for candidate in card.candidates:
            if candidate.left_out_because:
                click.echo(f"left out: {candidate.kind}: {candidate.left_out_because}")
        reported(registry, TRAINING)


@click.command("tune")
@click.option("--history-months", metavar="LIST", callback=month_list("--history-months"),
              help="Months to compare: 3,6,9; one value fixes this side.")  # fmt: skip
@click.option("--pred-months", metavar="LIST", callback=month_list("--pred-months"),
              help="Months to compare: 1,3,6; one value fixes this side.")  # fmt: skip
@click.option("--origins", type=click.IntRange(1), default=ORIGINS, show_default=True,
              help="Cutoffs that every cell is evaluated at; fewer where the log is short.")  # fmt: skip
@click.option("--sample", type=float, metavar="SHARE", callback=checked(a_share),
              help="Share of customers, drawn by hash. Default: all, but some 50,000 at most.")  # fmt: skip
@click.option(
    "--yes", is_flag=True, help="Write the winning windows into the config without asking."
)
@dbt_vars
def tune_command(
    history_months: tuple[int, ...] | None,
    pred_months: tuple[int, ...] | None,
    origins: int,
    sample: float | None,
    yes: bool,
    variables: str,
) -> None:
    """Compare history and prediction windows and, on confirmation, put the winner into the config."""
    request = GridRequest(
        history_months or HISTORY_MONTHS, pred_months or PRED_MONTHS, origins, sample
    )
    home, _, dbt = open_project(variables)
    with at_work(dbt, show):
        search = tune(dbt, request)
    click.echo(report(search))
    winner = search.choice.winner
    values = {
        ("training", "history_months"): winner.history_months,
        ("training", "pred_months"): winner.pred_months,
    }
    before = read_text(home.config, CONFIG)
    after = rewritten(before, values, str(home.config))
    if after == before:
        say(f"{home.config} has these windows already; nothing to change")
    else:
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), "now", "then", n=0, lineterm=""
        )
        say(f"change of {home.config}:\n" + "\n".join(lines))
        if confirm("Write it?", yes):
            with at_work(dbt, show):
                write_config(home.config, values)
            say(f"written; `clv train` uses {winner} from now on")
        else:
            say("nothing was changed")
    search.forget()


def _contest_table(card: ModelCard) -> pd.DataFrame:
    shown = ["rmse", "r2", "mae", "bias", "normalized_gini", "top_decile_share"]
    return pd.DataFrame(
        [
            {"candidate": entry.kind, **{key: getattr(entry.accuracy, key) for key in shown}}
            for entry in card.candidates
            if entry.accuracy
        ]
    )
