"""A split and predictions as they are handed in with a paper: leaks that these two files alone can show."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
import numpy.typing as npt
import pandas as pd

from seimbang.checks.base import CheckResult, plural_verb

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

MADE = re.compile(
    r"(?:^|[^a-z])(smote|adasyn|synth(?:etic)?|artificial|generated|over_?sampled?|aug(?:mented)?|mixup|gan|copy"
    r"|flip(?:ped)?|mirror(?:ed)?|rot(?:ated?)?)(?=$|[^a-z])",
    re.I,
)
"""What names of synthetic, augmented or copied cases hold."""

CROWD, FEWEST_NAMED = 0.05, 10
"""A name that more cases share is no patient's."""

EVEN, UNEVEN, ALPHA = 1.1, 1.5, 0.01
"""A part is balanced where its largest class is at most ``EVEN`` times its smallest, and the rest is not from
``UNEVEN`` times on, if Fisher's or the chi-squared test tells both apart at this level."""

FEW = 20
"""With fewer test cases no threshold and no balance is judged."""


@dataclass(frozen=True)
class Submission:
    """A split and predictions; all columns but the probabilities hold text.

    Attributes:
        splits: ``case_id, group, label, fold, part``, one row a case and fold, or more where it is in several parts.
        predictions: ``arm, candidate, case_id, fold, seed, set, label, predicted`` and ``p_<class>``; ``candidate`` is
            the epoch or trial and ``predicted`` the class as decided by the authors, both ``""`` where not told.
        classes: The positive one of two is the last.
    """

    splits: pd.DataFrame
    predictions: pd.DataFrame
    classes: tuple[str, ...]

    @property
    def test(self) -> pd.DataFrame:
        """The predictions of test cases."""
        return self.predictions[self.predictions.set == "test"]

    def parts(self) -> Mapping[tuple[str, str], set[str]]:
        """Return the parts of each fold and case; under the fold ``""`` those that it has in any."""
        parts: dict[tuple[str, str], set[str]] = {}
        for fold, case, part in zip(self.splits.fold, self.splits.case_id, self.splits.part, strict=True):
            parts.setdefault((fold, case), set()).add(part)
            parts.setdefault(("", case), set()).add(part)
        return parts

    def planned(self, rows: pd.DataFrame) -> list[set[str]]:
        """Return the parts in which the split has each row of the predictions; none where it has it in no part."""
        parts = self.parts()
        return [
            parts.get((fold, case)) or parts.get(("", case), set())
            for fold, case in zip(rows.fold, rows.case_id, strict=True)
        ]


def case_in_two(submission: Submission) -> CheckResult | None:
    """Cases that the split has in the test part and in another of the same fold."""
    rows = submission.splits
    kinds = rows.assign(test=rows.part == "test").groupby(["fold", "case_id"], sort=False).test.nunique()
    twice = list(dict.fromkeys(case for _, case in kinds.index[kinds > 1]))
    if not twice:
        return None
    return CheckResult(f"{plural_verb(len(twice), 'case')} in the test part and in another.", twice, len(twice))


def patient_alias(submission: Submission) -> CheckResult | None:
    """Patients that are in the test part and in another under ids, or in names of cases, that differ only in form."""
    rows = submission.splits.assign(person=_people(submission.splits))
    people: dict[str, list[str]] = {}
    for _, fold in rows[rows.person != ""].groupby("fold", sort=False):
        test, rest = fold[fold.part == "test"], fold[fold.part != "test"]
        both = set(test.person) & set(rest.person)
        for person, of_person in fold[fold.person.isin(both)].groupby("person"):
            known = set(test.group[test.person == person]) & set(rest.group[rest.person == person]) - {""}
            if not known:
                people.setdefault(str(person), list(of_person.case_id))
    if not people:
        return None
    cases = [case for of_person in people.values() for case in of_person]
    sentence = f"By their names {plural_verb(len(people), 'patient')} in the test part and in another, as {cases[0]!r}."
    return CheckResult(sentence, cases, len(people))


def _people(rows: pd.DataFrame) -> list[str]:
    """Return whom each row is of: the patient's id in one form, or what names of cases begin with; ``""`` unknown."""
    cases = rows.drop_duplicates("case_id")
    known = (cases.group != "").all() and cases.group.nunique() < len(cases)
    if known:
        return [_one_form(name) for name in rows.group]
    names = [re.sub(r"\.[a-z]+$", "", PurePosixPath(case).name.casefold()) for case in cases.case_id]
    for number in (1, 2, 3):
        stems = [_stem(name, number) for name in names]
        counts = pd.Series([stem for stem in stems if stem]).value_counts()
        if len(counts) and counts.max() <= max(FEWEST_NAMED, CROWD * len(names)) and counts.max() > 1:
            of_case = dict(zip(cases.case_id, stems, strict=True))
            return [of_case[case] for case in rows.case_id]
    return [_one_form(name) for name in rows.group]


def _stem(name: str, number: int) -> str:
    """Return a name up to its first, second or third number where more follows, else ``""``."""
    match = re.match(rf"((?:[^0-9]*[0-9]+){{{number}}})[^0-9].*[0-9a-z]$", name)
    return match[1] if match else ""


def _one_form(name: str) -> str:
    """Return an id without case, separators, leading zeros and a last letter: ``P-012b`` is ``p12``."""
    plain = re.sub(r"[^0-9a-z]", "", name.casefold())
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", re.sub(r"(?<=[0-9])[a-z]$", "", plain))


def made_cases(submission: Submission) -> CheckResult | None:
    """Test cases that are, by their names, synthetic, augmented or copies."""
    planned = submission.splits.case_id[submission.splits.part == "test"]
    test = list(dict.fromkeys([*planned, *submission.test.case_id]))
    made = [case for case in test if MADE.search(case)]
    if not made or len(made) == len(test):
        return None
    sentence = f"By their names {plural_verb(len(made), 'test case')} synthetic, augmented or copies, as {made[0]!r}."
    return CheckResult(sentence, made, len(made))


def trained(submission: Submission) -> CheckResult | None:
    """Cases scored as test that the split trains or validates on."""
    rows = submission.test
    wrong = [bool(parts) and "test" not in parts for parts in submission.planned(rows)]
    cases = list(dict.fromkeys(rows.case_id[wrong]))
    if not cases:
        return None
    sentence = f"{plural_verb(len(cases), 'case')} scored as test, but not in the test part of the split."
    return CheckResult(sentence, cases, len(cases))


def dropped(submission: Submission) -> CheckResult | None:
    """Test cases without a prediction."""
    test = set(submission.splits.case_id[submission.splits.part == "test"])
    gone: dict[str, None] = {}
    for _, rows in submission.test.groupby("arm"):
        gone |= dict.fromkeys(sorted(test - set(rows.case_id)))
    if not gone:
        return None
    start = plural_verb(len(gone), "test case", ("has", "have"), f" of {len(test):,}")
    return CheckResult(f"{start} no prediction: the figures are of a chosen part.", list(gone), len(gone))


def relabelled(submission: Submission) -> CheckResult | None:
    """Cases whose class in the predictions is another one than in the split."""
    label = submission.splits.drop_duplicates("case_id").set_index("case_id").label
    rows = submission.predictions
    planned = rows.case_id.map(label).fillna("")
    cases = list(dict.fromkeys(rows.case_id[(planned != "") & (planned != rows.label)]))
    if not cases:
        return None
    sentence = f"{plural_verb(len(cases), 'case', ('has', 'have'))} another class in the predictions than in the split."
    return CheckResult(sentence, cases, len(cases))


def tuned(submission: Submission) -> CheckResult | None:
    """Test cases that serve as validation, or several epochs or trials that only test cases were predicted by."""
    rows = submission.predictions[submission.predictions.set == "validation"]
    wrong = [parts == {"test"} for parts in submission.planned(rows)]
    cases = list(dict.fromkeys(rows.case_id[wrong]))
    if cases:
        verb = ("serves", "serve")
        return CheckResult(f"{plural_verb(len(cases), 'test case', verb)} as validation.", cases, len(cases))
    arms = submission.predictions.groupby("arm")
    for arm, of_arm in ((str(arm), rows) for arm, rows in arms):
        tried = [set(of_arm.candidate[of_arm.set == part]) for part in ("test", "validation")]
        if len(tried[0]) > 1 and len(tried[1]) < 2:
            name = f" of {arm}" if arm else ""
            sentence = (
                f"Test cases were predicted by {len(tried[0])} epochs or trials{name}, validation cases were not: "
            )
            return CheckResult(sentence + "the one reported may have been chosen by the test part.", (), len(tried[0]))
    return None


def evened(submission: Submission) -> CheckResult | None:
    """A test part in which the classes are equally frequent, as they are not in the rest."""
    from scipy.stats import chi2_contingency

    for _, fold in submission.splits.drop_duplicates(["fold", "case_id"]).groupby("fold", sort=False):
        test, rest = (
            fold.label[side].value_counts().reindex(submission.classes, fill_value=0)
            for side in (fold.part == "test", fold.part != "test")
        )
        if test.sum() < FEW or min(test.min(), rest.min()) == 0:
            continue
        even = test.max() / test.min() <= EVEN and rest.max() / rest.min() >= UNEVEN
        if even and chi2_contingency([test, rest]).pvalue < ALPHA:
            shares = ["/".join(f"{count:,}" for count in counts) for counts in (test, rest)]
            sentence = f"The test part is balanced ({', '.join(submission.classes)}: {shares[0]}), the rest is not "
            sentence += f"({shares[1]}): precision and accuracy are not those of patients as they come."
            return CheckResult(sentence, (), int(test.sum()))
    return None


def threshold(submission: Submission) -> CheckResult | None:
    """A threshold other than 0.5 that is the best there is on test cases, and not on validation cases."""
    if len(submission.classes) != 2:
        return None
    cuts = [cut for _, rows in submission.predictions.groupby(["arm", "candidate"]) for cut in _cuts(submission, rows)]
    if not cuts:
        return None
    sentence = (
        f"The threshold {cuts[0][0]} is the one of highest {cuts[0][1]} on the test cases, and nothing shows that "
    )
    return CheckResult(sentence + "it was chosen on validation cases.", (), len(cuts))


def _cuts(submission: Submission, rows: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Yield the thresholds, and by what they are best, that were chosen on the test cases of a fold and seed."""
    positive = submission.classes[-1]
    for _, training in rows.groupby(["fold", "seed"]):
        test, validation = training[training.set == "test"], training[training.set == "validation"]
        if len(test) < FEW or (test.predicted == "").any() or test.label.nunique() < 2:
            continue
        score, decided = test[f"p_{positive}"].to_numpy(np.float64), (test.predicted == positive).to_numpy()
        if decided.all() or not decided.any() or score[~decided].max() >= score[decided].min():
            continue
        low, high = float(score[~decided].max()), float(score[decided].min())
        best = _best(test, positive, low, high)
        elsewhere = _best(validation, positive, low, high) if validation.label.nunique() == 2 else []
        if best and not elsewhere and not low < 0.5 <= high:
            yield f"{(low + high) / 2:.3g}", best[0]


def _best(rows: pd.DataFrame, positive: str, low: float, high: float) -> list[str]:
    """Return by what a threshold between two scores is as good as any."""
    score, truth = rows[f"p_{positive}"].to_numpy(np.float64), (rows.label == positive).to_numpy()
    cuts = np.unique(np.r_[score, 0.0, high, np.nextafter(1.0, 2.0)])
    true, false = _from(score[truth], cuts), _from(score[~truth], cuts)
    by = {
        "balanced accuracy": true / truth.sum() - false / (~truth).sum(),
        "accuracy": true - false,
        "F1": 2 * true / (true + false + truth.sum()),
    }
    here: Flags = (cuts > low) & (cuts <= high)
    return [name for name, values in by.items() if np.isclose(values[here].max(), values.max())]


def _from(score: Floats, cuts: Floats) -> Floats:
    """Return how many scores are at least as high as each cut."""
    return np.asarray(len(score) - np.searchsorted(np.sort(score), cuts), np.float64)
