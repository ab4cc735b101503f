"""`make demo`: three months of 16 reporting units through real Airflow DAGs, in one process and a home of its own."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from airflow_environment import PROJECT
from jinguo.periods import Period
from jinguo.settings import Settings, load_settings
from rich.console import Console
from rich.table import Table
from sqlalchemy import select

PERIODS = (Period(2026, 8), Period(2026, 9), Period(2026, 10))
LEFT_UNSIGNED = Period(2026, 10)
SIGNER = "shengban"
MARK = ".demo"  # a folder with this file in it is ours to throw away


class Story:
    """The console, the clock and the log of one demo."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.log = home / "airflow.log"
        self.console = Console(file=os.fdopen(os.dup(1), "w", encoding="utf-8"), highlight=False)

    def set_clock(self, day: dt.date, hour: int) -> None:
        """What time it is for every step that follows."""
        os.environ["JINGUO_NOW"] = f"{day.isoformat()}T{hour:02d}:00"

    @contextmanager
    def step(self, period: Period, what: str) -> Iterator[None]:
        """One line when it is done: the demo's date, the period, what was done, how long it took."""
        now = os.environ["JINGUO_NOW"]
        started = time.monotonic()
        with self.console.status(f"{period} {what}"):
            yield
        self.say(f"[dim]{now}[/]  {period}  {what}  [dim]{time.monotonic() - started:.1f} s[/]")

    def say(self, line: str) -> None:
        """One line, never broken: paths are to be copied."""
        self.console.print(line, soft_wrap=True)


def main() -> int:
    home = prepare_home()
    story = Story(home)
    with story.log.open("wb") as log:  # Airflow writes to both; the console has its own way out
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        play(story)
        show_result(story)
    except BaseException:
        story.console.print(f"[red]The demo stopped. {story.log} says why; its end:[/]")
        story.console.print("\n".join(story.log.read_text("utf-8", "replace").splitlines()[-25:]), markup=False)
        story.console.print_exception()
        return 1
    finally:
        story.console.file.flush()
    return 0


def prepare_home() -> Path:
    """An empty data directory: the last demo's is thrown away, anybody else's is never touched."""
    home = Path(os.environ.get("JINGUO_HOME") or PROJECT / "var").expanduser().resolve() / "demo"
    if home.exists():
        if not (home / MARK).exists():
            raise SystemExit(f"{home} is there and was not made by a demo; move it away or set JINGUO_HOME")
        shutil.rmtree(home)
    (home / "inbox").mkdir(parents=True)
    (home / MARK).touch()
    for name in [name for name in os.environ if name.startswith(("AIRFLOW", "JINGUO_"))]:
        del os.environ[name]  # invented figures must not meet a real warehouse or a real Airflow
    os.environ["JINGUO_HOME"] = str(home)
    os.environ["JINGUO_MESSAGES"] = "dry-run"  # nobody is told of invented reports
    return home


def play(story: Story) -> None:
    """The three months, one after another, as the DAGs would be started by their schedules."""
    story.set_clock(PERIODS[0].first_day, 9)
    with story.step(PERIODS[0], "Airflow: database and DAGs"):
        from airflow_in_process import InProcessAirflow

        airflow = InProcessAirflow(story.home / "airflow")
    for period in PERIODS:
        following = period.plus(1)
        story.set_clock(period.first_day.replace(day=25), 9)
        with story.step(period, "issue_templates: blank templates for 16 units"):
            airflow.run("issue_templates", period=str(period))
        story.set_clock(following.first_day.replace(day=3), 9)
        with story.step(period, "the clerks fill them in and send them"):
            fill_templates(period)
        with story.step(period, "collect_submissions: archive, read, check, settle, answer"):
            airflow.run("collect_submissions")
        if period == LEFT_UNSIGNED:
            story.set_clock(following.first_day.replace(day=3), 14)
            with story.step(period, "collect_submissions: a corrected second version"):
                send_correction(period)
                airflow.run("collect_submissions")
        with story.step(period, "refresh_month: the draft edition"):
            airflow.run("refresh_month", period=str(period))
        with story.step(period, "validate_month: Great Expectations, Data Docs"):
            airflow.run("validate_month", period=str(period))
        story.set_clock(following.first_day.replace(day=9), 9)
        with story.step(period, "close_deadline, open_release: who is missing; the release is opened"):
            airflow.run("close_deadline", period=str(period))
            airflow.run("open_release", period=str(period))
        if period != LEFT_UNSIGNED:
            with story.step(period, f"publish_release: signed by {SIGNER} through Airflow's API"):
                airflow.run_signed("publish_release", period=str(period), account=SIGNER)


def fill_templates(period: Period) -> None:
    """What the clerks do between two DAGs: every unit fills its template, some of them badly in 2026-10."""
    from jinguo.demo.month import write_month
    from jinguo.flow.office import open_office
    from jinguo.flow.predecessors import period_context

    settings = load_settings()
    with open_office(settings) as office:
        codes = [obligation.unit_code for obligation in office.register.obligations(period)]
        with office.warehouse.read() as conn:
            openings = period_context(office, conn, period, codes).openings
        write_month(settings.inbox, period, schemas=settings.schemas, openings=openings, rulebook=office.rulebook)


def send_correction(period: Period) -> None:
    from jinguo.demo.month import write_correction
    from jinguo.flow.office import open_office
    from jinguo.flow.predecessors import period_context

    settings = load_settings()
    with open_office(settings) as office:
        codes = [obligation.unit_code for obligation in office.register.obligations(period)]
        with office.warehouse.read() as conn:
            openings = period_context(office, conn, period, codes).openings
        write_correction(settings.inbox, period, schemas=settings.schemas, openings=openings, rulebook=office.rulebook)


def show_result(story: Story) -> None:
    """The last month's units, their states and findings, and the files to open."""
    settings, period = load_settings(), PERIODS[-1]
    table = Table("单位", "版次", "状态", "审核问题", title=f"{period} 报送情况", title_justify="left")
    for row in result_rows(settings, period):
        table.add_row(*row)
    story.console.print(table)
    outbox, month = settings.outbox, str(period)
    shown = {
        "blank template": (outbox / "templates" / month, "430100_*.xlsx"),
        "return workbook": (outbox / "returns" / month, "*.xlsx"),
        "receipt": (outbox / "receipts" / month, "430100_*"),
        "release workbook, a draft": (outbox / "releases" / month, "*.xlsx"),
        "release workbook, published": (outbox / "releases" / str(PERIODS[-2]), "*正式*.xlsx"),
        "Data Docs": (outbox / "data_docs", "index.html"),
    }
    for name, (folder, pattern) in shown.items():
        for path in sorted(folder.glob(pattern))[:1]:
            story.say(f"{name:30}{path}")
    story.say(f"{'Airflow log':30}{story.log}\n")
    environment = f"JINGUO_HOME={settings.home} JINGUO_NOW={os.environ['JINGUO_NOW']} PYTHONPATH=include"
    story.say(f"{environment} .venv/bin/python -m jinguo status --period {period}")


def result_rows(settings: Settings, period: Period) -> Iterator[tuple[str, str, str, str]]:
    """Unit, version, state and rules broken, one row per obligation; then the files that became nobody's report."""
    from jinguo.flow.expected.status import period_status
    from jinguo.flow.office import open_office
    from jinguo.review.states import state_name
    from jinguo.warehouse.findings import findings_of
    from jinguo.warehouse.submissions import latest_submissions
    from jinguo.warehouse.tables import raw_delivery

    with open_office(settings) as office, office.warehouse.read() as conn:
        latest = latest_submissions(conn, period.key)
        for row in period_status(settings, period):
            submission = latest.get(office.register.by_code[row["unit_code"]].unit_id)
            findings = findings_of(conn, submission.id) if submission else []
            rules = dict.fromkeys(finding.rule_id for finding in findings if finding.severity != "info")
            version = f"第{row['version']}版" if row["version"] else "—"
            yield f"{row['unit_code']} {row['unit_name']}", version, state_name(row["status"]), " ".join(rules)
        columns = raw_delivery.c
        strays = select(columns.name, columns.outcome).where(columns.outcome != "submission").order_by(columns.id)
        for name, outcome in conn.execute(strays):
            yield name, "—", state_name(outcome), ""


if __name__ == "__main__":
    sys.exit(main())
