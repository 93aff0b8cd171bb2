"""Every Parquet file that a test leaves in its folder is read by pyarrow, DuckDB and Polars, whatever else the test was about."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "python"))

# Larger ones would take longer to read three times than to make; their tests check them themselves.
SIZE_AT_MOST = 16 << 20


def ours_and_whole(path):
    """True for a file that we finished: tests also make damaged ones, and have other writers make some."""
    content = path.read_bytes() if path.is_file() and path.stat().st_size <= SIZE_AT_MOST else b""
    return content[:4] == content[-4:] == b"PAR1" and b"pyforge" in content[-4096:]


@pytest.fixture(autouse=True)
def every_parquet_file_is_read_everywhere(request):
    yield
    folder = (getattr(request.node, "funcargs", None) or {}).get("tmp_path")
    if folder is None or request.node.get_closest_marker("damaged_parquet"):
        return
    from oracle import assert_same_everywhere

    for path in sorted(folder.rglob("*.parquet")):
        if ours_and_whole(path):
            assert_same_everywhere(path)


def pytest_configure(config):
    config.addinivalue_line("markers", "damaged_parquet: leaves Parquet files that are not to be readable")
