from clv.scoring import assign_clusters


def model(dbt, session):
    return assign_clusters(dbt.ref("scoring_features").to_arrow_table())
