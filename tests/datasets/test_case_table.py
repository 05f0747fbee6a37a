"""The table of cases checks what it is given and does not depend on the order of the files."""

import pandas as pd
import pytest

from seimbang.datasets.base import CaseTable
from seimbang.errors import DataError


def rows(**extra):
    return pd.DataFrame({"case_id": ["c", "a", "b"], "label": ["sick", "well", "well"], **extra})


def test_is_sorted_and_puts_the_rarest_class_last():
    cases = CaseTable.build(rows())
    assert cases.frame.case_id.tolist() == ["a", "b", "c"]
    assert cases.classes == ("well", "sick")
    assert cases.y.tolist() == [0, 0, 1]
    assert CaseTable.build(rows(), positive="well").classes == ("sick", "well")


def test_a_case_without_patient_is_its_own():
    cases = CaseTable.build(rows(group=["p", "p", ""]))
    assert cases.groups.tolist() == ["p", "case:b", "p"]
    assert cases.has_groups
    assert not CaseTable.build(rows()).has_groups


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (rows().iloc[:0], "DATA_EMPTY"),
        (rows().iloc[1:], "DATA_ONE_CLASS"),
        (rows().assign(case_id="a"), "DATA_DUPLICATE_ID"),
    ],
)
def test_refuses(table, code):
    with pytest.raises(DataError) as caught:
        CaseTable.build(table)
    assert caught.value.code == code
    assert "To fix it" in str(caught.value)
