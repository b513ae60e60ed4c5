from clv.project.cdnow import cdnow_transactions


def model(dbt, session):
    return cdnow_transactions()
