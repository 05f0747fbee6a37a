"""CheXpert's labels, 1, 0, -1 and nothing: what -1 counts as is said in the study and counted in the report."""

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from seimbang.checks import audit
from seimbang.datasets import load, make
from seimbang.datasets.base import tally
from seimbang.datasets.intake import understand
from seimbang.errors import DataError, StudyError
from seimbang.imaging.base import ImageSettings

CELLS = ["1.0", "0.0", "", "-1.0", "1", "0", "-1", ""]
EDEMA = {
    "drop": {"Edema": 2, "no Edema": 4},
    "positive": {"Edema": 4, "no Edema": 4},
    "negative": {"Edema": 2, "no Edema": 6},
}
LEFT = {"drop": [("", "FILE_UNSURE", 2)], "positive": [], "negative": []}
COUNTED = {
    "drop": [],
    "positive": [("Edema", "FILE_UNCERTAIN", 2)],
    "negative": [("no Edema", "FILE_UNCERTAIN", 2)],
}


def read(folder, label, columns=("Edema",), cells=CELLS, **data):
    """Return the data set of images with these cells, the same in each of the columns."""
    lines = [",".join(["path", "age", *columns])]
    for number, cell in enumerate(cells):
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        lines.append(f"{number}.png,{40 + number},{','.join([cell] * len(columns))}")
    (folder / "list.csv").write_text("\n".join(lines))
    return load(make({"source": "csv", "path": "list.csv", "label": label, **data}), ImageSettings(size=(8, 8)), folder)


@pytest.mark.parametrize("policy", EDEMA)
@pytest.mark.parametrize("data", [{}, {"features": ["age"], "id_column": "path"}], ids=["images", "table"])
def test_each_policy_counts_as_it_says(policy, data, tmp_path):
    made = read(tmp_path, {"columns": ["Edema"], "uncertain": policy}, **data)
    assert Counter(made.cases.frame.label) == EDEMA[policy]
    assert tally(made.left_out) == LEFT[policy]
    assert tally(made.noted) == COUNTED[policy]
    said = " ".join(finding.sentence for finding in audit(made))
    assert (
        f"2 {'FILE_UNSURE' if policy == 'drop' else 'FILE_UNCERTAIN'} (its label is neither affirmed nor denied" in said
    )


@pytest.mark.parametrize("policy", EDEMA)
def test_one_of_several_columns_and_every_finding(policy, tmp_path):
    label = {"columns": ["Edema", "Mass"], "uncertain": policy}
    assert Counter(read(tmp_path, label | {"contains": "Edema"}, ("Edema", "Mass")).cases.frame.label) == EDEMA[policy]
    settings = make({"source": "csv", "path": "list.csv", "label": label, "findings": "all"})
    assert settings.of_finding("Mass").label.uncertain == policy
    made = load(settings.of_finding("Mass"), ImageSettings(size=(8, 8)), tmp_path)
    assert Counter(made.cases.frame.label).total() == sum(EDEMA[policy].values())


def test_columns_of_which_one_is_1(tmp_path):
    for policy, counts in (("drop", {"A": 2, "B": 1}), ("negative", {"A": 3, "B": 1})):
        lines = ["n,A,B", "1,1,0", "2,0,1", "3,1,", "4,1,-1"]
        (tmp_path / "list.csv").write_text("\n".join(lines))
        label = {"columns": ["A", "B"], "uncertain": policy}
        settings = make({"source": "csv", "path": "list.csv", "features": ["n"], "id_column": "", "label": label})
        assert Counter(load(settings, ImageSettings(), tmp_path).cases.frame.label) == counts
    settings = make(settings.model_dump(mode="json", exclude_none=True) | {"label": label | {"uncertain": "positive"}})
    with pytest.raises(DataError, match=r"DATA_LABEL_COLUMNS.*row 5"):
        load(settings, ImageSettings(), tmp_path)


def test_another_policy_is_refused_by_name():
    with pytest.raises(StudyError, match=r"'drop', 'positive' or 'negative'"):
        make({"source": "csv", "path": "list.csv", "label": {"columns": ["A"], "uncertain": "ignore"}})


def test_a_first_study_says_what_is_done_with_them(tmp_path):
    read(tmp_path, {"columns": ["Edema"]})
    understood = understand(tmp_path / "list.csv")
    assert understood.data["label"]["uncertain"] == "drop"
    assert any('uncertain = "positive"' in line for line in understood.understood)
    read(tmp_path, {"columns": ["Edema"]}, cells=["1", "0", "", "1", "0"])
    assert "uncertain" not in understand(tmp_path / "list.csv").data["label"]
