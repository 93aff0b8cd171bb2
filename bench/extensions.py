#!/usr/bin/env python3
"""What the package and the extension system cost a conversion: CPU seconds and memory, with and without them.

    bench/extensions.py --command build/release/pyforge --package build/release/python [--data FILE] [--runs N]

The package runs among 300 installed packages, of which 20 are extensions: such whose manifest says that they add a command, which are not
loaded, or such with a hook, which are loaded and called. What a small file takes more with them than without is the cost of a
conversion of any size: nothing is done for each row. It is set against a second, and against the conversion of --data (without it, of
4 million rows). Least of --runs runs, taken in turns. Memory is the most that was resident, of the small file.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PACKAGES = 300
EXTENSIONS = 20
COST_MOST = 0.010  # seconds: 1 % of a conversion that takes one
MEMORY_MOST = 10e6
# Runs the console script, then tells the most memory of the process; what wait4 tells of a child counts its parent's.
RUN = """
import sys
from pyforge_cli.__main__ import main
try:
    main()
finally:
    sys.stderr.write(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""

SOURCE = """
from pyforge_cli.extensions import BaseExtension
class Ext(BaseExtension):
    name, version, description, licence = "{name}", "1.0", "of a benchmark", "MIT"
    def is_available(self): return True
    def initialize(self): return True
    def hook_pre_conversion(self, input_file, output_file, options): return options
"""


def install(site, manifest):
    site.mkdir()
    for number in range(PACKAGES):
        info = site / f"package{number}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\n")
        points = "[console_scripts]\nx = y:z\n"
        if number < EXTENSIONS:
            name = f"ext{number}"
            points = f"[pyforge.extensions]\n{name} = {name}_module:Ext\n"
            module = site / f"{name}_module"
            module.mkdir()
            (module / "__init__.py").write_text(SOURCE.format(name=name))
            if manifest:
                (module / "pyforge-extension.toml").write_text(f'name = "{name}"\ndescription = "lazy"\nadds = ["command {name}"]\n')
        (info / "entry_points.txt").write_text(points)


def measure(command, env, folder):
    """(CPU seconds, most resident bytes, 0 where the process does not tell)."""
    child = subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: {said.decode()}")
    most = said.decode().partition("VmHWM:")[2].split()
    return usage.ru_utime + usage.ru_stime, int(most[0]) * 1024 if most else 0


def check_found(env, folder):
    """What is measured has to be there."""
    listed = subprocess.run([sys.executable, "-m", "pyforge_cli", "extensions", "--json"], env=env, cwd=folder, capture_output=True, check=True)
    found = [row["name"] for row in json.loads(listed.stdout) if row["name"].startswith("ext")]
    if len(found) != EXTENSIONS:
        raise SystemExit(f"extensions.py: {len(found)} of {EXTENSIONS} extensions were found")


def least(cases, runs, folder):
    """Runs the cases in turns. Gives the least CPU seconds and bytes of each."""
    seen = {name: [] for name in cases}
    for _ in range(runs + 1):
        for name, (command, env) in cases.items():
            seen[name].append(measure(command, env, folder))
    # the first run of each fills caches
    return {name: tuple(map(min, zip(*measured[1:]))) for name, measured in seen.items()}


def make_rows(path, rows):
    with open(path, "w") as file:
        file.write("id,amount,day,name\n")
        file.writelines(f"{i},{i % 977}.25,2024-03-{i % 28 + 1:02d},customer number {i % 5000}\n" for i in range(rows))
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", required=True)
    parser.add_argument("--package", required=True)
    parser.add_argument("--data")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        install(folder / "lazy", True)
        install(folder / "hooks", False)
        small = make_rows(folder / "small.csv", 100)
        large = given.data or make_rows(folder / "large.csv", 4_000_000)
        env = {key: value for key, value in os.environ.items() if not key.startswith(("PYFORGE_", "PYTHON"))}
        env.update(HOME=name, XDG_CONFIG_HOME=name, XDG_STATE_HOME=f"{name}/state", XDG_CACHE_HOME=f"{name}/cache")
        alone = os.path.abspath(given.command)
        package = [sys.executable, "-c", RUN]
        here = {**env, "PYTHONPATH": os.path.abspath(given.package)}
        lazy, hooks = ({**env, "PYTHONPATH": os.pathsep.join([os.path.abspath(given.package), str(folder / kind)])} for kind in ("lazy", "hooks"))
        for place in (lazy, hooks):
            check_found(place, folder)

        def cases(path):
            words = ["convert", str(path), "o.parquet", "--force", "--quiet"]
            return {
                "stand-alone, --no-extensions": ([alone, *words, "--no-extensions"], env),
                "stand-alone": ([alone, *words], env),
                "package, --no-extensions": ([*package, *words, "--no-extensions"], here),
                "package, no extension installed": ([*package, *words], here),
                f"among {PACKAGES} packages, {EXTENSIONS} extensions": ([*package, *words], lazy),
                f"{EXTENSIONS} extensions with hooks, called": ([*package, *words], hooks),
            }

        costs = least(cases(small), 4 * given.runs, folder)
        whole = least(cases(large), given.runs, folder)
    return report(costs, whole)


def report(costs, whole):
    names = list(costs)
    bad = []
    print(f"{'':36} {'small, ms':>10} {'more, ms':>9} {'of 1 s':>7} {'large, s':>9} {'of that':>8} {'MB':>6} {'more':>6}")
    for name in names:
        base = costs[names[0] if name.startswith("stand") else names[2]]
        more, memory = costs[name][0] - base[0], costs[name][1] - base[1]
        print(f"{name:36} {1000 * costs[name][0]:10.1f} {1000 * more:9.1f} {more:7.1%} {whole[name][0]:9.2f} {more / whole[name][0]:8.1%} "
              f"{costs[name][1] / 1e6:6.1f} {memory / 1e6:6.1f}")
        if more > COST_MOST and "called" not in name:
            bad.append(f"{name}: {1000 * more:.1f} ms")
        if memory > MEMORY_MOST:
            bad.append(f"{name}: {memory / 1e6:.1f} MB")
    for fault in bad:
        print(f"extensions.py: {fault}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
