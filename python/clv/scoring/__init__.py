"""Predictions of a batch, and the files that hold them."""
