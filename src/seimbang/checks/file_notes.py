"""Files that could not be read, that are left out, that a class loses, or that are used although something is wrong."""

from collections import Counter
from collections.abc import Callable, Sequence

from seimbang.checks.base import CheckResult, merge, plural
from seimbang.checks.evidence import Evidence
from seimbang.datasets.base import LOST, REASONS, Dataset, FileNote, tally

MAX_LOST = 0.05
"""A class that loses a larger share of its files is named."""

NEAR = 3
"""Of at most so many files it is said which other one may be meant."""

ALPHA = 0.01
"""So is one that loses more than the other classes do, by Fisher's exact test at this level."""


def unreadable(evidence: Evidence) -> CheckResult | None:
    """Files that could not be read, by reason, in the internal data and in the external sets."""
    return _each(evidence, _unreadable)


def left_out(evidence: Evidence) -> CheckResult | None:
    """Every other file below the root that is not used, by class and reason."""
    return _each(evidence, _left_out)


def lost(evidence: Evidence) -> CheckResult | None:
    """Classes that lose many of their files, or more of them than other classes do."""
    return _each(evidence, _lost)


def noted(evidence: Evidence) -> CheckResult | None:
    """Files that are used although something is wrong with them, by class and reason."""
    return _each(evidence, _noted)


def stretched(evidence: Evidence) -> CheckResult | None:
    """Classes that have more, or fewer, images of more than 8 bits, which are read otherwise than those of 8 bits."""
    data = evidence.data
    files = [note for note in data.noted if note.code == "IMG_STRETCHED"]
    deep, every = Counter(note.label for note in files), Counter(data.cases.frame.label)
    if not any(_unequal(name, deep, every) for name in data.cases.classes):
        return None
    shares = ", ".join(f"{name} {deep[name]:,} of {every[name]:,}" for name in data.cases.classes)
    sentence = (
        "Images of more than 8 bits are stretched, each by its own values; those of 8 bits are not. Classes have "
        f"unequally many of them ({shares}), so that a model could tell the classes by how they were read."
    )
    return CheckResult(sentence, [file.path for file in files], len(files))


def _unequal(name: str, some: Counter[str], every: Counter[str]) -> bool:
    """Tell whether the share of some files is another one in a class than in the others together."""
    if not some:
        return False
    from scipy.stats import fisher_exact

    here, there = some[name], some.total() - some[name]
    table = [[here, every[name] - here], [there, every.total() - every[name] - there]]
    return bool(fisher_exact(table).pvalue < ALPHA)


def class_names(evidence: Evidence) -> CheckResult | None:
    """Classes that are spelt in several ways."""
    return _each(evidence, _class_names)


def _each(evidence: Evidence, check: Callable[[str, Dataset], CheckResult | None]) -> CheckResult | None:
    sets = {"": evidence.data, **{f" of the external set {name}": data for name, data in evidence.external.items()}}
    return merge(check(of, data) for of, data in sets.items())


def _unreadable(of: str, data: Dataset) -> CheckResult | None:
    files = [note for note in data.left_out if note.code.startswith("IMG_")]
    verb = "is" if len(files) == 1 else "are"
    return _said(files, f"{plural(len(files), 'file')}{of} could not be read and {verb} excluded")


def _left_out(of: str, data: Dataset) -> CheckResult | None:
    files = [note for note in data.left_out if not note.code.startswith("IMG_")]
    verb = "is" if len(files) == 1 else "are"
    return _said(files, f"{plural(len(files), 'file')}{of} {verb} left out")


def _noted(of: str, data: Dataset) -> CheckResult | None:
    verb = "is" if len(data.noted) == 1 else "are"
    return _said(data.noted, f"{plural(len(data.noted), 'file')}{of} {verb} used although not as it should be")


def _said(files: Sequence[FileNote], start: str) -> CheckResult | None:
    if not files:
        return None
    by_class: dict[str, list[str]] = {}
    for label, code, count in tally(files):
        by_class.setdefault(label or "in no class", []).append(f"{count:,} {code} ({REASONS[code]})")
    listing = "; ".join(f"{label}: {', '.join(reasons)}" for label, reasons in by_class.items())
    near = [f" {file.path}: {file.message}" for file in files if "did you mean" in file.message]
    return CheckResult(f"{start}. {listing}.{''.join(near[:NEAR])}", [file.path for file in files], len(files))


def _lost(of: str, data: Dataset) -> CheckResult | None:
    used = Counter(data.cases.frame.label)
    gone = Counter(note.label for note in data.left_out if note.code in LOST and note.label)
    classes = [name for name in data.cases.classes if used[name] + gone[name]]
    named = [name for name in classes if _loses_much(name, used, gone)]
    if not named:
        return None
    shares = "; ".join(_of_all(name, used, gone) for name in classes)
    sentence = (
        f"Of the files{of} that should be cases, classes lose unequally or many: {shares}. What a class keeps may be "
        "unlike what it loses; see which files, and why, in the table of files left out."
    )
    files = [note.path for note in data.left_out if note.code in LOST and note.label in named]
    return CheckResult(sentence, files, len(named))


def _of_all(name: str, used: Counter[str], gone: Counter[str]) -> str:
    return f"{name} {gone[name]:,} of {used[name] + gone[name]:,} ({100 * _share(name, used, gone):.1f} %)"


def _share(name: str, used: Counter[str], gone: Counter[str]) -> float:
    return gone[name] / (used[name] + gone[name])


def _loses_much(name: str, used: Counter[str], gone: Counter[str]) -> bool:
    """Tell whether a class loses over 5 % of its files, or more than the others together do."""
    if not gone[name]:
        return False
    if _share(name, used, gone) > MAX_LOST:
        return True
    from scipy.stats import fisher_exact

    table = [[gone[name], used[name]], [gone.total() - gone[name], used.total() - used[name]]]
    return bool(fisher_exact(table, alternative="greater").pvalue < ALPHA)


def _class_names(of: str, data: Dataset) -> CheckResult | None:
    if not data.cases.spellings:
        return None
    spelt = data.cases.spellings.items()
    sentences = [f"The class {name!r}{of} is spelt {_listed(names)}: taken as one class." for name, names in spelt]
    return CheckResult(" ".join(sentences), (), len(sentences))


def _listed(names: dict[str, int]) -> str:
    return ", ".join(f"{name!r} {count:,} {'time' if count == 1 else 'times'}" for name, count in names.items())
