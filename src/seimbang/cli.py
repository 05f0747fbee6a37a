"""The command line: one short function a command, which parses and hands over to ``commands.py``."""

import os
import shlex
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from seimbang import __version__, progress
from seimbang.arguments import Command
from seimbang.errors import ResourceError, SeimbangError, StudyError
from seimbang.serving.door import TOKEN
from seimbang.text import Language

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Which way of treating class imbalance really helps, and will the model work in another hospital?",
)
Data = Annotated[Path | None, typer.Option("--data", envvar="SEIMBANG_DATA", help="Folder the data paths start from.")]
Out = Annotated[Path | None, typer.Option("--out", help="Run folder; by default runs/<study>.")]
Quick = Annotated[bool, typer.Option("--quick", help="A rough answer in about a minute; the forecast says more.")]
Arms = Annotated[list[str] | None, typer.Option("--arm", help="Only this arm; again for each further one.")]
OneArm = Annotated[str | None, typer.Option("--arm", help="Only this arm.")]
OneSeed = Annotated[int | None, typer.Option("--seed", help="Only the model of this seed; by default all together.")]
Predicted = Annotated[Path | None, typer.Option("--out", help="For tables: CSV to write, with predictions added.")]
Local = Annotated[Path | None, typer.Option("--profile", help="A local profile, as adapt writes it.")]


def _json_only(context: typer.Context, wanted: bool) -> bool:
    """Leave standard output to the facts until the command ends."""
    context.with_resource(progress.json_only(wanted))
    return wanted


Json = Annotated[
    bool,
    typer.Option("--json", callback=_json_only, help="Print facts as JSON; all else goes to standard error."),
]
"""Of commands that print facts; its callback is all that it does."""
Run = Annotated[Path, typer.Argument(help="A run folder.")]
Workers = Annotated[
    int | None,
    typer.Option("--workers", help="Jobs at once; by default what fits this machine. 0 only prepares the run."),
]
Lang = Annotated[Language, typer.Option("--lang", help="Language of the report.")]
On = Annotated[str, typer.Option("--on", help="Who does the jobs: here, or ray for a Ray cluster.")]
Address = Annotated[str, typer.Option("--address", help="Address of a running Ray cluster.")]


def _commands() -> Any:
    """Load what commands need when one is called: ``--help`` answers without."""
    from seimbang import commands

    return commands


@app.command(epilog="Example: seimbang demo")
def demo(out: Out = None, quick: Quick = False, workers: Workers = None, lang: Lang = "en") -> None:
    """Run the built-in study on synthetic images: no data, no network."""
    _commands().run("phantom", _root(None), out or Path("runs/demo"), (), quick, _options(workers, language=lang))


@app.command(epilog="Example: seimbang studies")
def studies(as_json: Json = False) -> None:
    """List the studies that come with seimbang."""
    _commands().studies()


@app.command(epilog="Example: seimbang init chest_xray --positive pneumonia   or   seimbang init list.csv --label dx")
def init(
    data: Annotated[Path, typer.Argument(help="A folder, zip, CSV, Excel, npz or npy file.")],
    label: Annotated[str, typer.Option("--label", help="Column with the class; of several labels, the one.")] = "",
    positive: Annotated[str, typer.Option("--positive", help="The class that matters.")] = "",
    group: Annotated[str, typer.Option("--group", help="Column with the patient; of files: folder or name.")] = "",
    path: Annotated[str, typer.Option("--path", help="Folder with the images that a list names.")] = "",
    out: Annotated[Path, typer.Option("--out", help="Study file to write.")] = Path("study.toml"),
) -> None:
    """Look at data of any kind and write a commented study file for them; what they do not say is asked."""
    _commands().init(data, out, {"label": label, "positive": positive, "group": group, "path": path})


@app.command(epilog="Example: seimbang check my_study.toml --data ~/data")
def check(study: str, data: Data = None, as_json: Json = False) -> None:
    """Check a study file: all mistakes at once, and, where the data are there, what would stop a run."""
    _commands().check(study, _root(data))


@app.command(epilog="Example: seimbang audit chest_xray   or   seimbang audit pneumonia --data ~/data --shuffle-labels")
def audit(
    what: Annotated[str, typer.Argument(help="A folder, CSV, npz or study.")],
    data: Data = None,
    shuffle_labels: Annotated[
        bool, typer.Option("--shuffle-labels", help="Also run the study with shuffled labels: no arm may score.")
    ] = False,
    quick: Quick = False,
    as_json: Json = False,
) -> None:
    """Look for leaks and faults in data, or in data as a study divides them; exit code 3 when something leaks."""
    if _commands().audit(what, _root(data), shuffle_labels, quick):
        raise typer.Exit(3)


@app.command(epilog="Example: seimbang run pneumonia --data ~/data --quick")
def run(
    study: str,
    data: Data = None,
    arm: Arms = None,
    quick: Quick = False,
    out: Out = None,
    workers: Workers = None,
    on: On = "here",
    address: Address = "",
    without_test: Annotated[
        bool, typer.Option("--without-test", help="Train and validate only; run it again without this to test.")
    ] = False,
    lang: Lang = "en",
    show: Annotated[bool, typer.Option("--open", help="Open the report in the browser at the end.")] = False,
) -> None:
    """Run a study, or what is left of it after an interruption, and write its report."""
    options = _options(workers, on, address, without_test, lang)
    _commands().run(study, _root(data), out or _default_out(study, quick), tuple(arm or ()), quick, options, show)


@app.command(epilog="Example: seimbang run kidney --workers 0   and then, on many machines: seimbang work runs/kidney")
def work(run: Run, data: Data = None) -> None:
    """Do free jobs of a run that was prepared, until none is left; the last one to leave writes the report."""
    _commands().work(run, data)


@app.command(epilog="Example: seimbang ablate my_study.toml --arm none --data ~/data")
def ablate(
    study: str,
    arm: Annotated[str, typer.Option("--arm", help="The arm to take apart.")],
    data: Data = None,
    quick: Quick = False,
    out: Out = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Run an arm with each step of image preparation switched off alone, and say what each is worth."""
    _commands().ablate(study, _root(data), out or _default_out(study, quick), arm, quick, _options(workers))


@app.command(epilog="Example: seimbang report runs/pneumonia")
def report(
    run: Run,
    lang: Lang = "en",
    accept_edits: Annotated[
        bool, typer.Option("--accept-edits", help="Accept files changed by hand; the report then says so on top.")
    ] = False,
) -> None:
    """Write the report of a run folder again, also in another language."""
    _commands().report(run, lang, accept_edits)


@app.command(epilog="Example: seimbang paper runs/pneumonia --out pneumonia_paper")
def paper(
    run: Run,
    out: Annotated[Path | None, typer.Option("--out", help="Folder to write; by default paper/<run>.")] = None,
) -> None:
    """Write text, tables, figures, references, checklists and a model card of a run, ready for a journal."""
    _commands().paper(run, out or Path("paper") / run.name)


@app.command(epilog="Example: seimbang review --splits splits.csv --predictions predictions.csv --claims claims.toml")
def review(
    splits: Annotated[Path, typer.Option("--splits", help="Table with the part of each case.")],
    predictions: Annotated[Path, typer.Option("--predictions", help="Table with probabilities of each case.")],
    images: Annotated[Path | None, typer.Option("--images", help="Folder with the images.")] = None,
    claims: Annotated[Path | None, typer.Option("--claims", help="TOML file with the figures as published.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder to write the review to.")] = Path("review"),
    as_json: Json = False,
) -> None:
    """Review a split and predictions: leaks, every figure recomputed, claims; exit code 3 when something leaks."""
    if _commands().review(splits, predictions, images, claims, out):
        raise typer.Exit(3)


@app.command(epilog="Example: seimbang compare runs/pneumonia runs/pneumonia-densenet")
def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write the page and the table to.")] = Path("compare"),
    as_json: Json = False,
) -> None:
    """Set runs beside each other in one table and page; ranked only where all were tested on the same cases."""
    _commands().compare(runs, out)


@app.command(epilog="Example: seimbang capsule runs/pneumonia")
def capsule(
    run: Run,
    out: Annotated[Path | None, typer.Option("--out", help="Zip file to write; by default <run>.capsule.zip.")] = None,
    as_json: Json = False,
) -> None:
    """Pack a run into one zip without images: study, splits, digests, versions, seeds, predictions and figures."""
    _commands().capsule(run, out)


@app.command(epilog="Example: seimbang reproduce pneumonia.capsule.zip --data ~/data")
def reproduce(
    capsule: Annotated[Path, typer.Argument(help="A zip file, as capsule writes it.")],
    data: Data = None,
    out: Annotated[Path | None, typer.Option("--out", help="Run folder; by default runs/<capsule>-again.")] = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Run a capsule again and say which figures moved; exit code 5 when one left its interval."""
    name = capsule.name.split(".")[0]
    if _commands().reproduce(capsule, _root(data), out or Path("runs") / f"{name}-again", workers):
        raise typer.Exit(5)


@app.command(epilog="Example: seimbang predict runs/pneumonia new_films   or   seimbang predict runs/hdi rows.csv")
def predict(
    run: Run,
    files: list[Path],
    arm: OneArm = None,
    out: Predicted = None,
    profile: Local = None,
    as_json: Json = False,
) -> None:
    """Classify images, folders of them, or rows of CSV or Excel files, with the arm best on validation (or another)."""
    code = _commands().predict(run, files, arm, out, profile)
    if code:
        raise typer.Exit(code)


@app.command(epilog="Example: seimbang adapt runs/pneumonia our_films --out our_hospital.json")
def adapt(
    run: Run,
    cases: Annotated[Path, typer.Argument(help="Cases of your own with their classes, as init takes them.")],
    arm: OneArm = None,
    group: Annotated[str, typer.Option("--group", help="Column with the patient; of files: folder or name.")] = "",
    out: Annotated[Path, typer.Option("--out", help="Profile to write.")] = Path("profile.json"),
    width: Annotated[float, typer.Option("--width", min=0.005, max=0.5, help="± of the intervals wanted.")] = 0.05,
    as_json: Json = False,
) -> None:
    """Check a model on cases of your own: its figures, how many cases that takes, and a profile adapted to them."""
    _commands().adapt(run, cases, arm, group, out, width)


@app.command(epilog="Example: seimbang serve runs/pneumonia --port 8600   or   seimbang serve runs/pneumonia --api")
def serve(
    run: Run,
    port: int | None = None,
    arm: OneArm = None,
    browser: bool = True,
    seed: OneSeed = None,
    api: Annotated[bool, typer.Option("--api", help="A REST service for other programs instead of the page.")] = False,
    host: Annotated[str, typer.Option(help="With --api: address to listen at; others than this need a token.")] = "",
    token: Annotated[str, typer.Option(envvar=TOKEN, help="With --api: what callers must send.")] = "",
    onnx: Annotated[Path | None, typer.Option(help="With --api: exported file that predicts.")] = None,
    profile: Local = None,
) -> None:
    """Open the web page of a run on this computer, or its REST service; Ctrl-C stops it."""
    one = "" if seed is None else str(seed)
    if api:
        settings = _commands().Api(host or "127.0.0.1", token, onnx, profile)
        _commands().serve_api(run, port, arm, one, settings)
        return
    if host or onnx:
        raise StudyError("SERVE_API", "--host or --onnx without --api", "the page on this computer alone", "add --api")
    _commands().serve(run, port, arm, browser, one, profile)


@app.command(epilog="Example: seimbang export runs/pneumonia --data ~/data")
def export(
    run: Run,
    data: Data = None,
    arm: OneArm = None,
    seed: OneSeed = None,
    out: Annotated[Path | None, typer.Option("--out", help="ONNX file to write; by default <run>-<arm>.onnx.")] = None,
    as_json: Json = False,
) -> None:
    """Write a trained arm as one ONNX file, with a certificate that it predicts the same."""
    _commands().export(run, data, arm, "" if seed is None else str(seed), out)


@app.command(epilog="Example: seimbang watch runs/pneumonia --dicomweb http://127.0.0.1:8042/dicom-web")
def watch(
    run: Run,
    dicomweb: Annotated[str, typer.Option("--dicomweb", help="Address of the archive's DICOMweb service.")],
    since: Annotated[str, typer.Option(help="Studies from this date on, YYYYMMDD, today or all.")] = "today",
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 10.0,
    once: Annotated[bool, typer.Option("--once", help="Look once, and end.")] = False,
    arm: OneArm = None,
) -> None:
    """Classify new studies of an image archive (PACS) and store reports there; research use only."""
    _commands().watch(run, dicomweb, arm, since, every, once)


@app.command(epilog="Example: seimbang doctor")
def doctor(as_json: Json = False) -> None:
    """Say what this machine offers: versions, cores, number formats, extras."""
    _commands().doctor()


def _options(
    workers: int | None, on: str = "here", address: str = "", without_test: bool = False, language: Language = "en"
) -> Any:
    return _commands().options(workers, on, address, without_test, language)


def _default_out(study: str, quick: bool) -> Path:
    return Path("runs") / f"{Path(study).stem}{'-quick' if quick else ''}"


def _root(data: Path | None) -> Path:
    return data if data is not None else Path("data")


for registered in app.registered_commands:
    registered.cls = Command


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
        progress.complain(f"Stopped. What is finished is kept; the same command goes on from there: {_command()}")
        sys.exit(130)
    except MemoryError:
        progress.complain(str(ResourceError("MEMORY", "too little memory", "more", "use smaller images or --quick")))
        sys.exit(ResourceError.exit_code)
    except Exception as error:
        progress.complain(f"Internal error ({type(error).__name__}: {error}). Please report it with {_kept()}")
        sys.exit(1)


def _command() -> str:
    """Return the command line as it can be typed again."""
    return shlex.join(["seimbang", *sys.argv[1:]])


def _kept() -> str:
    """Write what happened where, for a report of the fault, and return the file's path."""
    with tempfile.NamedTemporaryFile("w", prefix="seimbang-", suffix=".log", delete=False) as file:
        traceback.print_exc(file=file)
    return file.name


if __name__ == "__main__":
    main()
