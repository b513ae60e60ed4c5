"""How much it costs to read a clean log: user CPU of the typed columns of staging, CSV and Parquet.

    python benchmarks/reading.py --rows 20000000

The log is made up (a customer has 15 rows on average), read by `clv.project.log_reader` as staging reads
it, and written into a table of a database in memory. Beside it the same columns by the plain casts that
were the whole of reading before formats were recognised. Each measurement is a process of its own.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

PLAIN = {
    "customer_id": "nullif(trim(cast(customer_id as varchar)), '')",
    "written_date": "nullif(trim(cast(ordered_at as varchar)), '')",
    "csv": "case when isfinite(coalesce(try_cast(trim(cast(ordered_at as varchar)) as timestamp), "
    "try_strptime(trim(cast(ordered_at as varchar)), '%Y%m%d'))) then "
    "coalesce(try_cast(trim(cast(ordered_at as varchar)) as timestamp), "
    "try_strptime(trim(cast(ordered_at as varchar)), '%Y%m%d')) end",
    "parquet": "case when isfinite(cast(ordered_at as timestamp)) then cast(ordered_at as timestamp) end",
    "amount": "try_cast(amount as decimal(18, 4))",
}
READERS = {
    "csv": "read_csv(['{path}'], all_varchar = true, header = true, union_by_name = true)",
    "parquet": "read_parquet(['{path}'], union_by_name = true)",
}


def make(folder: Path, rows: int) -> None:
    """Write the log as CSV and as Parquet."""
    query = f"""
        select
            cast(hash(i) % {max(rows // 15, 1)} as varchar) as customer_id,
            timestamp '2020-01-01' + to_seconds(i * 60 % 94608000) as ordered_at,
            cast(5 + (hash(i + 1) % 10000) / 100.0 as decimal(10, 2)) as amount
        from range({rows}) as log (i)
    """
    for form in READERS:
        duckdb.execute(f"copy ({query}) to '{folder / 'log'}.{form}' (format {form})")


def read(path: Path, how: str) -> float:
    """Read one file into a table and return the seconds of user CPU."""
    from clv.project.log_options import LogOptions
    from clv.project.log_reader import LogRows, open_log

    form = path.suffix[1:]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    if how == "plain":
        listed = ", ".join(
            f"{PLAIN.get(name) or PLAIN[form]} as {name}"
            for name in ("customer_id", "written_date", "ordered_at", "amount")
        )
        rows = LogRows()
        rows.open([str(path)], f"select {listed} from {READERS[form].format(path=path)}")
    else:
        asked = {name: name for name in ("customer_id", "ordered_at", "amount")}
        rows = open_log(str(path), asked, LogOptions()).rows()
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.register("log_rows", rows)
        connection.execute(
            "create table staged as select row_number() over () as input_row, customer_id, written_date, "
            "ordered_at, amount from log_rows"
        )
    return resource.getrusage(resource.RUSAGE_SELF).ru_utime - before


def main() -> None:
    """Print a row of the table in benchmarks/README.md for each form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--one", nargs=2, metavar=("PATH", "HOW"))
    given = parser.parse_args()
    if given.one:
        print(read(Path(given.one[0]), given.one[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), given.rows)
        for form in READERS:
            least = {}
            for how in ("plain", "typed"):
                command = [sys.executable, __file__, "--one", f"{folder}/log.{form}", how]
                runs = [subprocess.check_output(command, text=True) for _ in range(given.repeats)]
                least[how] = min(map(float, runs))
            ratio = least["typed"] / least["plain"]
            print(f"| {form} | {least['plain']:.1f} s | {least['typed']:.1f} s | {ratio:.2f} |")


if __name__ == "__main__":
    main()
