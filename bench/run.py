"""This pipeline against the one that an analyst would write: same files, same run, ratios printed.

    python bench/run.py [tiny|small|large|province] [--cores N] [--without-analyst]

Each pipeline runs in a fresh process on the same CPU cores (one, unless --cores says otherwise) over inputs that are
made once (bench/inputs.py). small: 15 city-size and 500 village-size files; large: 15 + 122 counties + 2,000 villages;
province: with 29,500 villages.
Nothing is asserted: a person reads the table.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inputs import NOW, PERIOD, SIZES, make_inputs
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
OURS, AGAIN = "this pipeline", "this pipeline, run again"
OUR_READING = "our reading, without processes"
GATE = "Great Expectations, apart"
RULE_COUNTS = (500, 2_000, 29_500)
ANALYST, ANALYST_CALAMINE = "analyst, openpyxl", "analyst, calamine"


@dataclass(frozen=True)
class Outcome:
    """One pipeline's run. ``cpu``: with all its processes. ``peaks``: MB of its main process and its largest child."""

    name: str
    wall: float
    cpu: float
    peaks: list[float]
    stages: dict[str, list[float]]
    findings: list[list[str]]


def run_process(name: str, script: str, arguments: list[str], environment: dict[str, str], cores: int) -> Outcome:
    """Runs a script of this folder in a fresh process on the first ``cores`` cores; its last line of output is JSON."""
    chosen = sorted(os.sched_getaffinity(0))[:cores]
    started = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdout=output,
            env={**os.environ, **environment, "PYTHONPATH": str(HERE.parent / "include")},
            preexec_fn=lambda: os.sched_setaffinity(0, chosen),
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode()
    if process.returncode:
        raise SystemExit(f"{script} ended with status {process.returncode}")
    result: dict[str, Any] = json.loads(text.strip().splitlines()[-1])
    peaks = result.get("peak_mb", [usage.ru_maxrss / 1024])
    return Outcome(name, wall, usage.ru_utime + usage.ru_stime, peaks, result["stages"], result.get("findings", []))


def run_ours(folder: Path, work: Path, cores: int) -> list[Outcome]:
    """Collect and release over a copy of the prepared home; once more, when nothing is left to be done; the gate."""
    home = work / "home"
    shutil.copytree(folder / "home", home)
    shutil.copytree(folder / "files", home / "inbox")
    environment = {
        "JINGUO_HOME": str(home),
        "JINGUO_SCHEMAS": str(folder / "schemas"),
        "JINGUO_WAREHOUSE_URL": "",
        "JINGUO_NOW": NOW.isoformat(),
    }
    first = run_process(OURS, "product.py", [str(PERIOD)], environment, cores)
    shutil.copytree(folder / "files", home / "inbox", dirs_exist_ok=True)
    again = run_process(AGAIN, "product.py", [str(PERIOD)], environment, cores)
    return [first, again, run_process(GATE, "gate.py", [str(PERIOD)], environment, cores)]


def run_analyst(folder: Path, work: Path, engine: str, cores: int) -> Outcome:
    out = work / engine
    arguments = [folder / "files", folder / "last_month.csv", folder / "schemas" / "units", out]
    name = ANALYST_CALAMINE if engine == "calamine" else ANALYST
    return run_process(name, "analyst.py", [*map(str, arguments), engine], {}, cores)


def print_rules(console: Console, folder: Path, work: Path) -> None:
    """Engine and gate alone, over more reports than there are files."""
    environment = {"JINGUO_HOME": str(work / "home"), "JINGUO_SCHEMAS": str(folder / "schemas")}
    environment |= {"JINGUO_WAREHOUSE_URL": "", "JINGUO_NOW": NOW.isoformat()}
    table = Table(title="rules alone, CPU")
    for column in ("reports", "engine ms", "gate ms", "engine + MB", "gate + MB", "peak MB"):
        table.add_column(column, justify="right")
    for count in RULE_COUNTS:
        arguments = [str(folder / "files"), str(PERIOD), str(count)]
        outcome = run_process("rules", "rules.py", arguments, environment, 1)
        stages = [outcome.stages["engine"], outcome.stages["gate"]]
        times = [f"{1000 * seconds / count:.2f}" for seconds, _ in stages]
        table.add_row(str(count), *times, *(f"{rise:.0f}" for _, rise in stages), f"{outcome.peaks[0]:.0f}")
    console.print(table)


def print_floors(console: Console, outcomes: list[Outcome], floors: Outcome, files: int) -> None:
    """How far our reading, and our stage in a run of this size, are from what any reader must spend."""
    reading, stage = floors.stages[OUR_READING][1], outcomes[0].stages["screen and read"][1]
    table = Table(title="reading, CPU")
    for column in ("what", "ms/file", "our reading ×", "our stage ×"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for name, (_, cpu) in floors.stages.items():
        table.add_row(name, f"{1000 * cpu / files:.2f}", f"{reading / cpu:.2f}", f"{stage / cpu:.2f}")
    table.add_row("our stage, with its processes", f"{1000 * stage / files:.2f}", f"{reading / stage:.2f}", "1.00")
    console.print(table)


def print_pipelines(console: Console, outcomes: list[Outcome], files: int) -> None:
    table = Table(title=f"{files} files, from the inbox to the release")
    for column in ("pipeline", "wall s", "CPU s", "CPU ms/file", "files/s", "peak MB", "× wall", "× CPU"):
        table.add_column(column, justify="left" if column == "pipeline" else "right")
    ours = outcomes[0]
    for outcome in outcomes:
        table.add_row(
            outcome.name,
            f"{outcome.wall:.1f}",
            f"{outcome.cpu:.1f}",
            f"{1000 * outcome.cpu / files:.1f}",
            f"{files / outcome.wall:.0f}",
            " + ".join(f"{peak:.0f}" for peak in outcome.peaks),
            f"{outcome.wall / ours.wall:.2f}",
            f"{outcome.cpu / ours.cpu:.2f}",
        )
    console.print(table)


def print_stages(console: Console, outcomes: list[Outcome], files: int) -> None:
    for outcome in outcomes:
        table = Table(title=f"stages: {outcome.name}")
        for column in ("stage", "wall ms/file", "CPU ms/file"):
            table.add_column(column, justify="left" if column == "stage" else "right")
        for stage, (wall, cpu) in outcome.stages.items():
            table.add_row(stage, f"{1000 * wall / files:.2f}", f"{1000 * cpu / files:.2f}")
        console.print(table)


def print_agreement(console: Console, outcomes: list[Outcome]) -> None:
    """Whether all pipelines name the same reports as faulty; a fast pipeline that finds less is not faster."""
    faulty = {outcome.name: {unit for unit, _ in outcome.findings} for outcome in outcomes if outcome.findings}
    for name, units in faulty.items():
        missed, extra = faulty[OURS] - units, units - faulty[OURS]
        console.print(
            f"{name}: {len(units)} reports with findings; {len(missed)} fewer and {len(extra)} more than ours"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", nargs="?", default="small", choices=sorted(SIZES))
    parser.add_argument("--cores", type=int, default=1)
    parser.add_argument("--without-analyst", action="store_true")
    options = parser.parse_args()
    console = Console(width=110)
    console.print("inputs …")
    folder = make_inputs(options.size)
    made = json.loads((folder / "done.json").read_text(encoding="utf-8"))
    files = made["files"]
    console.print(
        f"{files} workbooks, {made['bytes'] / files / 1024:.0f} KiB and {made['values'] / files:.0f} filled cells "
        f"each, {made['faulty']} with something wrong; {options.cores} core(s)"
    )
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        work = Path(name)
        outcomes = run_ours(folder, work, options.cores)
        print_rules(console, folder, work)
        environment = {"JINGUO_SCHEMAS": str(folder / "schemas")}
        floors = run_process("floors", "floors.py", [str(folder / "files")], environment, options.cores)
        if not options.without_analyst:
            for engine in ("openpyxl", "calamine"):
                console.print(f"analyst with {engine} …")
                outcomes.append(run_analyst(folder, work, engine, options.cores))
    print_pipelines(console, outcomes, files)
    print_stages(console, outcomes, files)
    print_floors(console, outcomes, floors, files)
    print_agreement(console, outcomes)


if __name__ == "__main__":
    main()
