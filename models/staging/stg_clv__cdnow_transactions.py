from clv.datasets import cdnow_transactions


def model(dbt, session):
    return cdnow_transactions()
