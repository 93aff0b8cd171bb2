"""What a small budget is enough for, and what is said where it is not."""

import random

import pytest


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    path = tmp_path_factory.mktemp("mixed") / "mixed.csv"
    chance = random.Random(5)
    words = [f"word{chance.random()}" for _ in range(3000)]
    with path.open("w") as out:
        out.write("id,token,amount,day,note,name\n")
        for row in range(200_000):
            out.write(f"{row},{chance.getrandbits(60)},{chance.random() * 1000:.2f},2024-0{row % 9 + 1}-11,")
            out.write(f"{chance.choice(words)} {chance.choice(words)},{words[row % 3000]}\n")
    return path


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    path = tmp_path_factory.mktemp("wide") / "wide.csv"
    with path.open("w") as out:
        out.write(",".join(f"c{i}" for i in range(500)) + "\n")
        for row in range(4000):
            out.write(",".join(f"text {row * i % 97}" if i % 5 == 0 else str(row * i) for i in range(500)) + "\n")
    return path


@pytest.mark.parametrize("memory", ["16M", "20M", "24M"])
@pytest.mark.parametrize("name", ["mixed", "wide"])
def test_a_small_budget_is_enough_for_any_number_of_threads(pyforge, request, tmp_path, name, memory):
    source = request.getfixturevalue(name)
    outputs = set()
    for threads in ("1", "2", "4", "8"):
        for compression in ("zstd", "snappy") if threads == "8" else ("zstd",):
            out = tmp_path / f"{threads}-{compression}.parquet"
            options = ("--memory", memory, "--threads", threads, "--compression", compression)
            result = pyforge("convert", source, out, *options)
            assert result.returncode == 0, (threads, result.stderr)
            if compression == "zstd":
                outputs.add(out.read_bytes())
    assert len(outputs) == 1


def test_a_record_too_long_for_the_budget(pyforge, tmp_path):
    """As long as --max-record allows, with the usual budget: where it is, and what would be enough."""
    source = tmp_path / "long.csv"
    with source.open("w") as out:
        out.write("id,text\n0,short\n")
        for row in range(3):
            out.write(f"{row}," + chr(ord("a") + row) * 60_000_000 + "\n")
    out = tmp_path / "long.parquet"
    result = pyforge("convert", source, out)
    message = result.stderr.decode()
    assert result.returncode == 1
    assert "long.csv" in message and ("row" in message or "line" in message), message
    advised = message.split("try --memory ")[1].split()[0]
    assert not out.exists()
    assert pyforge("convert", source, out, "--memory", advised).returncode == 0


@pytest.mark.parametrize("memory", ["24M", "64M"])
@pytest.mark.parametrize("command", ["info", "validate"])
def test_reading_alone_says_how_much_memory_to_try(pyforge, tmp_path, command, memory):
    source = tmp_path / "long.csv"
    source.write_text("id,text\n" + "".join(f"{row},short\n" for row in range(9)) + "10," + "x" * 40_000_000 + "\n")
    result = pyforge(command, source, "--memory", memory)
    message = result.stderr.decode() + result.stdout.decode()
    assert result.returncode == 1, message
    assert "long.csv" in message and "line" in message, message
    advised = message.split("try --memory ")[1].split()[0]
    for _ in range(3):
        result = pyforge(command, source, "--memory", advised)
        if result.returncode == 0:
            return
        advised = (result.stderr.decode() + result.stdout.decode()).split("try --memory ")[1].split()[0]
    raise AssertionError("following the advice leads nowhere")


def test_a_stream_says_how_much_memory_to_try(package, tmp_path):
    source = tmp_path / "long.csv"
    source.write_text("id,text\n1,short\n2," + "x" * 40_000_000 + "\n")
    with pytest.raises(package.PyForgeError) as caught:
        package.read(source, memory="64M").to_arrow()
    assert 'try memory="' in str(caught.value), str(caught.value)
    assert str(caught.value).count("long.csv") == 1, str(caught.value)
