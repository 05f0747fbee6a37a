"""The paper and its tables as LaTeX, with packages of every LaTeX (``texlive-latex-recommended``)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from seimbang.reports.paper.document import Document, Picture, Section
from seimbang.reports.paper.draft import CITED, keys_in
from seimbang.reports.paper.tables import Table
from seimbang.reports.tables import tex

SIGNS = {
    "“": "``",
    "”": "''",
    "’": "'",
    "×": r"$\times$",
    "→": r"$\to$",
    "†": r"$^{\dagger}$",
    "±": r"$\pm$",
    "≥": r"$\ge$",
    "≤": r"$\le$",
    "·": r"$\cdot$",
    "<": "$<$",
    ">": "$>$",
    "…": r"\dots{}",
    '"': "''",
    "|": r"\textbar{}",
    "\u00a0": "~",
    "\u200b": r"\allowbreak{}",
}
BREAK = "\u200b"
"""Where a word may break."""
LONG_WORD = re.compile(r"[\w/.-]{33,}")
LAST = "\u024f"
"""The last letter that LaTeX prints without another font; others are written by their number."""
PREAMBLE = r"""\documentclass[10pt,a4paper]{article}
\usepackage[utf8]{inputenc}
\IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{}
\usepackage[margin=25mm]{geometry}
\usepackage{booktabs,graphicx,longtable,array}
\usepackage[hidelinks]{hyperref}
\emergencystretch=3em
"""
TEXT_WIDTH = 160
"""Millimetres between the margins."""
WIDEST = 28
"""Letters of a line in a column of figures, above which its texts wrap."""
MANY = 6
"""Columns above which a table is set smaller."""
LONG = 30
"""Rows from which a table may break across pages."""


def latex(document: Document) -> str:
    """Return a whole document, to be compiled by pdflatex and bibtex beside its figures and references."""
    body = "\n\n".join(_section(section) for section in document.sections)
    pictures = "\n\n".join(map(_picture, document.pictures))
    tables = "\n\n".join(map(tabular, document.tables))
    parts = [body, tables, pictures, _bibliography(document)]
    inner = "\n\n".join(part for part in parts if part)
    head = f"\\title{{{escape(document.title)}}}\n\\author{{[Authors]}}\n\\date{{}}\n"
    return f"{PREAMBLE}{head}\\begin{{document}}\n\\maketitle\n\n{inner}\n\\end{{document}}\n"


def _bibliography(document: Document) -> str:
    cited = any(keys_in(text) for section in document.sections for text in section.texts)
    return "\\bibliographystyle{unsrt}\n\\bibliography{references}" if cited else ""


def _section(section: Section) -> str:
    subsections = [
        (f"\\subsection{{{escape(title)}}}\n" if title else "") + "\n\n".join(map(paragraph, texts))
        for title, texts in section.parts
    ]
    return "\n\n".join([f"\\section{{{escape(section.title)}}}", *subsections])


def paragraph(text: str) -> str:
    """Return a text with its citations as LaTeX."""
    pieces = CITED.split(text)
    return "".join(
        escape(piece) if k % 2 == 0 else rf"\cite{{{','.join(keys_in(f'[@{piece}]'))}}}"
        for k, piece in enumerate(pieces)
    ).replace(r" \cite", r"~\cite")


def escape(text: str) -> str:
    """Escape text for LaTeX; spaces at its ends stay."""
    text = text.replace("--", f"-{BREAK}-")  # two hyphens, not a dash
    text = LONG_WORD.sub(lambda word: BREAK.join(re.findall(".{1,16}", word[0])), text)
    left, right = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :] if text.strip() else ""
    return left + re.sub(".", _sign, tex(text)) + right


def _sign(match: re.Match[str]) -> str:
    sign = match[0]
    return SIGNS.get(sign, sign if sign <= LAST else f"[U+{ord(sign):04X}]")


def tabular(table: Table) -> str:
    """Return a booktabs table; a long one breaks across pages."""
    columns = _columns(table)
    head = f"{_line(table.header, columns)}\n\\midrule"
    rows = "\n".join(_line(row, columns) for row in table.rows)
    caption = f"\\caption{{{escape(f'{table.caption} {table.note}'.strip())}}}\\label{{tab:{table.name}}}"
    if len(table.rows) > LONG:
        return (
            f"{{\\footnotesize\n\\begin{{longtable}}{{{columns}}}\n{caption}\\\\\n\\toprule\n{head}\n\\endfirsthead\n"
            f"\\toprule\n{head}\n\\endhead\n\\bottomrule\n\\endfoot\n{rows}\n\\end{{longtable}}}}"
        )
    size = r"\scriptsize" if len(table.header) > MANY else r"\footnotesize"
    return (
        f"\\begin{{table}}[htbp]\n{caption}\n\\centering{size}\\setlength{{\\tabcolsep}}{{3pt}}\n"
        f"\\begin{{tabular}}{{{columns}}}\n\\toprule\n{head}\n{rows}\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}"
    )


def _columns(table: Table) -> str:
    """Return the columns: those of long texts wrap, and share what is left of a line."""
    widest = [max(len(str(cell)) for cell in column) for column in zip(table.header, *table.rows, strict=True)]
    figures = [_is_figures(table, k) for k in range(len(widest))]
    wanted = [
        _stacked_width(table, k) if is_figure else min(width, 60)
        for k, (width, is_figure) in enumerate(zip(widest, figures, strict=True))
    ]
    share = 0.78 / max(sum(wanted), 100)
    most = 14 if len(table.header) > MANY else 24
    wraps = [width > most and not is_figure for width, is_figure in zip(widest, figures, strict=True)]
    return "".join(
        rf">{{\raggedright\arraybackslash}}p{{{share * width:.3f}\linewidth}}" if wrap else "c" if is_figure else "l"
        for width, wrap, is_figure in zip(wanted, wraps, figures, strict=True)
    )


def _stacked_width(table: Table, place: int) -> int:
    """Return the longest line of a column of figures, whose intervals are below them."""
    return max(len(line) for row in table.rows for line in re.split(r" \(|; ", row[place]))


def _is_figures(table: Table, place: int) -> bool:
    """Whether a column holds figures, short enough to stand above their intervals."""
    figures = all(re.match(r"[−\d–]|not ", row[place]) for row in table.rows)
    return figures and _stacked_width(table, place) <= WIDEST


def _line(cells: Sequence[str], columns: str) -> str:
    kinds = re.findall(r"p\{[^}]*\}|[lc]", re.sub(r">\{[^}]*\}", "", columns))
    return " & ".join(_cell(cell, kind) for cell, kind in zip(cells, kinds, strict=True)) + r" \\[2pt]"


def _cell(cell: str, kind: str) -> str:
    """Return a cell; a figure stands above its interval, and a head of several words is broken too."""
    value, bracket, interval = cell.partition(" (")
    if kind == "c" and bracket:
        return _stacked([value, *re.split("(?<=;) ", f"({interval}")])
    return _stacked(cell.split(" ", 1)) if kind == "c" and " " in cell and not cell[0].isdigit() else escape(cell)


def _stacked(lines: Sequence[str]) -> str:
    return rf"\begin{{tabular}}[t]{{@{{}}c@{{}}}}{(chr(92) * 2).join(map(escape, lines))}\end{{tabular}}"


def _picture(picture: Picture) -> str:
    width = r"[width=\linewidth]" if picture.millimetres > TEXT_WIDTH else ""
    return (
        f"\\begin{{figure}}[htbp]\n\\centering\n\\includegraphics{width}{{{picture.pdf}}}\n"
        f"\\caption{{{escape(picture.caption)}}}\\label{{fig:{picture.name}}}\n\\end{{figure}}"
    )
