"""Tables in the forms that hospitals and programs write, and what must be understood of each; nothing foreign.

python tests/intake/make_tables.py FOLDER          # to look at them
"""

import csv
import datetime
import io
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import Workbook

N = 24
AGE = [31 + (7 * k) % 50 for k in range(N)]
DOSE = [1.5 + 0.25 * ((5 * k) % 13) for k in range(N)]
COST = [900 + 137.5 * ((11 * k) % N) for k in range(N)]
SEX = ["male" if k % 3 else "female" for k in range(N)]
LABEL = ["ill" if k % 4 == 0 else "well" for k in range(N)]
PATIENT = [f"p{k // 2}" for k in range(N)]
PART = ["test" if k // 2 % 4 == 0 else "train" for k in range(N)]
COUNTS = {"well": 18, "ill": 6}


@dataclass(frozen=True)
class Table:
    """A file, what its reading must say, and its contents: ``values`` is the sum of all numbers that models see."""

    name: str
    content: bytes
    values: float
    numbers: tuple[str, ...] = ("age", "dose")
    categories: tuple[str, ...] = ("sex",)
    counts: dict[str, int] = field(default_factory=lambda: COUNTS)
    patients: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    said: str = ""
    keys: dict[str, object] = field(default_factory=dict)


def text(rows, separator=",", encoding="utf-8", quoting=csv.QUOTE_MINIMAL):
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=separator, quoting=quoting, lineterminator="\n").writerows(rows)
    return file.getvalue().encode(encoding)


def workbook(**sheets):
    book, file = Workbook(), io.BytesIO()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
    book.save(file)
    return file.getvalue()


def comma(number, digits=2):
    return f"{number:.{digits}f}".replace(".", ",")


def rows(dose=DOSE, age=AGE, sex=SEX, label=LABEL, names=("id", "age", "dose", "sex", "label")):
    """Return the names, then the cases."""
    return [names, *zip([f"c{k:02}" for k in range(N)], age, dose, sex, label, strict=True)]


def with_column(table, name, values, at=3):
    return [[*row[:at], new, *row[at:]] for row, new in zip(table, [name, *values], strict=True)]


BOTH = sum(AGE) + sum(DOSE)
COMMAS = [comma(dose) for dose in DOSE]
COSTS = BOTH + sum(COST)
GERMAN = {"said": "decimal commas (as in 1,5): dose"}


def separators():
    yield Table("plain.csv", text(rows()), BOTH, said="UTF-8, with commas")
    yield Table("semicolon.csv", text(rows(COMMAS), ";"), BOTH, **GERMAN)
    yield Table("tab.tsv", text(rows(), "\t"), BOTH, said="with tabs")
    yield Table("bar.txt", text(rows(), "|"), BOTH, said="with bars")
    yield Table("upper.CSV", text(rows(COMMAS), ";", quoting=csv.QUOTE_ALL), BOTH, **GERMAN)
    yield Table("told.csv", b"sep=;\n" + text(rows(COMMAS), ";"), BOTH, said="names in row 2")
    yield Table("quoted_comma.csv", text(rows(COMMAS)), BOTH, **GERMAN)
    yield Table("carriage.csv", text(rows()).replace(b"\n", b"\r\n"), BOTH)
    yield Table("trailing.csv", text([[*row, ""] for row in rows()]), BOTH)


def encodings():
    words = ["männlich" if k % 3 else "weiblich" for k in range(N)]
    german = rows(COMMAS, sex=words, names=("id", "age", "größe", "Geschlecht", "label"))
    expected = {"numbers": ("age", "größe"), "categories": ("Geschlecht",)}
    yield Table("mark.csv", text(rows(), encoding="utf-8-sig"), BOTH, said="UTF-8, with commas")
    yield Table("utf16.csv", text(german, "\t", "utf-16"), BOTH, said="UTF-16, with tabs", **expected)
    yield Table("cp1252.csv", text(german, ";", "cp1252"), BOTH, said="CP1252", **expected)
    yield Table("latin1.csv", text(german, ";", "latin-1"), BOTH, said="CP1252", **expected)
    russian = rows(COMMAS, sex=["мужской" if k % 3 else "женский" for k in range(N)])
    yield Table("cp1251.csv", text(russian, ";", "cp1251"), BOTH, said="CP1251")


def numbers():
    seen = {"numbers": ("age", "dose", "cost")}
    english = with_column(rows(), "cost", [f"{cost:,.2f}" for cost in COST])
    points = [f"{cost:,.2f}".translate(str.maketrans(",.", ".,")) for cost in COST]
    yield Table("thousands_comma.csv", text(english), COSTS, said="1,000.5): cost", **seen)
    yield Table("thousands_point.csv", text(with_column(rows(COMMAS), "cost", points), ";"), COSTS, **seen)
    spaced = [f"{cost:,.2f}".translate(str.maketrans(",.", "\u00a0,")) for cost in COST]
    yield Table("thousands_space.csv", text(with_column(rows(COMMAS), "cost", spaced), ";"), COSTS, **seen)
    swiss = [f"{cost:,.2f}".replace(",", "'") for cost in COST]
    yield Table("thousands_apostrophe.csv", text(with_column(rows(), "cost", swiss), ";"), COSTS, **seen)
    whole = [f"{int(cost):,}".replace(",", ".") for cost in COST]
    total = BOTH + sum(map(int, COST))
    yield Table("by_the_rest.csv", text(with_column(rows(COMMAS), "cost", whole), ";"), total, **seen)
    three = [f"{1.125 + dose:.3f}" for dose in DOSE]
    total = sum(AGE) + sum(map(float, three))
    yield Table("three_decimals.csv", text(rows(three)), total)
    yield Table(
        "unsure.csv",
        text(rows(three), "\t"),
        total,
        said="Not sure in dose: '2.625' in row 2, which may be 2625 or 2.625, is read with decimal = '.'",
        keys={"decimal": "."},
    )
    marks = ("NA", "-", "#N/A", "?", ".", "n/a", "None", "")
    gaps = [mark if k < len(marks) else dose for k, (mark, dose) in enumerate(zip([*marks] * 3, DOSE, strict=True))]
    total = sum(AGE) + sum(DOSE[len(marks) :])
    yield Table("missing.csv", text(rows(gaps)), total, said="Missing values: #N/A - . ? NA None n/a and")


def layouts():
    titles = [["Hospital of the town"], [], ["Exported 2024-01-31, by ward"], []]
    yield Table("titles.csv", b"# made by a program, v1.2\n\n" + text(titles + rows()), BOTH, said="names in row 7")
    yield Table("index.csv", text([[str(k - 1) if k else "", *row] for k, row in enumerate(rows())]), BOTH)
    notes = [f'seen on "ward {k % 5}",\nno {k}' for k in range(N)]
    yield Table("notes.csv", text(with_column(rows(), "note", notes)), BOTH, said="note (free text)")
    units = [rows()[0], ("", "years", "mg", "", ""), *rows()[1:]]
    joined = ("age years", "dose mg")
    yield Table("units.csv", text(units), BOTH, numbers=joined, said="rows 1 and 2, joined")
    bare = [[age, dose, sex, label] for _, age, dose, sex, label in rows()[1:]]
    nameless = {"numbers": ("column 1", "column 2"), "categories": ("column 3",), "said": "no names"}
    yield Table("no_names.csv", text(bare), BOTH, **nameless)
    iso = [(datetime.date(2024, 1, 1) + datetime.timedelta(days=3 * k)).isoformat() for k in range(N)]
    yield Table("iso_dates.csv", text(with_column(rows(), "seen", iso)), BOTH, said="seen (dates")
    first = [f"{1 + k % 28:02}/{1 + k % 12:02}/2024" for k in range(N)]
    yield Table("day_first.csv", text(with_column(rows(), "seen", first)), BOTH, said="seen (dates")
    compact = [f"2024{1 + k % 12:02}{1 + k % 28:02}" for k in range(N)]
    yield Table("dicom_dates.csv", text(with_column(rows(), "StudyDate", compact)), BOTH, said="StudyDate (dates")
    yield Table("empty_column.csv", text(with_column(rows(), "later", ["NA"] * N)), BOTH, said="later (no value)")
    limits = ["<0.5" if k == 3 else dose + k for k, dose in enumerate(DOSE)]
    yield Table("limits.csv", text(with_column(rows(), "crp", limits)), BOTH, said="such as '<0.5' in row 5")


def roles():
    signs = ["+" if k % 4 == 0 else "-" for k in range(N)]
    yield Table("signs.csv", text(rows(label=signs)), BOTH, counts={"+": 6, "-": 18})
    table = with_column(rows(names=("id", "age", "dose", "sex", "dx")), "patient_id", PATIENT, 1)
    group = {"group": {"from": "column", "column": "patient_id"}, "label_column": "dx"}
    yield Table("patients.csv", text(table), BOTH, patients=12, keys=group)
    table = with_column(with_column(rows(), "usage", PART), "subject", PATIENT)
    parts = {"train": PART.count("train"), "test": PART.count("test")}
    yield Table("parts.csv", text(table), BOTH, patients=12, parts=parts, keys={"split_column": "usage"})
    names = ["data latih" if part == "train" else "Uji" for part in PART]
    yield Table("bagian.csv", text(with_column(rows(), "bagian", names)), BOTH, parts=parts)
    spelt = [name.title() if k % 3 == 0 else name for k, name in enumerate(LABEL)]
    yield Table("spellings.csv", text(rows(label=spelt)), BOTH, counts={"well": 18, "ill": 6})
    repeated = [[patient, *row[1:]] for patient, row in zip(["id", *PATIENT], rows(), strict=True)]
    yield Table("id_repeats.csv", text(repeated), BOTH, patients=12, keys={"id_column": ""})
    folds = with_column(rows(), "split", [str(k % 5) for k in range(N)])
    yield Table("folds.csv", text(folds), BOTH, keys={"split_column": ""}, said="'split' does not name parts")
    first = [[row[4], *row[1:4], row[0]] for row in rows(names=("id", "age", "dose", "sex", "kelas"))]
    yield Table("class_first.csv", text(first), BOTH, keys={"label_column": "kelas"})
    unnamed = rows(names=("id", "age", "dose", "sex", "what"))
    yield Table("class_by_levels.csv", text(unnamed), BOTH, keys={"label_column": "what"})
    table = with_column(rows(names=("id", "age", "dose", "sex", "what")), "fold", [str(k % 5) for k in range(N)], 5)
    yield Table("class_before_folds.csv", text(table), BOTH, keys={"label_column": "what"})
    table = [[row[0], row[1], row[2], row[4], row[3]] for row in rows(names=("id", "age", "dose", "sex", "what"))]
    yield Table("class_before_sex.csv", text(table), BOTH, keys={"label_column": "what"})
    numeric = [row[:3] for row in rows()]
    middle = sorted(DOSE)[N // 2 - 1 : N // 2 + 1]
    low = sum(dose < sum(middle) / 2 for dose in DOSE)
    halves = {"counts": {"low": low, "high": N - low}, "numbers": ("age",), "categories": ()}
    yield Table("no_class.csv", text(numeric), sum(AGE), said="low below its median", **halves)


def workbooks():
    titles = [["Hospital of the town", None, None], [], ["Exported", datetime.date(2024, 1, 31)], []]
    yield Table("titles.xlsx", workbook(Data=[*titles, *rows()]), BOTH, said="names in row 5")
    heads = [("id", "Patient", None, "sex", "label"), (None, "age", "dose", None, None)]
    joined = ("Patient age", "Patient dose")
    yield Table("merged.xlsx", workbook(Data=[*heads, *rows()[1:]]), BOTH, numbers=joined, said="rows 1 and 2, joined")
    notes = [["about", "x"], ["made by", "us"]]
    sheets = workbook(Legend=notes, Cases=rows(), Empty=[])
    yield Table("sheets.xlsx", sheets, BOTH, said="sheets (Legend)", keys={"sheet": "Cases"})
    yield Table("texts.xlsx", workbook(Data=rows(COMMAS, [str(age) for age in AGE])), BOTH, said="stored as text")
    mixed = [comma(dose) if k % 2 else dose for k, dose in enumerate(DOSE)]
    yield Table("half_texts.xlsx", workbook(Data=rows(mixed)), BOTH, **GERMAN)
    days = [datetime.datetime(2024, 1, 1) + datetime.timedelta(days=3 * k) for k in range(N)]
    yield Table("dates.xlsx", workbook(Data=with_column(rows(), "seen", days)), BOTH, said="seen (dates")
    gaps = [[], *(row for case in rows() for row in (case, []))]
    yield Table("gaps.xlsx", workbook(Data=gaps), BOTH, said="names in row 2")
    yield Table("workbook.csv", workbook(Data=rows()), BOTH, said="the sheet 'Data'")


def tables():
    """Return every table that must be understood."""
    makers = (separators, encodings, numbers, layouts, roles, workbooks)
    return [table for maker in makers for table in maker()]


def damaged_sheet():
    """Return a workbook, sound as a zip, whose sheet ends in the middle."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(Data=rows()))) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[: len(content) // 2] if name.startswith("xl/worksheets/") else content)
    return made.getvalue()


def hopeless():
    """Return name, content and code of files that no table can be read from."""
    unfinished = rows(label=["", "", *LABEL[2:]])
    utf8, latin = ("männlich,größe,süß\n".encode(encoding) for encoding in ("utf-8", "cp1252"))
    return [
        ("empty.csv", b"", "DATA_EMPTY"),
        ("blank.csv", b"\n\n \n", "DATA_EMPTY"),
        ("names_only.csv", text(rows()[:1]), "DATA_EMPTY"),
        ("binary.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 9, "DATA_CSV"),
        ("nul.csv", text(rows()).replace(b"c20", b"c\x0020"), "DATA_CSV"),
        ("prose.txt", b"Dear colleague,\nthe films are on the way.\nWith kind regards\n", "DATA_CSV"),
        ("short_row.csv", text([*rows(), ("c99", 1, 2)]), "DATA_CSV"),
        ("long_row.csv", text([*rows(), ("c99", 1, 2, "male", "ill", 7)]), "DATA_CSV"),
        ("open_quote.csv", text(rows()).replace(b"c03", b'"c03'), "DATA_CSV"),
        ("two_encodings.csv", utf8 * 5 + latin + utf8 * 5, "DATA_ENCODING"),
        ("two_marks.csv", text(rows(["1,5", "2.5", *DOSE[2:]]), ";"), "DATA_DECIMAL"),
        ("slip.csv", text(rows(["2,525", *DOSE[1:]])), "DATA_DECIMAL"),
        ("twice.csv", text(rows(names=("id", "age", "age", "sex", "label"))), "DATA_COLUMN"),
        ("no_features.csv", text([(row[0], row[4]) for row in rows()]), "DATA_COLUMN"),
        (
            "all_missing.csv",
            text([(row[0], "" if k else "dose", row[4]) for k, row in enumerate(rows())]),
            "DATA_COLUMN",
        ),
        ("no_label.csv", text(unfinished), "DATA_LABEL_MISSING"),
        ("one_class.csv", text(rows(label=["ill"] * N)[:9]), "DATA_ONE_CLASS"),
        ("password.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "DATA_EXCEL"),
        ("damaged.xlsx", workbook(Data=rows())[:2000], "DATA_EXCEL"),
        ("damaged_sheet.xlsx", damaged_sheet(), "DATA_EXCEL"),
        ("text.xlsx", text(rows()), "DATA_EXCEL"),
        ("empty.xlsx", workbook(Data=[]), "DATA_EMPTY"),
        ("formula.xlsx", workbook(Data=[*rows(), ("c99", "=B2*2", 1, "male", "ill")]), "DATA_FORMULA"),
    ]


if __name__ == "__main__":
    for made in tables():
        (Path(sys.argv[1]) / made.name).write_bytes(made.content)
    for name, content, _ in hopeless():
        (Path(sys.argv[1]) / f"hopeless_{name}").write_bytes(content)
