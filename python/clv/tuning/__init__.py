"""The search for the best history and prediction windows."""
