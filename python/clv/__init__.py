"""Customer lifetime value: predictions whose accuracy is checked once their window has passed."""

__version__ = "0.1.0"
