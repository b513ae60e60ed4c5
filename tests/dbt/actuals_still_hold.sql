-- Batches labelled by earlier runs whose actuals the log, corrected since, no longer bears out. Labels
-- are made once, so this only warns; `clv monitor --relabel` makes them again.
{{ config(severity='warn') }}
{{ clv_unreconciled_batches('<') }}
