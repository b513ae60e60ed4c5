from clv.monitoring.early_warning import early_estimates


def model(dbt, session):
    # as many customers of each open batch as a distribution needs
    sample = dbt.ref("int_clv__open_customers").filter("nth <= 50000")
    return early_estimates(
        dbt.ref("int_clv__open_horizons").to_arrow_table(),
        sample.to_arrow_table(),
        dbt.ref("int_clv__daily_totals").to_arrow_table(),
    )
