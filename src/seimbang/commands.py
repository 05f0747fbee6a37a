"""What each command does once it is parsed: call, and print."""

import shlex
import shutil
import sys
import webbrowser
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import count
from pathlib import Path

from seimbang import progress
from seimbang.checks import leaks
from seimbang.datasets.intake.base import Hints
from seimbang.errors import DataError, SeimbangError, StudyError, first_few
from seimbang.imaging.files import write_atomic
from seimbang.record.base import dump
from seimbang.record.choice import find_arm
from seimbang.record.over_findings import BELOW, runs_of_findings
from seimbang.record.seal import sealed
from seimbang.reports import several
from seimbang.reports.over_findings import write_table
from seimbang.reports.paper.folder import write_paper
from seimbang.reports.report import write_report
from seimbang.reports.reproduction import moved, told
from seimbang.reports.review import verdict
from seimbang.reports.tables import title
from seimbang.runs import ablation, over_findings
from seimbang.runs.accepted import accept
from seimbang.runs.adapt import look
from seimbang.runs.adapt import profile as make_profile
from seimbang.runs.compared_cases import compared_cases
from seimbang.runs.executors import Options, options
from seimbang.runs.file_table import show_sets
from seimbang.runs.inspect import inspect, machine, rehearse
from seimbang.runs.reproduce import FILE as REPRODUCTION
from seimbang.runs.reproduce import capsule_of
from seimbang.runs.reproduce import reproduce as run_again
from seimbang.runs.review import review as review_files
from seimbang.runs.run import run as run_study
from seimbang.runs.run import work as work_on
from seimbang.runs.shuffle import shuffled_labels
from seimbang.serving.many import doubt, predict_images, reason, tables_in
from seimbang.serving.onnx.export import export as export_arm
from seimbang.serving.predictor import Prediction, Predictor
from seimbang.serving.rows import read_file, read_rows, with_predictions
from seimbang.serving.server import Api
from seimbang.serving.server import serve as serve_page
from seimbang.serving.server import serve_api as start_api
from seimbang.study.draft import NONE, answered, draft, open_questions
from seimbang.study.load import load, shipped
from seimbang.text import Language

__all__ = ["Api", "options"]
NAMED = 6
"""At most this many cases are named below a finding; ``audit.json`` and the report name more."""
COLUMNS = ("class", "confidence", "class at the tuned threshold", "answer")


def studies() -> None:
    """List the shipped studies."""
    every = shipped()
    facts = {
        name: {
            "question": study.question,
            "cost": study.cost,
            "published": [{"arm": entry.arm, **entry.figures} for entry in study.published],
        }
        for name, study in every.items()
    }
    progress.facts(dump(facts))
    rows = []
    for name, study in every.items():
        results = (f"{entry.arm}: {key} {value}" for entry in study.published for key, value in entry.figures.items())
        rows.append((name, study.question, study.cost, next(results, "none: built in")))
    progress.table("Studies", ("name", "question", "cost", "published"), rows)


def init(path: Path, out: Path, said: Mapping[str, str]) -> None:
    """Write a study file for data: what they do not say is asked, or where nobody can be asked, guessed.

    Raises:
        StudyError: STUDY_EXISTS.
        DataError: The data cannot be read, whatever a study says of them.
    """
    if out.exists():
        fix = f"choose another name: seimbang init {path} --out {_free_name(out)}"
        raise StudyError("STUDY_EXISTS", f"{out} already there", "a new file", fix)
    hints = Hints(**said)
    made = draft(path, hints)
    settled = set[str]()
    while progress.interactive() and (questions := [q for q in open_questions(made, hints) if q.key not in settled]):
        question = questions[0]
        named = {name or NONE: name for name in (question.chosen, *question.others)}
        hints = answered(hints, question, named[progress.choose(question.question, list(named))])
        settled.add(question.key)
        made = draft(path, hints)
    write_atomic(out, made.text)
    if made.data:
        show_sets({"": made.data})
    root = _short(made.path.parent)
    doubts = [f"{guess.key} = {guess.chosen!r}" for guess in open_questions(made, hints) if guess.key not in settled]
    if made.fault:
        doubts.insert(0, str(made.fault))
    if made.data and made.data.kind == "image" and not made.data.cases.has_groups:
        doubts.append("group, as no patients are known")
    progress.say(f"Understood: {made.counted} in {path}. {' '.join(made.understanding.understood)}".strip())
    progress.say(f"Look at: {'; '.join(doubts) or 'the comments'} in {out}")
    progress.say(
        f"Next: {_line('check', out)}   then   {_line('audit', out, root)}   then   {_line('run', out, root)} --quick"
    )


def _line(command: str, study: Path, root: str = "") -> str:
    """Return a command as it is typed."""
    return shlex.join(["seimbang", command, str(study), *(["--data", root] if root else [])])


def _short(folder: Path) -> str:
    """Return a folder as it is called from here."""
    here = Path.cwd()
    return str(folder.relative_to(here)) if folder.is_relative_to(here) else str(folder)


def _free_name(out: Path) -> Path:
    """Return a name beside ``out`` that is not taken."""
    return next(name for k in count(2) if not (name := out.with_name(f"{out.stem}-{k}{out.suffix}")).exists())


def check(study: str, root: Path) -> None:
    """Check a study file, and where its data are there, whether a run would stop."""
    whole = load(study)
    arms = [arm.name for arm in whole.arm]
    try:
        said = rehearse(whole, root)
    except DataError as error:
        if error.code != "DATA_MISSING":
            raise
        said = [f"Its data were not looked at: {error.found}; say where they are with --data."]
    progress.facts(dump({"study": study, "arms": arms, "said": said}))
    progress.say(" ".join([f"{study} is in order: {len(arms)} arm(s), {', '.join(arms)}.", *said]))


def audit(what: str, root: Path, shuffle_labels: bool, quick: bool) -> bool:
    """Print the findings of an audit; return whether something leaks."""
    findings = inspect(what, root)
    if shuffle_labels:
        findings += shuffled_labels(load(what), root, quick)
    progress.facts(dump(findings))
    for finding in findings:
        where = f"[{finding.protocol}] " if finding.protocol else ""
        style = "bold red" if finding.severity == "leak" else None
        progress.say(f"{finding.severity:<8}{finding.code:<22}{where}{finding.sentence}", style)
        if finding.cases and finding.severity != "info":
            progress.say(f"{'':<30}{first_few(finding.cases, NAMED)}")
    return bool(leaks(findings))


def run(
    study: str, root: Path, out: Path, arms: tuple[str, ...], quick: bool, options: Options, show: bool = False
) -> None:
    """Run a study, and those it names in ``then``; ``show`` opens each report in the browser."""
    first = load(study)
    every = {out: first} | {out.with_name(f"{out.name}-{Path(name).stem}"): load(name) for name in first.then}
    program = "seimbang" if shutil.which("seimbang") else sys.argv[0]
    for folder, one in every.items():
        many = bool(one.data.findings_in(root))
        report = (over_findings.run if many else run_study)(one, root, folder, arms, quick, options=options)
        place = f"{folder / BELOW}/FINDING" if many else str(folder)
        if options.workers == 0:
            progress.say(f"Prepared {folder}. Now, as often as you like: {program} work {place}")
            continue
        progress.say(f"Report: {report.resolve()}")
        if show:
            webbrowser.open(report.resolve().as_uri())
        progress.say(f"Page for the clinic: {program} serve {place}")


def work(run: Path, root: Path | None) -> None:
    """Do free jobs of a run."""
    report = work_on(run, root)
    done = "No job is left; another process writes the report."
    progress.say(f"Report: {report.resolve()}" if report else done)


def ablate(study: str, root: Path, out: Path, arm: str, quick: bool, options: Options) -> None:
    """Print what each step of ``[image]`` is worth."""
    rows = ablation.ablate(load(study), root, out, arm, quick, options)
    progress.facts(dump({"rows": rows}))
    columns = ("arm", "set", "without", "balanced accuracy", "lost without it", "corrected p")
    progress.table("Each step of [image] switched off alone", columns, ablation.lines(rows))


def report(run: Path, language: Language, accept_edits: bool) -> None:
    """Write a report again, of a study over findings its table; with ``accept_edits`` of files changed by hand."""
    if accept_edits:
        by_hand = accept(run)
        progress.say(f"Changed by hand and accepted: {', '.join(by_hand) or 'nothing'}")
    written = (write_table if runs_of_findings(run) else write_report)(run, language)
    progress.say(f"Report: {written.resolve()}")


def paper(run: Path, out: Path) -> None:
    """Write a paper's folder and print how far the checklists are filled in."""
    made = write_paper(run, out)
    for checklist in made.checklists:
        progress.say(checklist.summary)
    if not made.documents:
        progress.say("No Word files: pip install 'seimbang[paper]' writes them too.")
    progress.say(f"Paper: {out.resolve()}")


def review(splits: Path, predictions: Path, images: Path | None, claims: Path | None, out: Path) -> bool:
    """Review what was handed in and print the verdict; return whether something leaks."""
    made = review_files(splits, predictions, images, claims, out)
    progress.facts(dump(made))
    for sentence in verdict(made):
        progress.say(sentence)
    progress.say(f"Review: {(out / 'review.html').resolve()}")
    return bool(leaks(made.findings))


def compare(runs: Sequence[Path], out: Path) -> None:
    """Print runs beside each other, and write the page and the table."""
    made = several.several(runs)
    for name, content in several.files(made).items():
        write_atomic(out / name, content)
    progress.facts(dump(made))
    progress.table("Runs beside each other", several.columns(made), several.lines(made))
    for sentence in several.told(made):
        progress.note(sentence)
    progress.note(f"Page: {(out / 'compare.html').resolve()}")


def capsule(run: Path, out: Path | None) -> None:
    """Pack a run."""
    file, content = out or Path(f"{run.resolve().name}.capsule.zip"), capsule_of(run)
    write_atomic(file, content)
    digest = sha256(content).hexdigest()
    progress.facts(dump({"file": str(file), "bytes": len(content), "sha256": digest}))
    said = f"{len(content):,} bytes, no images; it names the cases and patients as the run does"
    progress.say(f"Wrote {file}: {said}, sha256 {digest}")
    progress.say(f"Run it again, anywhere: {shlex.join(['seimbang', 'reproduce', str(file)])} --data ROOT")


def reproduce(capsule: Path, root: Path, out: Path, workers: int | None) -> bool:
    """Run a capsule again and print what moved; return whether a figure left its interval."""
    made = run_again(capsule, root, out, workers)
    progress.facts(dump(made))
    for sentence in told(made):
        progress.say(sentence)
    rows = [(one.arm, one.set, one.threshold, one.metric, *moved(one)) for one in made.moved]
    if rows:
        columns = ("arm", "set", "threshold", "figure", "packed", "now", "moved by", "within the interval")
        progress.table("Figures that moved", columns, rows)
    progress.say(f"All figures: {(out / REPRODUCTION).resolve()}")
    return bool(made.outside)


def predict(run: Path, files: Sequence[Path], arm: str | None, out: Path | None, profile: Path | None) -> int:
    """Predict images or the rows of tables; return the exit code: that of the last file with a mistake, or 0.

    Raises:
        StudyError: OUT_TABLE: ``out`` is for the rows of tables.
    """
    predictor = Predictor.load(run / "arms" / find_arm(run, arm), profile=profile or "")
    if note := sealed(run).sentence:
        progress.complain(note)
    if predictor.table is not None:
        return _predict_tables(predictor, files, out)
    if out is not None:
        fix = "leave --out out"
        raise StudyError("OUT_TABLE", "--out for a run of images", "a run of a table, to whose rows it adds", fix)
    rows, code = [], 0
    for image, said in predict_images(predictor, files):
        if isinstance(said, SeimbangError):
            progress.complain(str(said))
            code = said.exit_code
        else:
            rows.append((image, *_cells(said)))
            if said.note:
                progress.say(f"{image}: {said.note}.")
            if not rows[:-1] and doubt(said):
                progress.say(doubt(said))
            if said.advice.answer in ("refused", "refer"):
                progress.say(f"{image}: {reason(said)}")
    if not rows and not code:
        fix = "give a folder with images in it or below it"
        raise DataError("DATA_EMPTY", f"no image in {', '.join(map(str, files))}", "images", fix)
    _show_predictions("image", rows)
    return code


def _show_predictions(case: str, rows: Sequence[tuple[str, ...]]) -> None:
    columns = (case, *COLUMNS)
    progress.facts(dump([dict(zip(columns, row, strict=True)) for row in rows]))
    progress.table("Predictions", columns, rows)


def _predict_tables(predictor: Predictor, files: Sequence[Path], out: Path | None) -> int:
    """Print the predictions of all rows, or write them to ``out``; files with a mistake are named and left out."""
    tables, predictions, code = [], list[tuple[str, Prediction]](), 0
    for file in tables_in(files):
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
        _show_predictions("row", rows)
    elif predictions:
        write_atomic(out, with_predictions(tables, [prediction for _, prediction in predictions]))
        progress.say(f"Wrote {out}: {len(predictions):,} rows with their predictions")
    return code


def _cells(prediction: Prediction) -> tuple[str, str, str, str]:
    cells = prediction.label, f"{prediction.confidence:.6f}", prediction.label_tuned or ""
    return *(prediction.advice.told(cells) or ("", "", "")), str(prediction.advice)


def adapt(run: Path, cases: Path, arm: str | None, group: str, out: Path, half_width: float) -> None:
    """Print the figures of an arm at another place and how many cases it takes, and write a local profile."""
    folder = run / "arms" / find_arm(run, arm)
    local = look(Predictor.load(folder), cases, group)
    people = f"{local.cases.groups:,} patients" if local.data.cases.has_groups else "patients not known (say --group)"
    progress.say(f"{local.data.name}: {len(local.data.cases):,} cases of {people}.")
    for name, wanted in local.needed(half_width).items():
        takes = f"takes {wanted:,} patients of {name}; there are {local.patients[name]:,}"
        progress.say(f"Recall of {name} to within ±{half_width:g} {takes}.")
    as_it_is = [(title(key), str(value)) for key, value in local.figures().items()]
    progress.table("As the model is, on all cases", ("figure", "value"), as_it_is)
    made = make_profile(local, folder)
    rows = [(title(key), str(made.before[key]), str(made.after[key])) for key in made.after]
    progress.table("On the half of the patients that nothing was learned on", ("figure", "as it is", "adapted"), rows)
    needed = local.needed(half_width)
    progress.facts(dump({"figures": local.figures(), "needed": needed, "before": made.before, "after": made.after}))
    progress.say(f"Refused as another kind of case: {made.refused}.")
    if made.at_chance:
        progress.say("The model is not shown to be better than guessing there, and will say so before every answer.")
    write_atomic(out, made.text())
    progress.say(f"Profile: {out}. Use it: {shlex.join(['seimbang', 'predict', str(run)])} FILES --profile {out}")


def serve(run: Path, port: int | None, arm: str | None, browser: bool, seed: str, profile: Path | None) -> None:
    """Open the web page of a run."""
    serve_page(run, port, arm, browser, seed, profile)


def serve_api(run: Path, port: int | None, arm: str | None, seed: str, api: Api) -> None:
    """Answer other programs."""
    start_api(run, port, arm, seed, api)


def export(run: Path, root: Path | None, arm: str | None, seed: str, out: Path | None) -> None:
    """Export an arm and say how it compares."""
    slug = find_arm(run, arm)
    file = out or Path(f"{run.resolve().name}-{slug}.onnx")
    made = export_arm(run / "arms" / slug, seed, compared_cases(run, slug, root), file)
    progress.facts(dump(made))
    said = f"the largest difference on {made.cases:,} {made.part} cases is {made.largest_difference:.1e}, "
    progress.say(f"Wrote {file} and {file.with_suffix('.json')}: {said}{made.class_changes} classes change")
    progress.say(f"Serve it: {shlex.join(['seimbang', 'serve', str(run), '--api', '--onnx', str(file)])}")


def watch(run: Path, url: str, arm: str | None, since: str, every: float, once: bool) -> None:
    """Classify new studies of an archive.

    Raises:
        StudyError: WATCH_SINCE.
    """
    from seimbang.serving.watch import watch as watch_archive

    watch_archive(run, url, arm, _since(since), every, once)


def _since(words: str) -> str:
    """Return the first date of studies as DICOM writes it, or "" for all."""
    if words == "all":
        return ""
    try:
        date = datetime.now().astimezone() if words == "today" else datetime.strptime(words, "%Y%m%d")
    except ValueError as error:
        fix = "write a date such as 20260131"
        raise StudyError("WATCH_SINCE", f"--since {words}", "YYYYMMDD, today or all", fix) from error
    return date.strftime("%Y%m%d")


def doctor() -> None:
    """Print what this machine offers."""
    facts = dict(machine())
    progress.facts(dump(facts))
    progress.table("This machine", ("what", "found"), list(facts.items()))
