"""One sentence per row of `clv_drift`: what the alert says first, and the line of a watched batch."""

from __future__ import annotations

from clv.core.templates import written
from clv.monitoring.drift import DriftRow


def headline(row: DriftRow) -> str:
    """Return what happened to a batch in one sentence, in the words of its `verdict_reason`."""
    crossed = f"{row.crossed} crossed the threshold"
    beside = "" if row.actual_total <= 0 else f"; {total_sentence(row)}"
    if row.verdict_reason == "total_far_off_alike":
        return f"{_capital(total_sentence(row))}, and so is a simple rule"
    if row.verdict_reason in ("total_far_off", "spend_rose", "spend_fell"):
        rule = ", and a simple rule moved alike" if row.verdict == "population_shift" else ""
        return f"{_capital(total_sentence(row))}{rule}"
    if row.verdict_reason in ("level_lost", "level_and_order_lost"):
        return f"{_capital(total_sentence(row))}, and it moved against a simple rule"
    if row.verdict_reason == "season_as_known":
        return f"{_capital(total_sentence(row))}; a simple rule is off as in the same season a year ago"
    sentences = {
        "buying_collapsed": f"{written(row.buyers, ',')} customers bought where "
        f"{written(row.expected_buyers, ',.0f')} were expected",
        "order_lost": "the model no longer tells good customers from poor ones as well as it did",
        "error_rose": f"{crossed} beyond noise, and a simple rule did not lose as much",
        "error_rose_alike": f"{crossed} beyond noise, and a simple rule lost alike",
        "inside_noise": f"{crossed}, inside the noise{beside}",
        "few_buyers": f"{crossed}, with too few buyers to tell",
        "better_otherwise": f"{crossed}, while the other measure of error is better{beside}",
    }
    return _capital(sentences[row.verdict_reason or ""])


def total_sentence(row: DriftRow) -> str:
    """Return how far the predicted total lies from the actual one."""
    off = row.total_off_share
    if off is None:
        return f"{row.predicted_total:,.0f} was predicted and nothing was spent"
    if abs(off) < 0.005:
        return "the total is what customers spent"
    return f"the total is {abs(off):.0%} {'above' if off > 0 else 'below'} what customers spent"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
