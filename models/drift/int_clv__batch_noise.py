from clv.monitoring.noise import batch_noise


def model(dbt, session):
    return batch_noise(dbt.ref("int_clv__batches_to_judge").to_arrow_table())
