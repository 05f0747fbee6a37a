"""What each command does once it is parsed: call, and print."""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from seimbang import datasets, progress
from seimbang.checks import leaks
from seimbang.errors import ImageError, SeimbangError, StudyError
from seimbang.imaging.base import ImageSettings
from seimbang.imaging.files import write_atomic
from seimbang.record.choice import find_arm
from seimbang.reports.report import write_report
from seimbang.runs import ablation
from seimbang.runs.executors import Options, options
from seimbang.runs.inspect import inspect, machine
from seimbang.runs.run import run as run_study
from seimbang.runs.run import work as work_on
from seimbang.runs.shuffle import shuffled_labels
from seimbang.serving.predictor import Prediction, Predictor
from seimbang.serving.rows import read_file, read_rows, with_predictions
from seimbang.serving.server import serve as serve_page
from seimbang.study.draft import draft, settings_for
from seimbang.study.load import load, shipped

__all__ = ["options"]
NAMED = 6
"""At most this many cases are named below a finding; ``audit.json`` and the report name more."""
COLUMNS = ("class", "confidence", "class at the tuned threshold")


def studies() -> None:
    """List the shipped studies."""
    rows = []
    for name, study in shipped().items():
        results = (f"{entry.arm}: {key} {value}" for entry in study.published for key, value in entry.figures.items())
        rows.append((name, study.question, study.cost, next(results, "none: built in")))
    progress.table("Studies", ("name", "question", "cost", "published"), rows)


def init(data: Path, out: Path) -> None:
    """Write a study file for data.

    Raises:
        StudyError: STUDY_EXISTS.
    """
    if out.exists():
        raise StudyError("STUDY_EXISTS", f"{out} already there", "a new file", "choose another name with --out")
    settings = settings_for(data)
    dataset = datasets.load(settings, ImageSettings(), data.resolve().parent)
    write_atomic(out, draft(data.resolve(), settings, dataset))
    progress.say(f"Wrote {out}. Look through it, then: seimbang run {out} --data {data.resolve().parent}")


def check(study: str) -> None:
    """Check a study file."""
    arms = load(study).arm
    progress.say(f"{study} is in order: {len(arms)} arm(s), {', '.join(arm.name for arm in arms)}.")


def audit(what: str, root: Path, shuffle_labels: bool, quick: bool) -> bool:
    """Print the findings of an audit; return whether something leaks."""
    findings = inspect(what, root)
    if shuffle_labels:
        findings += shuffled_labels(load(what), root, quick)
    for finding in findings:
        where = f"[{finding.protocol}] " if finding.protocol else ""
        style = "bold red" if finding.severity == "leak" else None
        progress.say(f"{finding.severity:<8}{finding.code:<22}{where}{finding.sentence}", style)
        if finding.cases and finding.severity != "info":
            more = f" and {len(finding.cases) - NAMED} more" if len(finding.cases) > NAMED else ""
            progress.say(f"{'':<30}{', '.join(finding.cases[:NAMED])}{more}")
    return bool(leaks(findings))


def run(study: str, root: Path, out: Path, arm: str | None, quick: bool, options: Options) -> None:
    """Run a study, and those it names in ``then``."""
    first = load(study)
    every = {out: first} | {out.with_name(f"{out.name}-{Path(name).stem}"): load(name) for name in first.then}
    program = "seimbang" if shutil.which("seimbang") else sys.argv[0]
    for folder, one in every.items():
        report = run_study(one, root, folder, arm, quick, options=options)
        if options.workers == 0:
            progress.say(f"Prepared {folder}. Now, as often as you like: {program} work {folder}")
            continue
        progress.say(f"Report: {report.resolve()}")
        progress.say(f"Page for the clinic: {program} serve {folder}")


def work(run: Path, root: Path | None) -> None:
    """Do free jobs of a run."""
    report = work_on(run, root)
    done = "No job is left; another process writes the report."
    progress.say(f"Report: {report.resolve()}" if report else done)


def ablate(study: str, root: Path, out: Path, arm: str, quick: bool, options: Options) -> None:
    """Print what each step of ``[image]`` is worth."""
    rows = ablation.ablate(load(study), root, out, arm, quick, options)
    columns = ("arm", "set", "without", "balanced accuracy", "lost without it", "p (Holm)")
    progress.table("Each step of [image] switched off alone", columns, ablation.lines(rows))


def report(run: Path) -> None:
    """Write a report again."""
    progress.say(f"Report: {write_report(run).resolve()}")


def predict(run: Path, files: Sequence[Path], arm: str | None, out: Path | None) -> int:
    """Predict images or the rows of tables; return the exit code: that of the last file with a mistake, or 0.

    Raises:
        StudyError: OUT_TABLE: ``out`` is for the rows of tables.
    """
    predictor = Predictor.load(run / "arms" / find_arm(run, arm))
    if predictor.table is not None:
        return _predict_tables(predictor, files, out)
    if out is not None:
        fix = "leave --out out"
        raise StudyError("OUT_TABLE", "--out for a run of images", "a run of a table, to whose rows it adds", fix)
    rows, code = [], 0
    for image in files:
        try:
            rows.append((str(image), *_cells(predictor.predict(_bytes(image), image.name))))
        except SeimbangError as error:
            progress.complain(str(error))
            code = error.exit_code
    progress.table("Predictions", ("image", *COLUMNS), rows)
    return code


def _predict_tables(predictor: Predictor, files: Sequence[Path], out: Path | None) -> int:
    """Print the predictions of all rows, or write them to ``out``; files with a mistake are named and left out."""
    tables, predictions, code = [], list[tuple[str, Prediction]](), 0
    for file in files:
        try:
            table = read_file(file)
            of_rows = read_rows(predictor, table)[1]
            predictions += [(f"{file}, row {row}", one) for row, one in zip(table.index, of_rows, strict=True)]
            tables.append(table)
        except SeimbangError as error:
            progress.complain(f"{file}: {error}")
            code = error.exit_code
    if out is None:
        rows = [(row, *_cells(prediction)) for row, prediction in predictions]
        progress.table("Predictions", ("row", *COLUMNS), rows)
    elif predictions:
        write_atomic(out, with_predictions(tables, [prediction for _, prediction in predictions]))
        progress.say(f"Wrote {out}: {len(predictions):,} rows with their predictions")
    return code


def _cells(prediction: Prediction) -> tuple[str, str, str]:
    return prediction.label, f"{prediction.confidence:.4f}", prediction.label_tuned or ""


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        found = f"{path} cannot be read ({error.strerror})"
        raise ImageError("IMG_MISSING", found, "a PNG or JPEG file", "check the path") from error


def serve(run: Path, port: int | None, arm: str | None, browser: bool) -> None:
    """Open the web page of a run."""
    serve_page(run, port, arm, browser)


def doctor() -> None:
    """Print what this machine offers."""
    progress.table("This machine", ("what", "found"), machine())
