"""`CLV`: fit on transactions, predict at a cutoff, as scikit-learn's estimators do it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
from sklearn.base import BaseEstimator

from clv.core.dates import parse_date
from clv.core.window import WindowRequest
from clv.errors import ClvError
from clv.notebook import plots
from clv.operations.begun import reported
from clv.operations.recovery import at_work
from clv.operations.run import LATEST, run
from clv.operations.section import SectionChange
from clv.project.database import fetch, has_table, reading
from clv.project.dbt import DbtProject
from clv.project.environment import set_apart
from clv.project.files import replacing
from clv.project.home import Home
from clv.project.sql_text import literal
from clv.registry.card import ModelCard
from clv.registry.gate import champion
from clv.registry.store import Registry
from clv.training.train import train

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FILE = "transactions.parquet"
_PREDICTIONS = """
    select p.* exclude (pred_months, model_id, scored_at, in_sample), c.cluster_id, r.cluster_rank
    from clv_ranked_predictions as p
    left join clv_clusters as c using (cutoff, pred_months, customer_id)
    left join clv_cluster_ranking as r using (cutoff, pred_months, cluster_id)
    where p.cutoff = {day} and p.model_id = {model}
    order by p.clv_rank
"""


class CLV(BaseEstimator):  # type: ignore[misc]
    """Customer lifetime value of a DataFrame of transactions, by the SQL features and the contest of `clv`.

    Parameters
    ----------
    history_months, pred_months : int, optional
        Length of history and of the window that is predicted. Default: the config's.
    columns : mapping, optional
        From `customer_id`, `ordered_at`, `amount` and the other roles of a log to a column's name or a SQL
        expression. Default: columns of these names.
    options : mapping, optional
        Further keys of the section `log` of a config: `ordered_at_format`, `drop_status` and so on.
    home : path, optional
        The home, which keeps models and batches. Default: a temporary folder that goes with the object.

    Attributes
    ----------
    card_ : ModelCard
        Of the champion: the contest, the baseline and its windows.

    Examples
    --------
    >>> CLV(history_months=9, pred_months=3).get_params()["pred_months"]
    3
    """

    def __init__(
        self,
        *,
        history_months: int | None = None,
        pred_months: int | None = None,
        columns: Mapping[str, str] | None = None,
        options: Mapping[str, Any] | None = None,
        home: str | Path | None = None,
    ) -> None:
        self.history_months = history_months
        self.pred_months = pred_months
        self.columns = columns
        self.options = options
        self.home = home

    def fit(
        self,
        transactions: pd.DataFrame | str | Path,
        cutoff: object = None,
        y: None = None,
        accept_log: bool = False,
    ) -> CLV:
        """Hold the contest as of a cutoff and make its winner champion.

        Parameters
        ----------
        transactions : DataFrame or path
            A row per order or line of an order: who, when, how much. Of a path the files are read in place.
        cutoff : date, optional
            End of the history. Default: the latest whose window lies within the data.
        y : None
            Not used; scikit-learn hands it over.
        accept_log : bool
            Whether transactions that are not what they were before in this home are meant.

        Returns
        -------
        CLV
            Itself.

        Raises
        ------
        ClvError
            When the transactions cannot be read, or are too few or too short to train on.
        """
        home = self._home()
        self._take(home, transactions)
        with set_apart():
            dbt = DbtProject(home, _accepted(accept_log))
            with at_work(dbt, _unseen):
                request = WindowRequest.parse(_day(cutoff), self.history_months, self.pred_months)
                self.card_: ModelCard = train(dbt, home.read_config(), request, promote=True)
        return self

    def predict(
        self,
        cutoff: object = None,
        transactions: pd.DataFrame | str | Path | None = None,
        accept_log: bool = False,
    ) -> pd.DataFrame:
        """Predict what each customer spends in the months after a cutoff, from what was known on it.

        Parameters
        ----------
        cutoff : date, optional
            Default: the last day of the transactions.
        transactions : DataFrame or path, optional
            As they are by now, the earlier ones included. Default: those that were there before.
        accept_log : bool
            Whether earlier transactions that changed are meant; without it they are refused.

        Returns
        -------
        DataFrame
            A row per customer with a purchase in the history, the best first: `predicted_clv` with its
            bounds in the log's currency, expected purchases, probabilities, tier and cluster.

        Raises
        ------
        ClvError
            When nothing was trained, or the cutoff lies outside the data.
        """
        home = self._home()
        if not self.__sklearn_is_fitted__():
            raise ClvError(
                "nothing was trained yet: `fit(transactions)` comes before `predict(cutoff)`."
            )
        model_id = champion(Registry(home.registry)).model_id
        if transactions is not None:
            self._take(home, transactions)
        with set_apart():
            dbt = DbtProject(home, _accepted(accept_log))
            with at_work(dbt, _unseen, builds=True):
                done = run(dbt, home.read_config(), cutoff=_day(cutoff) or LATEST)
                reported(home)
        day = literal(done.scored[0].isoformat())
        return fetch(
            home.database,
            _PREDICTIONS.format(day=f"date {day}", model=literal(model_id)),
        )

    def accuracy(self) -> pd.DataFrame:
        """Return how good past predictions were: a row per batch whose window has passed.

        `in_sample` says that the champion had learnt from that window.
        """
        return self._table("clv_accuracy", "cutoff")

    def plot_calibration(self, ax: Axes | None = None) -> Axes:
        """Plot mean prediction against mean spend, by tenths of the latest batch that was judged."""
        return plots.calibration(self._latest("clv_calibration", "decile"), ax)

    def plot_gains(self, ax: Axes | None = None) -> Axes:
        """Plot which share of the money the best customers by prediction held, of the same batch."""
        return plots.gains(self._latest("clv_gains", "top_percent"), ax)

    def plot_frequency_recency(self, ax: Axes | None = None) -> Axes:
        """Plot the mean prediction by repeat purchase days and days since the last, of the latest batch."""
        return plots.frequency_recency(self._table("customer_segments", "clv_rank"), ax)

    def __sklearn_is_fitted__(self) -> bool:
        return self._place is not None and bool(Registry(self._home().registry).rows())

    @property
    def _place(self) -> Path | None:
        if self.home is not None:
            return Path(self.home).expanduser().resolve()
        folder = getattr(self, "_folder", None)
        return None if folder is None else Path(folder.name).resolve()

    def _home(self) -> Home:
        if self._place is None:
            self._folder = tempfile.TemporaryDirectory(prefix="clv-")
        place = self._place
        assert place is not None
        home = Home(place)
        home.ensure()
        return home

    def _take(self, home: Home, transactions: pd.DataFrame | str | Path) -> None:
        """Make transactions the log of the home."""
        if isinstance(transactions, pd.DataFrame):
            _write(transactions, home.root / FILE)
            location = f"../{FILE}"
        else:
            location = str(transactions)
            if "://" not in location:
                location = str(Path(location).expanduser().absolute())
        section: dict[str, Any] = {"transactions": location}
        section |= {"columns": dict(self.columns)} if self.columns else {}
        SectionChange.of(home, section | dict(self.options or {})).write()

    def _table(self, table: str, order: str) -> pd.DataFrame:
        home = self._home()
        known = home.database.exists()
        if known:
            with reading(home.database) as connection:
                known = has_table(connection, table)
        if not known:
            raise ClvError(
                "nothing was predicted yet: `fit(transactions)`, then `predict(cutoff)`."
            )
        return fetch(home.database, f"select * from {table} order by {order}")

    def _latest(self, table: str, order: str) -> pd.DataFrame:
        rows = self._table(table, order)
        if rows.empty:
            raise ClvError(
                "no window has passed yet, so nothing is known of what was spent: `predict` at a cutoff "
                "that lies a whole window before the end of the transactions."
            )
        latest: pd.DataFrame = rows.loc[rows["cutoff"] == rows["cutoff"].max()]
        return latest


def _accepted(accept_log: bool) -> dict[str, Any]:
    return {"accept_log": True} if accept_log else {}


def _day(cutoff: object) -> str | None:
    """Return a date in whatever form as text; None stays."""
    if cutoff is None:
        return None
    text = cutoff if isinstance(cutoff, str) else str(pd.Timestamp(cutoff).date())  # type: ignore[arg-type]
    return parse_date(text, "cutoff").isoformat()


def _write(transactions: pd.DataFrame, path: Path) -> None:
    if transactions.empty:
        raise ClvError("the transactions are empty: a DataFrame with a row per order is needed.")
    with replacing(path) as temporary, duckdb.connect() as connection:
        connection.register("transactions", transactions)
        connection.execute(f"copy transactions to {literal(str(temporary))} (format parquet)")


def _unseen(_: pd.DataFrame) -> None:
    """Show nothing: the tables are there to be asked for."""
