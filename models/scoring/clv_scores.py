from clv.scoring.score import score


def model(dbt, session):
    return score(dbt.ref("scoring_features").to_arrow_table())
