-- For every batch that this run labelled, actual_clv sums to what the log says, by another route.
{{ clv_unreconciled_batches('=') }}
