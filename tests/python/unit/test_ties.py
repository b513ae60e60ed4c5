"""Equal predictions: what is said where a tier ends among them."""

import datetime as dt
from pathlib import Path

import duckdb

from clv.core.window import Batch
from clv.project.home import Home
from clv.scoring.batches import ties_across_tiers

FIRST, SECOND = Batch(dt.date(2021, 3, 31), 3), Batch(dt.date(2021, 4, 30), 3)


def test_a_batch_with_many_ties_across_tiers_is_remarked_and_one_with_few_is_not(tmp_path: Path):
    with duckdb.connect(str(tmp_path / "clv.duckdb")) as connection:
        connection.execute(
            """
            create table clv_ranked_predictions as
            select date '2021-03-31' as cutoff, 3 as pred_months, 7.0 as predicted_clv,
                   case when i < 100 then 'Top 10 %' else 'Rest' end as value_tier
            from range(1000) as r (i)
            union all
            select date '2021-04-30', 3, i, case when i < 100 then 'Top 10 %' else 'Rest' end
            from range(1000) as r (i)
            """
        )
    home = Home(tmp_path)
    (line,) = ties_across_tiers(home, [FIRST, SECOND])
    assert line.startswith("batch 20210331_pred3m: 1,000 customers of 1,000 have the same")
    assert ties_across_tiers(home, [SECOND]) == []
