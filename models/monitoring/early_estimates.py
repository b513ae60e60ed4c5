from clv.early import early_estimates


def model(dbt, session):
    horizons = dbt.ref("open_horizons").to_arrow_table()
    return early_estimates(horizons, dbt.ref("open_customers").to_arrow_table())
