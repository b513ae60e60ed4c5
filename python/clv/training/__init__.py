"""The contest and its winner."""
