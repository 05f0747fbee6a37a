"""The command line: one short function a command. Parse, call, print."""

import os
import shutil
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seimbang import __version__, progress
from seimbang.errors import ResourceError, SeimbangError, StudyError

if TYPE_CHECKING:
    from seimbang.serving.predictor import Prediction, Predictor

SAID = ("class", "confidence", "class at the tuned threshold")
app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Which way of treating class imbalance really helps, and will the model work in another hospital?",
)
Data = Annotated[Path | None, typer.Option("--data", envvar="SEIMBANG_DATA", help="Folder the data paths start from.")]
Out = Annotated[Path | None, typer.Option("--out", help="Run folder; by default runs/<study>.")]
Quick = Annotated[bool, typer.Option("--quick", help="A rough answer in about a minute.")]
OneArm = Annotated[str | None, typer.Option("--arm", help="Only this arm.")]
Predicted = Annotated[Path | None, typer.Option("--out", help="For tables: CSV to write, with predictions added.")]
Run = Annotated[Path, typer.Argument(help="A run folder.")]


@app.command(epilog="Example: seimbang demo")
def demo(out: Out = None, quick: Quick = False) -> None:
    """Run the built-in study on synthetic images: no data, no network."""
    _run("phantom", None, out or Path("runs/demo"), None, quick)


@app.command(epilog="Example: seimbang studies")
def studies() -> None:
    """List the studies that come with seimbang."""
    from seimbang.study.load import shipped

    rows = []
    for name, study in shipped().items():
        results = (f"{entry.arm}: {key} {value}" for entry in study.published for key, value in entry.figures.items())
        rows.append((name, study.question, study.cost, next(results, "none: built in")))
    progress.table("Studies", ("name", "question", "cost", "published"), rows)


@app.command(epilog="Example: seimbang init chest_xray --out my_study.toml")
def init(data: Path, out: Annotated[Path, typer.Option(help="Study file to write.")] = Path("study.toml")) -> None:
    """Look at a folder, CSV, npz or Excel table and write a commented study file for it."""
    from seimbang import datasets
    from seimbang.imaging.base import ImageSettings
    from seimbang.imaging.files import write_atomic
    from seimbang.study.draft import draft, settings_for

    if out.exists():
        raise StudyError("STUDY_EXISTS", f"{out} already there", "a new file", "choose another name with --out")
    settings = settings_for(data)
    found = datasets.load(settings, ImageSettings(), data.resolve().parent)
    write_atomic(out, draft(data.resolve(), settings, found))
    progress.say(f"Wrote {out}. Look through it, then: seimbang run {out} --data {data.resolve().parent}")


@app.command(epilog="Example: seimbang check my_study.toml")
def check(study: str) -> None:
    """Check a study file: all mistakes at once, with the nearest known name."""
    from seimbang.study.load import load

    arms = load(study).arm
    progress.say(f"{study} is in order: {len(arms)} arm(s), {', '.join(arm.name for arm in arms)}.")


@app.command(epilog="Example: seimbang audit chest_xray   or   seimbang audit pneumonia --data ~/data --shuffle-labels")
def audit(
    what: Annotated[str, typer.Argument(help="A folder, CSV, npz or study.")],
    data: Data = None,
    shuffle_labels: Annotated[
        bool, typer.Option("--shuffle-labels", help="Also run the study with shuffled labels: no arm may score.")
    ] = False,
    quick: Quick = False,
) -> None:
    """Look for leaks and faults in data, or in data as a study divides them; exit code 3 when something leaks."""
    from seimbang.checks import leaks
    from seimbang.runs.inspect import inspect
    from seimbang.runs.shuffle import shuffled_labels
    from seimbang.study.load import load

    findings = inspect(what, _root(data))
    if shuffle_labels:
        findings += shuffled_labels(load(what), _root(data), quick)
    for one in findings:
        where = f"[{one.protocol}] " if one.protocol else ""
        style = "bold red" if one.severity == "leak" else None
        progress.say(f"{one.severity:<8}{one.code:<22}{where}{one.sentence}", style)
    if leaks(findings):
        raise typer.Exit(3)


@app.command(epilog="Example: seimbang run pneumonia --data ~/data --quick")
def run(study: str, data: Data = None, arm: OneArm = None, quick: Quick = False, out: Out = None) -> None:
    """Run a study, or what is left of it after an interruption, and write its report."""
    _run(study, data, out or _default_out(study, quick), arm, quick)


def _default_out(study: str, quick: bool) -> Path:
    return Path("runs") / f"{Path(study).stem}{'-quick' if quick else ''}"


def _run(study: str, data: Path | None, out: Path, arm: str | None, quick: bool) -> None:
    from seimbang.runs.steps import run as run_study
    from seimbang.study.load import load

    first = load(study)
    studies = {out: first} | {out.with_name(f"{out.name}-{Path(name).stem}"): load(name) for name in first.then}
    program = "seimbang" if shutil.which("seimbang") else sys.argv[0]
    for folder, one in studies.items():
        report = run_study(one, _root(data), folder, arm, quick)
        progress.say(f"Report: {report.resolve()}")
        progress.say(f"Page for the clinic: {program} serve {folder}")


@app.command(epilog="Example: seimbang ablate my_study.toml --arm none --data ~/data")
def ablate(
    study: str,
    arm: Annotated[str, typer.Option("--arm", help="The arm to take apart.")],
    data: Data = None,
    quick: Quick = False,
    out: Out = None,
) -> None:
    """Run an arm with each step of [image] switched off alone, and say what each is worth."""
    from seimbang.runs.ablation import ablate as ablate_arm
    from seimbang.runs.ablation import lines
    from seimbang.study.load import load

    rows = ablate_arm(load(study), _root(data), out or _default_out(study, quick), arm, quick)
    columns = ("arm", "set", "without", "balanced accuracy", "lost without it", "p (Holm)")
    progress.table("Each step of [image] switched off alone", columns, lines(rows))


@app.command(epilog="Example: seimbang report runs/pneumonia")
def report(run: Run) -> None:
    """Write the report of a run folder again."""
    from seimbang.reports import write_report

    progress.say(f"Report: {write_report(run).resolve()}")


@app.command(epilog="Example: seimbang predict runs/pneumonia image.jpg   or   seimbang predict runs/hdi rows.csv")
def predict(run: Run, files: list[Path], arm: OneArm = None, out: Predicted = None) -> None:
    """Classify images, or the rows of CSV or Excel files, with the best arm of a run (or the named one)."""
    from seimbang.record.choice import find_arm
    from seimbang.serving.predictor import Predictor

    predictor = Predictor.load(run / "arms" / find_arm(run, arm))
    if predictor.table is not None:
        _predict_tables(predictor, files, out)
        return
    if out is not None:
        raise typer.BadParameter("only for the rows of tables; this run is of images", param_hint="--out")
    rows, failed = [], None
    for image in files:
        try:
            found = predictor.predict(_bytes(image), image.name)
            rows.append((str(image), *_cells(found)))
        except SeimbangError as error:
            progress.complain(str(error))
            failed = error
    progress.table("Predictions", ("image", *SAID), rows)
    if failed:
        raise typer.Exit(failed.exit_code)


def _predict_tables(predictor: "Predictor", files: list[Path], out: Path | None) -> None:
    """Print what the model says of each row, or write it to ``out``; files with a mistake are named and left out."""
    from seimbang.imaging.files import write_atomic
    from seimbang.serving.rows import read_file, read_rows, with_predictions

    tables, found, failed = [], [], None
    for file in files:
        try:
            table = read_file(file)
            said = read_rows(predictor, table)[1]
            found += [(f"{file}, row {row}", one) for row, one in zip(table.index, said, strict=True)]
            tables.append(table)
        except SeimbangError as error:
            progress.complain(f"{file}: {error}")
            failed = error
    if out is None:
        progress.table("Predictions", ("row", *SAID), [(row, *_cells(one)) for row, one in found])
    elif found:
        write_atomic(out, with_predictions(tables, [one for _, one in found]))
        progress.say(f"Wrote {out}: {len(found):,} rows with their predictions")
    if failed:
        raise typer.Exit(failed.exit_code)


def _cells(found: "Prediction") -> tuple[str, str, str]:
    return found.label, f"{found.confidence:.4f}", found.label_tuned or ""


@app.command(epilog="Example: seimbang serve runs/pneumonia --port 8600")
def serve(run: Run, port: int | None = None, arm: OneArm = None, browser: bool = True) -> None:
    """Open the web page of a run on this computer; Ctrl-C stops it."""
    from seimbang.serving.server import serve as serve_page

    serve_page(run, port, arm, browser)


@app.command(epilog="Example: seimbang doctor")
def doctor() -> None:
    """Say what this machine offers: versions, cores, number formats, extras."""
    from seimbang.runs.inspect import machine

    progress.table("This machine", ("what", "found"), machine())


def _root(data: Path | None) -> Path:
    return data if data is not None else Path("data")


def _bytes(path: Path) -> bytes:
    from seimbang.errors import ImageError

    try:
        return path.read_bytes()
    except OSError as error:
        found = f"{path} cannot be read ({error.strerror})"
        raise ImageError("IMG_MISSING", found, "a PNG or JPEG file", "check the path") from error


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False) -> None:
    """Which way of treating class imbalance really helps, and will the model work in another hospital?"""
    if show:
        progress.say(f"seimbang {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; every error a user can cause ends in one line and the exit code of its kind."""
    # Threads that spin while they wait make training several times slower as soon as another program runs.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        app()
    except SeimbangError as error:
        progress.complain(str(error))
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        progress.complain("Stopped. What is finished is kept: the same command goes on from there.")
        sys.exit(130)
    except MemoryError:
        progress.complain(str(ResourceError("MEMORY", "too little memory", "more", "use smaller images or --quick")))
        sys.exit(ResourceError.exit_code)
    except Exception as error:
        progress.complain(
            f"A fault of seimbang itself ({type(error).__name__}: {error}). Please report it with {_kept()}"
        )
        sys.exit(1)


def _kept() -> str:
    """Write what happened where, for a report of the fault, and return the file's path."""
    with tempfile.NamedTemporaryFile("w", prefix="seimbang-", suffix=".log", delete=False) as file:
        traceback.print_exc(file=file)
    return file.name


if __name__ == "__main__":
    main()
