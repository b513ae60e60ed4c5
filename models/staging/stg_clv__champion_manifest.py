from clv.scoring.champions import champion_manifest


def model(dbt, session):
    manifest = champion_manifest()
    dbt.source("clv", "champion_manifest")  # where the lineage begins; read above, by the gate
    return manifest
