"""The table of metrics in docs/statistics.md is that of METRICS."""

import metric_table


def test_every_metric_is_in_the_page():
    text = metric_table.PAGE.read_text(encoding="utf-8")
    assert text == metric_table.page(text), "docs/statistics.md is old: run  python tests/docs/metric_table.py"
