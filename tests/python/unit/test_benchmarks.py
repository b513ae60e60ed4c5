"""The benchmarks are no part of the tests, but they must start with the code as it is."""

import subprocess
import sys

import pytest

from clv.project.home import PROJECT

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("script", sorted(p.name for p in (PROJECT / "benchmarks").glob("*.py")))
def test_a_benchmark_starts(script):
    command = [sys.executable, str(PROJECT / "benchmarks" / script), "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "usage:" in done.stdout, done.stderr
