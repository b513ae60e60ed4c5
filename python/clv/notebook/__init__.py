"""The product from a notebook: an estimator over a DataFrame, and its plots."""
