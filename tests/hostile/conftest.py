"""What ``make hostile`` prints: how many inputs were answered as they must be."""

_ANSWERS = []


def pytest_runtest_logreport(report):
    """Remember how each input of the tables fared."""
    if report.when == "call" and "_has_its_answer[" in report.nodeid:
        _ANSWERS.append(report.passed)


def pytest_terminal_summary(terminalreporter):
    """Say how many of the inputs were answered rightly."""
    if _ANSWERS:
        terminalreporter.write_line(f"hostile inputs: {sum(_ANSWERS)} of {len(_ANSWERS)} right")
