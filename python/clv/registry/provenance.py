"""Where a model came from: code, environment, data."""

from __future__ import annotations

import base64
import hashlib
import importlib.metadata
import json
import platform
import subprocess
from pathlib import Path
from typing import Any

import clv
from clv import __version__
from clv.core.secrets import redact
from clv.project.config import Config
from clv.project.database import fetch, has_table, reading
from clv.project.home import IS_INSTALLED, PROJECT
from clv.project.home_log import HomeLog
from clv.project.log_section import LOCATIONS
from clv.project.transaction_log import TransactionLog

PACKAGES = (
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "lifetimes",
    "numpy",
    "pandas",
    "scikit-learn",
    "scipy",
)
CODE = ("dbt_project.yml", "profiles.yml", "pyproject.toml", "requirements.lock",
        "macros", "models", "python", "seeds")  # fmt: skip


def code_version() -> tuple[str, bool]:
    """Return the commit of the code and whether the code differs from it.

    Of an installed wheel it is the version, and the code differs where a file is not as it was
    packed. Without git or outside a repository the commit is `unknown` and the code counts as changed.
    """
    if IS_INSTALLED:
        return f"v{__version__}", not _is_as_packed()
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return "unknown", True
    return commit, bool(_git("status", "--porcelain", "--", *CODE))


def code_digest() -> str:
    """Return a digest of the SQL and Python that results depend on, committed or not."""
    digest = hashlib.sha256()
    package = Path(clv.__file__).parent
    for root, name, pattern in (
        (PROJECT / "macros", "macros", "*.sql"),
        (PROJECT / "models", "models", "*.*"),
        (package, "python/clv", "*.py"),
    ):
        for path in sorted(root.rglob(pattern)):
            if root == package and path.is_relative_to(package / "dbt_project"):
                continue  # the models of a wheel, which are not the package's own
            digest.update(f"{name}/{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def environment() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    machine = f"{platform.system()} {platform.machine()}"
    return {"python": platform.python_version(), "platform": machine, **versions}


def training_settings(log: HomeLog, config: Config) -> dict[str, Any]:
    """Return what a training was asked for beyond its window: the log, the vars, the clusters.

    What holds is recorded, whether the config, the vars or the environment said it. Locations stand
    as they were given, those of the config relative to its folder; secrets in the log's address are
    left out.
    """
    return {
        "transactions": TransactionLog(log.written).shown or None,
        "vars": _recorded(log.recorded_vars),
        "min_clusters": config.clusters.min_clusters,
        "max_clusters": config.clusters.max_clusters,
        "smallest_share": config.clusters.smallest_share,
    }


def data_fingerprint(database: Path, through: str) -> dict[str, Any]:
    """Return counts and a digest of the log's days up to `through`, free of row order."""
    query = f"""
        select
            count(*) as days,
            count(distinct customer_id) as customers,
            cast(min(order_date) as varchar) as first_day,
            cast(max(order_date) as varchar) as last_day,
            cast(coalesce(sum(net_amount), 0) as varchar) as net_amount,
            cast(coalesce(sum(cast(md5_number_lower(
                concat_ws('|', customer_id, order_date, net_amount, refund_amount, orders)
            ) as hugeint)), 0) as varchar) as digest
        from int_clv__customer_days
        where order_date <= date '{through}'
    """
    row = fetch(database, query).iloc[0]
    digest = int(row["digest"]) % 2**64
    known = _attributes(database, through)
    return {
        "fingerprint": f"{row['days']}-{row['customers']}-{row['net_amount']}-{digest:016x}{known}",
        "through": through,
        "customer_days": int(row["days"]),
        "customers": int(row["customers"]),
        "first_day": row["first_day"],
        "last_day": row["last_day"],
        "net_amount": row["net_amount"],
    }


def _attributes(database: Path, through: str) -> str:
    """Return a digest of the customer attributes known by a day, free of row order; empty without any."""
    query = f"""
        select cast(coalesce(sum(cast(md5_number_lower(
            concat_ws('|', customer_id, attribute_name, attribute_value, known_from)
        ) as hugeint)), 0) as varchar) as digest
        from stg_clv__customer_attributes
        where known_from is null or known_from <= date '{through}'
    """
    with reading(database) as connection:
        if not has_table(connection, "stg_clv__customer_attributes"):
            return ""
        ((found,),) = connection.execute(query).fetchall()
    return f"-{int(found) % 2**64:016x}" if int(found) else ""


def _recorded(user_vars: dict[str, Any]) -> dict[str, Any]:
    """Return the vars as the card keeps them: an expression word for word, an address redacted.

    That a log was accepted is recorded in its contract, and is none of the training's settings.
    """
    kept: dict[str, Any] = json.loads(json.dumps(user_vars, default=str))
    kept.pop("accept_log", None)
    for key in LOCATIONS:
        if isinstance(kept.get(key), str):
            kept[key] = redact(kept[key])
    return kept


def _is_as_packed() -> bool:
    """Say whether every file of the installed package is what the wheel's record says it was."""
    for file in importlib.metadata.files("clv") or ():
        if file.hash is None or file.parts[:1] != ("clv",):
            continue
        try:
            content = Path(str(file.locate())).read_bytes()
        except OSError:
            return False
        found = base64.urlsafe_b64encode(hashlib.new(file.hash.mode, content).digest())
        if found.rstrip(b"=").decode() != file.hash.value:
            return False
    return True


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(PROJECT), *arguments], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()
