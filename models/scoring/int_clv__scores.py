from clv.scoring.score import score


def model(dbt, session):
    return score(dbt.ref("int_clv__scoring_features").to_arrow_table())
