"""XML documents and dBase tables: against what expat alone costs, pandas, the original, and dbfread with pandas."""

import subprocess
from pathlib import Path

import mission
from common import (HERE, PYTHON, TOP, WORK, compiled, environment, good, make_document, measure, median, remove, spread, table, take_turns,
                    verify)

# kind: rows, rows with --quick
ROWS = {"xml": (800_000, 2_000), "dbf": (1_000_000, 2_000)}
# What takes tens of microseconds a row is measured on fewer rows, and compared by the byte.
FEWER = {"xml": (60_000, 1_000), "dbf": (100_000, 1_000)}
PACKAGES = (("pandas==3.1.1", "lxml==6.1.3", "pyarrow==26.0.1", "dbfread==2.0.7"),)
OF_EXPAT = 1.7
OF_PEERS = 0.2
MEMORY = "128M"
PEAK = 128  # MiB
BATCHES = 500  # MB/s of CPU
OF_DBFREAD = 50


def read_alone(bench):
    """The program that only reads, with the library that the command under test was built with."""
    build = Path(bench.options.pyforge).resolve().parent
    wanted = ["libzstd", "liblz4", "zlib", "libdeflate", "expat"]
    told = (build / "pyforge.pc").read_text()
    wanted += [name for name in ("libisal",) if name in told]
    libraries = subprocess.check_output(["pkg-config", "--libs", *wanted], text=True).split()
    (WORK / "read_alone").unlink(missing_ok=True)
    return compiled("read_alone.c", "-I", TOP / "include", build / "libpyforge.a", *libraries, "-lsnappy", "-lpthread", "-ldl", "-lm")


def megabytes(path):
    return path.stat().st_size / 1e6


def converts(bench, source, output, *options):
    return bench.pyforge("convert", source, output, "--threads", bench.threads, "--force", "--quiet", *options)


def against_expat(bench, rows):
    source, output = make_document("xml", rows), WORK / "out-pyforge.parquet"
    bench.say(f"### XML → Parquet ({megabytes(source):.1f} MB, {rows} rows), against expat with handlers that do nothing")
    bench.say()
    results = take_turns(bench, {
        "expat alone": ([read_alone(bench), "expat", source], None, None),
        "pyforge": (converts(bench, source, output), output, None),
        f"pyforge, --memory {MEMORY}": (converts(bench, source, output, "--memory", MEMORY), output, None),
    })
    table(bench, results)
    label, limited = f"XML, {megabytes(source):.0f} MB", f"pyforge, --memory {MEMORY}"
    if not all(good(runs) for runs in results.values()):
        bench.judge(label, "failed", "–", False)
        return None
    ratio = median(results["pyforge"], "cpu") / median(results["expat alone"], "cpu")
    bench.judge(f"{label}: cpu ÷ expat alone", f"{ratio:.2f}", f"{OF_EXPAT}", ratio <= OF_EXPAT)
    wall, cpu = median(results["pyforge"], "wall"), median(results["pyforge"], "cpu")
    bench.judge(f"{label}, {bench.threads} threads: wall s", f"{wall:.3f}", f"less than its CPU, {cpu:.3f}", wall < cpu or bench.threads == 1)
    peak = median(results[limited], "peak")
    bench.judge(f"{label}, --memory {MEMORY}: peak MiB", f"{peak:.1f}", str(PEAK), peak <= PEAK)
    remove(output)
    return cpu / megabytes(source)


def peers_of(python, task, peers, source, outputs):
    return {peer: ([python, HERE / "peers.py", task, peer, source, outputs[peer], "snappy", 1, 0], outputs[peer], None) for peer in peers}


def against_readers(bench, rows, ours_per_mb):
    """pandas and the original, on a smaller document of the same kind."""
    python = environment("documents", PYTHON, PACKAGES)
    original, why = mission.original()
    source = make_document("xml", rows)
    peers = ("pandas_lxml", "pandas_etree") if python else ()
    outputs = {name: WORK / f"out-{name}.parquet" for name in (*peers, "original", "pyforge")}
    contestants = peers_of(python, "xml2parquet", peers, source, outputs)
    if original:
        contestants["original"] = ([original, "convert", source, outputs["original"], "--format", "parquet", "--force"],
                                   outputs["original"], None)
    contestants["pyforge"] = (converts(bench, source, outputs["pyforge"]), outputs["pyforge"], None)
    bench.say(f"### XML → Parquet ({megabytes(source):.1f} MB, {rows} rows)")
    bench.say()
    results = take_turns(bench, contestants, mission.LONG)
    checks = {name: verify("original_xml" if name == "original" else "xml", outputs["pyforge"], outputs[name], rows)
              for name in contestants if name != "pyforge" and good(results[name]) and good(results["pyforge"])}
    best = table(bench, results, outputs, checks, [] if original else [f"original ({why})"])
    if not good(results["pyforge"]) or not best["cpu"] or not ours_per_mb:
        bench.judge("XML against its readers", "failed", "–", False)
    else:
        wrong = [f"{name}: {text}" for name, text in checks.items() if text != "ok"]
        bench.judge("XML: values", "; ".join(wrong) or "equal", "equal", not wrong)
        theirs = best["cpu"] / megabytes(source)
        bench.judge("XML: CPU s per 100 MB, of the best reader's", f"{100 * ours_per_mb:.3f} ({ours_per_mb / theirs:.3f} of {100 * theirs:.3f})",
                    f"{100 * OF_PEERS * theirs:.3f}", ours_per_mb <= OF_PEERS * theirs)
    for output in outputs.values():
        remove(output)


def part_xml(bench):
    bench.say("## XML documents")
    bench.say()
    quick = bench.options.quick
    ours = against_expat(bench, ROWS["xml"][quick])
    against_readers(bench, FEWER["xml"][quick], ours)


def read_batches(bench, source):
    runs = [measure([read_alone(bench), "batches", source]) for _ in range(bench.options.runs)]
    if not good(runs):
        bench.judge("DBF to batches", "failed", "–", False)
        return
    speed = megabytes(source) / median(runs, "cpu")
    bench.say(f"To batches, {megabytes(source):.1f} MB: {spread(runs, 'cpu')} s of CPU, {speed:.0f} MB/s; wall {spread(runs, 'wall')} s; others busy "
              f"{median(runs, 'others'):.2f}.")
    bench.say()
    bench.judge("DBF to batches: MB/s of CPU", f"{speed:.0f}", f"at least {BATCHES}", speed >= BATCHES)


def part_dbf(bench):
    bench.say("## dBase tables")
    bench.say()
    quick = bench.options.quick
    source = make_document("dbf", ROWS["dbf"][quick])
    read_batches(bench, source)
    whole, whole_output = measure(converts(bench, source, WORK / "out-whole.parquet")), WORK / "out-whole.parquet"
    remove(whole_output)
    python = environment("documents", PYTHON, PACKAGES)
    rows = FEWER["dbf"][quick]
    smaller = make_document("dbf", rows)
    peers = ("dbfread_pandas",) if python else ()
    outputs = {name: WORK / f"out-{name}.parquet" for name in (*peers, "pyforge")}
    contestants = peers_of(python, "dbf2parquet", peers, smaller, outputs)
    contestants["pyforge"] = (converts(bench, smaller, outputs["pyforge"]), outputs["pyforge"], None)
    bench.say(f"### DBF → Parquet ({megabytes(smaller):.1f} MB, {rows} records of 15 fields)")
    bench.say()
    results = take_turns(bench, contestants, mission.LONG)
    checks = {name: verify("xml", outputs["pyforge"], outputs[name], rows) for name in peers if good(results[name])}
    best = table(bench, results, outputs, checks, () if python else ("dbfread_pandas",))
    if not whole["ok"] or not good(results["pyforge"]) or not best["cpu"]:
        bench.judge("DBF → Parquet", "failed", "–", False)
    else:
        wrong = [text for text in checks.values() if text != "ok"]
        bench.judge("DBF: values", "; ".join(wrong) or "equal", "equal", not wrong)
        ratio = best["cpu"] / megabytes(smaller) / (whole["cpu"] / megabytes(source))
        bench.judge(f"DBF, {ROWS['dbf'][quick]} records → Parquet: CPU per byte, dbfread with pandas ÷ pyforge", f"{ratio:.1f}",
                    f"at least {OF_DBFREAD}", ratio >= OF_DBFREAD)
    for output in outputs.values():
        remove(output)
