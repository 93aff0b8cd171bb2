"""What the module between Python and the library refuses, and what becomes of failures under a consumer of a table."""

import importlib
import io

import pyarrow
import pytest


def test_names_with_a_nul_are_refused(package, tmp_path):
    with pytest.raises(ValueError, match="null"):
        package.convert("a\0b.csv", tmp_path / "a.parquet")
    with pytest.raises(ValueError, match="null"):
        list(package.files([tmp_path / "a.csv", "a\0b.csv"], tmp_path / "out"))


@pytest.mark.parametrize("words", [[7], ["a\0b"], [None]])
def test_words_of_a_command_that_are_none(package, words):
    out = io.BytesIO()
    with pytest.raises((TypeError, ValueError)):
        importlib.import_module(f"{package.__name__}._pyforge").command(words, out, out, False, False, 80, 80, False)
    assert out.getvalue() == b""


def test_a_capsule_of_something_else_is_refused(package, tmp_path):
    class Given:
        def __arrow_c_stream__(self, requested_schema=None):
            return pyarrow.schema([("a", "int64")]).__arrow_c_schema__()

    with pytest.raises((TypeError, ValueError)):
        package.write(Given(), tmp_path / "a.parquet")
    assert not (tmp_path / "a.parquet").exists()


def test_capsules_that_nobody_takes_are_given_back(package):
    """Each holds the input; a file that stays open would be seen by its number of descriptors."""
    import os

    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        table = package.read(b"a,b\n1,x\n")
        capsule = table.__arrow_c_stream__()
        del capsule, table
    assert len(os.listdir("/proc/self/fd")) <= before + 1


@pytest.mark.parametrize(
    "error, kind",
    [
        (MemoryError("no room"), "OutOfMemoryError"),
        (OSError(28, "No space left on device"), "StorageError"),
        (RuntimeError("no good"), "BadDataError"),
        (ImportError("no pandas"), "ImportError"),
    ],
)
def test_what_a_consumer_raises(package, error, kind):
    from pyforge_cli._table import _consumed_by

    def consumer(table):
        raise error

    table = package.read(b"a\n1\n")
    with pytest.raises(Exception) as raised:
        _consumed_by(consumer, table)
    assert "consumed" in repr(table)
    assert type(raised.value).__name__ == kind and str(error) in str(raised.value)


def test_types_by_their_names(package):
    read = package.read(b"a,b,c\n1,2.5,x\n", schema="a:decimal(9,2),b:float64,c:string")
    assert [field.type for field in read.schema] == ["decimal(9,2)", "float64", "string"]
