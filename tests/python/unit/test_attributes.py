"""Customer attributes: how their table is read, as of a day, and what learners make of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
from pathlib import Path
from typing import Any, NoReturn

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pytest
import yaml
from accuracy_world import DATA_FROM, purchases, training_set
from registry_world import named

from clv.core.window import Window
from clv.errors import ClvError
from clv.prediction.attributes import PRIOR, SMALLEST, UNKNOWN, AttributeCoder
from clv.prediction.candidates import TWINS, attributes_of
from clv.prediction.champion import Champion, without_arrays
from clv.prediction.encoder import LEARNER_MODELS
from clv.prediction.learners import LEARNERS, WITH_ATTRIBUTES
from clv.project.attributes import ATTRIBUTE_ROWS, FEATURES, opened_attributes
from clv.project.home import PROJECT
from clv.registry.card import AttributesBrought
from clv.registry.model_file import ModelFile
from clv.scoring.score import _check_attributes
from clv.training import examples, judge
from clv.training.contest import Contest, hold_contest
from clv.training.plan import plan_training

pytestmark = pytest.mark.slow


def read(path: Path, **options: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a file of attributes, sorted."""
    opened = opened_attributes({"location": str(path), "options": options})
    with duckdb.connect() as connection:
        connection.register(opened["relation"], ATTRIBUTE_ROWS)
        query = "select * replace (cast(known_from as varchar) as known_from) from "
        return connection.execute(f"{query} {opened['relation']} order by all").fetchall()


def written(folder: Path, text: str, name: str = "of customers.csv") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_ids_are_those_of_the_log_and_every_other_column_is_an_attribute(tmp_path: Path) -> None:
    path = written(tmp_path, "Customer_ID;Channel;size\n12346.0; web ;1\nNULL;shop;2\n007;;3\n")
    assert read(path) == [
        ("007", "size", "3", None, None),
        ("12346", "channel", "web", None, None),
        ("12346", "size", "1", None, None),
    ]
    assert ("NULL", "channel", "shop", None, None) in read(path, null_markers=[])


def test_numbers_and_dates_of_typed_files_are_one_value_however_they_are_stored(
    tmp_path: Path,
) -> None:
    path = tmp_path / "typed.parquet"
    duckdb.sql(
        "select 7.0::double as customer_id, 2.0::double as size, date '2021-02-03' as since, true as club, "
        "timestamp '2021-01-31 23:59' as known_from"
    ).write_parquet(str(path))
    assert [row[:3] for row in read(path)] == [
        ("7", "club", "true"), ("7", "since", "2021-02-03"), ("7", "size", "2"),
    ]  # fmt: skip
    assert {row[4] for row in read(path)} == {"2021-01-31"}


def test_an_attribute_has_a_day_of_its_own_or_that_of_the_row(tmp_path: Path) -> None:
    head = "customer_id,channel,brand,known_from,channel_known_from\n"
    path = written(tmp_path, head + "1,web,x,2021-01-01,2021-05-01\n2,web,,,2021-13-01\n")
    assert read(path) == [
        ("1", "brand", "x", "2021-01-01", "2021-01-01"),
        ("1", "channel", "web", "2021-05-01", "2021-05-01"),
        ("2", "channel", "web", "2021-13-01", None),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,channel\n1,web\n", "have no column customer_id, but id, channel"),
        ("", "the table of attributes"),
        ("customer_id\n1\n", "have 0 columns beside customer_id"),
        ("customer_id,Revenue\n1,2\n", "the column 'revenue', which is the name of a feature"),
        ("customer_id,tier\n1,gold\n", "the column 'tier', which is the name"),
        ('customer_id,"a""b"\n1,2\n', "Rename it"),
        ("customer_id,brand_known_from,x\n1,2021-01-01,y\n", "no column 'brand'"),
        ("customer_id,x,X\n1,2,3\n", "the column"),
        ("customer_id," + ",".join(f"c{n}" for n in range(21)) + "\n" + "1," * 21 + "1\n", "21 columns"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_one_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ClvError) as refused:
        read(written(tmp_path, text))
    assert words in str(refused.value) and "of customers.csv" in str(refused.value)


@pytest.mark.parametrize("name", ["gone.csv", "note.md", "https://shop.example/customers.csv"])
def test_what_is_no_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ClvError, match="the var attributes"):
        opened_attributes({"location": name, "options": {}})


def test_no_attribute_has_the_name_of_a_feature() -> None:
    text = (PROJECT / "models" / "features" / "features.yml").read_text("utf-8")
    models = {model["name"]: model for model in yaml.safe_load(text)["models"]}
    columns = {column["name"].lower() for column in models["clv_features"]["columns"]}
    assert columns - {"customer_id", "attributes"} <= FEATURES


class RefusedError(Exception):
    pass


class ReturnedValueError(Exception):
    pass


def macros(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return the macros of attributes.sql over tables of a connection; `told` collects what is told."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    text = (PROJECT / "macros" / "attributes.sql").read_text("utf-8")

    def fail(message: str) -> NoReturn:
        raise RefusedError(message)

    def returned(value: Any) -> NoReturn:
        raise ReturnedValueError(value)

    def called(macro: Any, *arguments: Any) -> Any:
        try:
            return macro(*arguments)
        except ReturnedValueError as value:
            return value.args[0]

    def rows(query: str, _: int) -> list[list[str | None]]:
        found = connection.execute(query).fetchall()
        return [[None if value is None else str(value) for value in row] for row in found]

    told: list[str] = []
    context: dict[str, Any] = {
        "told": told, "execute": True, "return": returned, "clv_fail": fail, "clv_tell": told.append,
        "clv_log_setting": lambda _: "of.csv", "clv_text_rows": rows,
        "clv_first_row": lambda query: connection.execute(query).fetchall()[0],
        "dbt": type("dbt", (), {"type_string": staticmethod(lambda: "varchar")}),
        "adapter": type("adapter", (), {
            "dispatch": staticmethod(lambda name, _: context[f"default__{name}"])}),
    }  # fmt: skip
    for found in re.finditer(r"{% macro (\w+)\(.*?{%- endmacro %}", text, re.DOTALL):
        macro, name = environment.from_string(found.group()), found.group(1)
        context[name] = lambda *given, name=name, macro=macro: called(
            getattr(macro.make_module(context), name), *given
        )
    return context


def table(connection: duckdb.DuckDBPyConnection, rows: str) -> None:
    """Make the table `given`: customer, attribute, value and day a line; - is none, ? one that is no day."""
    names = ["customer_id", "attribute_name", "attribute_value", "written_known_from"]
    frame = pd.DataFrame(
        [line.split() for line in rows.strip().splitlines()], columns=names, dtype=str
    )
    connection.register("lines", frame)
    connection.execute(
        "create table given as select * replace (nullif(written_known_from, '-') as written_known_from), "
        "try_cast(written_known_from as date) as known_from from lines"
    )


def test_nothing_known_after_a_cutoff_is_known_at_it() -> None:
    with duckdb.connect() as connection:
        table(
            connection,
            """a channel web    2021-03-30
               a channel shop   2021-03-31
               a channel future 2021-04-01
               a brand   x      -
               b channel future 2021-04-01
               c channel zoo    -""",
        )
        connection.execute(
            "create table windows as "
            "select unnest([date '2021-03-30', '2021-03-31', '2021-04-01']) as cutoff"
        )
        query = macros(connection)["clv_attributes_as_of"]("windows", "given")
        found = connection.execute(
            f"select cast(cutoff as varchar), customer_id, attributes from ({query}) order by all"
        ).fetchall()
        connection.execute(
            f"create table features as select *, 3 as pred_months from ({query}) "
            "union all select date '2021-03-30', 'd', null, 3"
        )
        entries = macros(connection)["clv_entries_of"]("features")
        values = connection.execute(
            f"select attribute_name, attribute_value, count(*) from ({entries}) group by all order by all"
        ).fetchall()
    assert found == [
        ("2021-03-30", "a", '{"brand":"x","channel":"web"}'),
        ("2021-03-30", "c", '{"channel":"zoo"}'),
        ("2021-03-31", "a", '{"brand":"x","channel":"shop"}'),
        ("2021-03-31", "c", '{"channel":"zoo"}'),
        ("2021-04-01", "a", '{"brand":"x","channel":"future"}'),
        ("2021-04-01", "b", '{"channel":"future"}'),
        ("2021-04-01", "c", '{"channel":"zoo"}'),
    ]
    assert values == [
        ("brand", "x", 3), ("channel", "future", 2), ("channel", "shop", 1), ("channel", "web", 1),
        ("channel", "zoo", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("a channel web ?", "such as the channel of customer 'a', where it is '?'. Write the day as yyyy"),
        ("a channel web 2021-01-01\na channel shop 2021-01-01",
         "the channel of customer 'a' is 'shop' and 'web' from 2021-01-01"),
        ("a channel web -\na channel shop -", "from the beginning"),
        ("\n".join(f"a{n} mail m{n} -" for n in range(1001)), "have 1001 different values of mail"),
        ("z channel web -", "no customer of the log: its ids are like 'z', those of the log like 'a'"),
        ("", "hold no value of any customer"),
    ],
)  # fmt: skip
def test_attributes_that_cannot_be_used_end_the_run(rows: str, words: str) -> None:
    with duckdb.connect() as connection:
        table(connection, rows)
        connection.execute("create table days as select unnest(['a', 'a', 'b']) as customer_id")
        with pytest.raises(RefusedError) as refused:
            macros(connection)["clv_check_attributes"]("given", "days")
    assert words in str(refused.value) and "of.csv" in str(refused.value)


def test_those_that_can_are_told() -> None:
    with duckdb.connect() as connection:
        table(connection, "a channel web 2021-01-01\na channel shop 2021-01-02\na brand x -")
        connection.execute("create table days as select unnest(['a', 'a', 'b']) as customer_id")
        context = macros(connection)
        context["clv_check_attributes"]("given", "days")
        assert context["told"] == [
            "attributes: brand (1 value), channel (2 values), known of 1 of the 2 customers of the log"
        ]


def objects(**counts: int) -> np.ndarray[Any, Any]:
    """Return as many objects of each value of an attribute."""
    texts = {v: None if v == "none" else json.dumps({"array": v}) for v in counts}
    return np.array([texts[v] for v, count in counts.items() for _ in range(count)], dtype=object)


def test_a_value_is_its_mean_over_that_of_all_drawn_towards_1() -> None:
    texts = objects(web=300, shop=600, rare=int(SMALLEST) - 1, none=100)
    ratio = np.select([texts == texts[0], texts == texts[300]], [2.0, 0.5], 1.0)
    weight = np.ones(len(texts))
    coder = AttributeCoder.fit(texts, ratio, weight)
    mean = ratio.mean()
    assert coder.values["array"] == {
        "web": pytest.approx((300 * 2 / mean + PRIOR) / (300 + PRIOR)),
        "shop": pytest.approx((600 * 0.5 / mean + PRIOR) / (600 + PRIOR)),
        UNKNOWN: pytest.approx((100 / mean + PRIOR) / (100 + PRIOR)),
    }
    unseen = np.array([texts[0], '{"array": "new"}', '{"array": "rare"}', None], dtype=object)
    found = coder.columns(unseen, 4)[:, 0].tolist()
    assert found == [coder.values["array"]["web"], 1.0, 1.0, coder.values["array"][UNKNOWN]]
    assert coder.columns(None, 2).shape == (2, 1)
    # one customer who weighs as much as all others of the value is as one row
    weight[0] = 1e6
    assert "web" not in AttributeCoder.fit(texts, ratio, weight).values["array"]
    assert AttributeCoder.fit(objects(web=900), ratio[:900], np.ones(900)).values == {}
    assert AttributeCoder.fit(None, ratio, weight).columns(None, 3).shape == (3, 0)


def test_a_coder_is_stored_whatever_words_a_shop_has() -> None:
    coder = AttributeCoder({"array": {"array": 1.5, "": 0.5}})
    model = ModelFile(named(), {"kind": "x", "coder": coder.to_dict()}, {})
    again = ModelFile.from_bytes(model.to_bytes(), "the file").champion["coder"]
    assert AttributeCoder.from_dict(again) == coder
    again[0]["numbers"][0] = float("inf")
    with pytest.raises(ValueError, match="none above 0"):
        AttributeCoder.from_dict(again)


@pytest.fixture(scope="module")
def world(encoders_fitted_once: None) -> tuple[pd.DataFrame, Contest, Contest]:
    """Return windows in which a channel says who stays, and contests with and without it."""
    plan = plan_training(Window(dt.date(2023, 6, 30), 9, 3), DATA_FROM)
    windows = training_set(purchases(220, 720, 11), plan)
    stays = windows["customer_id"].str[-1].isin([*"02468"])
    for name in ("actual_clv", "actual_purchases"):
        windows[name] = windows[name] * np.where(stays, 2, 0)
    known = windows.assign(attributes=np.where(stays, '{"channel":"club"}', '{"channel":"fair"}'))
    nothing = windows.assign(attributes=None)
    with pytest.MonkeyPatch.context() as patch:
        # Pareto/NBD and boosting take the longest
        patch.setattr(examples, "PURCHASE_MODELS", dict.fromkeys(LEARNER_MODELS))
        patch.setattr(judge, "LEARNERS", LEARNERS[:3])
        patch.setattr(judge, "WITH_ATTRIBUTES", dict([*WITH_ATTRIBUTES.items()][:2]))
        return known, hold_contest(known, plan, 7), hold_contest(nothing, plan, 7)


def test_attributes_that_say_who_stays_win_and_the_card_says_so(
    world: tuple[pd.DataFrame, Contest, Contest],
) -> None:
    known, contest, _ = world
    assert contest.winner.kind in TWINS and contest.brought is not None
    assert contest.brought.comparison.won and contest.brought.is_champion
    assert (
        "channel (2 values)" in contest.brought.sentence
        and "hold the title" in contest.brought.sentence
    )
    told = json.loads(json.dumps(contest.brought.to_dict(), allow_nan=False))
    card = AttributesBrought.model_validate(told)
    assert card.attributed.rmse < card.without.rmse and card.described == 1
    champion = contest.champion
    stored = ModelFile(named(), champion.to_dict(), {}).to_bytes()
    again = Champion.from_dict(ModelFile.from_bytes(stored, "the file").champion)
    assert attributes_of(again.candidate) == ("channel",)
    json.dumps(without_arrays(champion.to_dict()), allow_nan=False)
    scored = champion.predict(known)["predicted_clv"]
    pd.testing.assert_series_equal(again.predict(known)["predicted_clv"], scored)
    club = known["attributes"].str.contains("club")
    assert scored[club].mean() > 3 * scored[~club].mean()
    # a value that nobody had lies between, and who is scored beside a customer does not matter
    new = again.predict(known.assign(attributes='{"channel":"new"}'))["predicted_clv"]
    assert scored[~club].mean() < new.mean() < scored[club].mean()
    pd.testing.assert_series_equal(again.predict(known[:7])["predicted_clv"], scored[:7])


def test_a_table_that_is_gone_ends_scoring(world: tuple[pd.DataFrame, Contest, Contest]) -> None:
    known, contest, _ = world
    _check_attributes(contest.champion, "clv_x", known)
    with pytest.raises(ClvError, match="learnt from the customer attribute 'channel', which no"):
        _check_attributes(contest.champion, "clv_x", known.assign(attributes=None))


def test_without_attributes_all_others_are_as_with_them(
    world: tuple[pd.DataFrame, Contest, Contest],
) -> None:
    _, attributed, plain = world
    assert plain.brought is None and not {entry.kind for entry in plain.entries} & {*TWINS}
    others = [repr(e) for e in attributed.entries if e.kind not in TWINS]
    assert [repr(e) for e in plain.entries] == others
    kept = [dataclasses.asdict(c) for c in attributed.comparisons if c.challenger not in TWINS]
    assert [dataclasses.asdict(c) for c in plain.comparisons] == kept
    assert attributes_of(plain.champion.candidate) == ()
