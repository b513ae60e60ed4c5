"""Every input row ends in exactly one class, whatever the log looks like."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from registry_world import named
from shop import Shop

from clv.registry.manifest import Head
from clv.registry.store import Registry

DIRTY = """Invoice;Line;Buyer Id;When;Qty;Unit Price;State;Cur;Changed
1;1;0042;2020-01-05 10:00;2;10.10;paid;EUR;
1;2;0042;2020-01-05 10:00;1;5;paid;EUR;
2;1;;2020-01-06;1;7.77;paid;EUR;
3;1;0042;;1;1.5;paid;EUR;
4;1;0042;someday;1;2.5;paid;EUR;
5;1;0043;2020-02-30;1;3.5;paid;EUR;
6;1;0043;2020-02-01;one;4.5;paid;EUR;
7;1;0043;2020-02-01;1;;paid;EUR;
8;1;0043;2020-02-01;1;nan;paid;EUR;
9;1;0043;2020-02-02;-3;10;paid;EUR;
10;1;0043;2020-02-02;3;10;paid;EUR;
11;1;0044;2020-02-03;1;0;paid;EUR;
12;1;0044;1899-12-31;1;99;paid;EUR;
1;2;0042;2020-01-05 10:00;1;5;paid;EUR;
13;1;  0044 ;20200401;1;12.345678;paid;EUR;
14;1;0044;infinity;1;6;paid;EUR;
15;1;0045;2020-05-01;1;8;paid;EUR;2020-05-02
15;1;0045;2020-05-01;1;9;paid;EUR;2020-05-01
16;1;0045;2020-05-01;1;10;Test;EUR;
17;1;0045;2020-05-01;10;1.5;paid;usd;
18;1;0045;2020-05-01;1;3;paid;CHF;
19;1;0045;2020-05-01;1;3;paid;;
9;2;0043;2020-05-03;-1;2;paid;EUR;
10;1;0043;2020-02-02;3;10;paid;EUR;
10;2;0043;2020-05-03;-1;2;paid;EUR;
"""
COLUMNS = (
    "columns: {customer_id: Buyer Id, ordered_at: When, amount: 'Qty * \"Unit Price\"', "
    "order_id: Invoice, line_id: \"Invoice || '-' || Line\", updated_at: Changed, status: State, "
    "currency: Cur}, earliest_date: 2000-01-01, drop_status: [test], currency: EUR, net_refunds: true"
)


@pytest.fixture(scope="module")
def dirty(tmp_path_factory) -> Shop:
    folder = tmp_path_factory.mktemp("dirty")
    (folder / "dirty log.csv").write_text(DIRTY)
    (folder / "rates.csv").write_text("currency,rate,valid_from\nUSD,0.91234567,2020-01-01\n")
    shop = Shop(folder / "home", folder / "dirty log.csv")
    shop.home.mkdir()
    done = shop.dbt(
        "build", "--select", "+int_clv__customer_days", "+int_clv__log_days",
        "--indirect-selection", "cautious",
        "--vars", f"{{{COLUMNS}, exchange_rates: '{folder / 'rates.csv'}'}}",
    )  # fmt: skip
    assert done.code == 0, done.out
    return shop


def test_every_row_has_one_class_and_the_first_reason_that_applies(dirty):
    rows = dirty.query(
        "select reason from stg_clv__classified_transactions order by input_row"
    ).reason
    assert [None if pd.isna(reason) else reason for reason in rows] == [
        None, None, "no_customer", "date_missing", "date_unreadable", "date_unreadable",
        "amount_missing_or_not_finite", "amount_missing_or_not_finite",
        "amount_missing_or_not_finite", None, None, None, "date_out_of_range", "duplicate_line",
        None, "date_unreadable",
        None, "superseded_line", "status_left_out", None, "no_exchange_rate", "currency_missing",
        None, "duplicate_line", None,
    ]  # fmt: skip


def test_ids_keep_their_zeros_and_money_its_decimals(dirty):
    kept = dirty.query(
        "select customer_id, cast(amount as varchar) as amount from stg_clv__transactions order by input_row"
    )
    assert set(kept.customer_id) == {"0042", "0043", "0044", "0045"}
    assert kept.amount.tolist() == [
        "20.2000", "5.0000", "-30.0000", "30.0000", "0.0000", "12.3457", "8.0000", "13.6852", "-2.0000",
        "-2.0000",
    ]  # fmt: skip


def test_money_of_kept_and_rejected_is_the_money_of_the_log(dirty):
    total = dirty.query(
        "select cast(sum(logged_amount) as varchar) as s from stg_clv__classified_transactions"
    )
    # 2 x 10.10 + 5 + 7.77 + 1.5 + 2.5 + 3.5 - 30 + 30 + 0 + 99 + 5 + 12.3457 + 6
    # + 8 + 9 + 10 + 15 + 3 + 3 - 2 + 30 - 2
    assert total.s[0] == "236.8157"


def test_a_day_that_nets_to_0_with_a_refund_is_no_purchase_day_but_a_free_order_is(dirty):
    days = dirty.query(
        "select customer_id || ' ' || order_date as d, is_purchase_day, orders from int_clv__customer_days"
    ).set_index("d")
    assert days.is_purchase_day.to_dict() == {
        "0042 2020-01-05": True,
        "0043 2020-02-02": False,
        "0043 2020-05-03": False,
        "0045 2020-05-01": True,
        "0044 2020-02-03": True,
        "0044 2020-04-01": True,
    }
    assert days.orders.to_dict()["0042 2020-01-05"] == 1
    assert days.orders.to_dict()["0043 2020-02-02"] == 1


def test_the_reconciliation_test_fails_when_staging_loses_a_row(dirty, tmp_path):
    broken = dirty.copy(tmp_path / "home").with_data_tests()
    with duckdb.connect(str(broken.home / "clv.duckdb")) as connection:
        connection.execute("delete from stg_clv__classified_transactions where input_row = 1")
    rates = dirty.log.parent / "rates.csv"
    done = broken.dbt(
        "test", "--select", "log_reconciles", "--vars", f"{{{COLUMNS}, exchange_rates: '{rates}'}}"
    )
    assert done.code == 1
    assert "FAIL 1" in done.out


@pytest.mark.parametrize(
    "kind",  # files: tests/python/unit/test_reading_files.py
    [
        "table",
        *(pytest.param(kind, marks=pytest.mark.exhaustive) for kind in ("glob of parquet", "gzip")),
    ],
)
def test_parquet_globs_tables_and_compressed_csv_give_the_same_days(
    kind, sample_log, trained, tmp_path
):
    frame = pd.read_csv(sample_log, dtype=str)
    frame["customer_id"] = frame.customer_id.astype(float)  # as a tool that knows only floats
    frame["amount"] = frame.amount.astype(float)
    frame["ordered_at"] = pd.to_datetime(frame.ordered_at, format="%Y%m%d")
    shop = Shop(tmp_path / "home")
    shop.home.mkdir()
    if kind == "glob of parquet":
        frame.iloc[:3000].to_parquet(tmp_path / "a.parquet")
        frame.iloc[3000:].to_parquet(tmp_path / "b.parquet")
        shop.log = tmp_path / "*.parquet"
    elif kind == "gzip":
        frame.astype({"customer_id": int}).to_csv(tmp_path / "log.csv.gz", index=False)
        shop.log = tmp_path / "log.csv.gz"
    else:
        with duckdb.connect(str(shop.home / "clv.duckdb")) as connection:
            connection.execute("create schema shop")
            connection.register("frame", frame)
            connection.execute("create table shop.orders as select * from frame")
        shop.log = "shop.orders"
    assert shop.dbt("run", "--select", "+int_clv__customer_days").code == 0
    query = (
        "select cast(customer_id as int) as id, * exclude (customer_id) "
        "from int_clv__customer_days order by all"
    )
    pd.testing.assert_frame_equal(shop.query(query), trained.query(query))


@pytest.mark.exhaustive  # unit tests read every way of writing dates
def test_day_first_dates_are_read_as_told_and_never_guessed(tmp_path):
    log = Path(tmp_path / "log.csv")
    log.write_text("customer_id,ordered_at,amount\n1,03/04/2020 9:30,5\n")
    shop = Shop(tmp_path / "home", log)
    shop.home.mkdir()
    select = ("run", "--select", "+clv_rejected_transactions")
    refused = shop.dbt(*select)
    assert refused.code == 1
    assert "Set it to '%d/%m/%Y %H:%M' or '%m/%d/%Y %H:%M'" in refused.out
    assert shop.dbt(*select, "--vars", "{ordered_at_format: '%d/%m/%Y %H:%M'}").code == 0
    days = shop.query("select order_date from stg_clv__classified_transactions").order_date
    assert days.astype(str).tolist() == ["2020-04-03"]


def test_ids_of_guests_are_those_of_the_customers_that_a_map_names(tmp_path):
    (tmp_path / "log.csv").write_text(
        "customer_id;ordered_at;amount\nguest-7;2020-04-03;1.234,50 €\n12346.0;2020-04-03;5,00 €\n"
        "0;2020-04-03;6,00 €\nguest-8;2020-04-03;7,00 €\n"
    )
    (tmp_path / "map.csv").write_text("id,customer_id\nguest-7,12346\n9,guest-7\n")
    shop = Shop(tmp_path / "home", tmp_path / "log.csv")
    select = ("run", "--select", "stg_clv__classified_transactions", "--vars")
    refused = shop.dbt(*select, f"{{customer_map: {tmp_path}/map.csv}}")
    assert refused.code == 1 and "maps '9' to 'guest-7'" in refused.out
    assert "a comma before the decimals" in refused.out
    (tmp_path / "map.csv").write_text("id,customer_id\nguest-7,12346\n9,5\n")
    done = shop.dbt(*select, f"{{customer_map: {tmp_path}/map.csv, not_customers: ['0', GUEST-8]}}")
    assert done.code == 0, done.out
    found = shop.query(
        "select customer_id, cast(amount as varchar) as amount, coalesce(reason, 'kept') as reason "
        "from stg_clv__classified_transactions order by input_row"
    )
    assert found.to_numpy().tolist() == [
        ["12346", "1234.5000", "kept"],
        ["12346", "5.0000", "kept"],
        ["0", "6.0000", "not_a_customer"],
        ["guest-8", "7.0000", "not_a_customer"],
    ]


@pytest.mark.exhaustive  # tests/python/unit/test_log_verdict.py
def test_a_mistyped_date_ends_the_run_and_neither_begins_history_nor_closes_windows(
    sample_log, tmp_path
):
    lines = sample_log.read_text() + "00007,19991230,5.00\n00007,19700101,0.01\n"
    shop = Shop(tmp_path / "home", tmp_path / "log.csv")
    shop.log.write_text(lines)
    shop.home.mkdir()
    select = ("run", "--select", "+int_clv__log_days")
    for told, words in (
        ("", "1 of 6921 rows of the log lie from 1970-01-01 to 1970-01-01, before 9862 days"),
        (
            "earliest_date: 1997-01-01",
            "1 of 6920 rows of the log lie from 1999-12-30 to 1999-12-30",
        ),
    ):
        refused = shop.dbt(*select, "--vars", f"{{{told}}}")
        assert refused.code == 1
        assert words in refused.out
    through = "select cast(data_through as varchar) as d from int_clv__log_days"
    for told, day in (
        ("latest_date: 1998-12-31", "1998-06-30"),
        ("data_through: 1999-12-30", "1999-12-30"),
        ("data_through_slack_days: 1000", "1999-12-30"),
    ):
        told += ", earliest_date: 1997-01-01"
        assert shop.dbt(*select, "--vars", f"{{{told}}}").code == 0
        assert shop.query(through).d.tolist() == [day], told


def test_the_champion_is_the_last_row_of_a_manifest_of_more_than_nine(trained, tmp_path):
    shop = trained.copy(tmp_path / "home")
    registry = Registry(shop.home / "registry")
    (champion,) = registry.rows()
    rows = [replace(champion, model_id=named(0))]
    for number in range(1, 11):
        model_id = named(number) if number < 10 else champion.model_id
        before = rows[-1].sha256
        rows.append(
            replace(
                champion, manifest_row=number + 1, model_id=model_id, previous_row_sha256=before
            )
        )
    registry.write_rows(rows)
    Head(11, rows[-1].sha256).write(registry.head)
    assert shop.dbt("run", "--select", "stg_clv__champion_manifest").code == 0
    champions = shop.query("select manifest_row from stg_clv__champion_manifest where is_champion")
    assert champions.manifest_row.tolist() == [11]


CASES = [
    (
        "customer,created,type,amount,fee,refund\nc1,2021-03-01,charge,100.00,3.20,0\n"
        "c1,2021-03-05,refund,40.00,0,40.00\nc2,2021-03-02,charge,50.00,1.75,0\n"
        "c2,2021-03-09,charge,30.00,1.17,0\nc3,2021-03-10,fee,9.00,9.00,0\n",
        "{columns: {customer_id: customer, ordered_at: created, amount: \"case when type = 'refund' "
        "then -amount when type = 'fee' then 0 else amount end\"}}",
        ["100.0000", "-40.0000", "50.0000", "30.0000", "0.0000"],
    ),
    ("customer_id,ordered_at,amount\n1,2021-03-01,5.5\n", "{columns: {amount: , line_id: }}", ["5.5000"]),
]  # fmt: skip


@pytest.mark.parametrize(("log", "variables", "amounts"), CASES)
def test_amounts_that_people_map_are_what_their_sql_says(log, variables, amounts, tmp_path):
    (tmp_path / "log.csv").write_text(log)
    shop = Shop(tmp_path / "home", tmp_path / "log.csv")
    done = shop.dbt("run", "--select", "stg_clv__classified_transactions", "--vars", variables)
    assert done.code == 0, done.out
    found = shop.query(
        "select cast(amount as varchar) as amount, reason from stg_clv__classified_transactions "
        "order by input_row"
    )
    assert found.amount.tolist() == amounts
    assert found.reason.isna().all()


def test_without_the_plugin_no_log_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr("clv.project.dbt_plugin.FUNCTIONS", {})
    (tmp_path / "log.csv").write_text("customer_id,ordered_at,amount\n1,2021-03-01,5.5\n")
    shop = Shop(tmp_path / "home", tmp_path / "log.csv")
    done = shop.dbt("run", "--select", "stg_clv__classified_transactions")
    assert done.code == 1
    assert done.out.count("clv: the plugin that checks how the transaction log is read") == 1


def test_the_home_s_config_names_the_log_for_clv_and_for_plain_dbt(tmp_path, monkeypatch):
    """A home that is made for CDNOW reads it by either; what is given wins and is named."""
    shop = Shop(tmp_path / "home")
    assert shop.clv("init", "--cdnow").code == 0
    select = ("run", "--select", "stg_clv__classified_transactions")
    count = "select count(*) as n, sum(amount) as s from stg_clv__classified_transactions"
    assert shop.dbt(*select).code == 0
    assert shop.query(count).n[0] == 69_659
    log = tmp_path / "log.csv"
    log.write_text("customer_id,ordered_at,net\na,2021-01-05,1\n")
    config = shop.home / "config" / "model_config.yaml"
    config.write_text(config.read_text() + "  columns: {amount: net}\n")
    done = shop.dbt(*select, "--vars", f"{{transactions: '{log}'}}")
    assert done.code == 0, done.out
    assert "the var transactions in place of what section log of the home's config says" in done.out
    assert shop.query(count).n[0] == 1
    monkeypatch.chdir(tmp_path)  # where a relative path of --vars is taken from
    done = shop.clv("monitor", "--vars", "{transactions: log.csv, columns: {amount: gross}}")
    assert "the var transactions and the var columns in place of" in done.err
    assert "no champion" in done.err or "has no column 'gross'" in done.err
