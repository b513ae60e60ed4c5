"""What all tests need before anything else is imported."""

import os

# The tests fit many small models: threads would only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
