"""What holds for all tests: programs that they start hear Ctrl-C, and no test reads or writes the user's cache."""

import os
import signal

import pytest


def pytest_configure():
    """Let signals reach the children where the tests themselves ignore them, as under nohup or in the background.

    A child inherits that a signal is ignored, but not a handler; so one that does nothing takes its place.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """One cache for all tests of a session, whichever process they run in."""
    own = tmp_path_factory.getbasetemp()
    with pytest.MonkeyPatch.context() as patch:
        folder = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
        patch.setenv("SEIMBANG_CACHE", str(folder / "cache"))
        yield


@pytest.fixture(scope="session", autouse=True)
def figures_of_the_page_alone():
    """Reports draw no figure as PDF and PNG, which takes longer than most runs here; two tests ask for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seimbang.reports.report.KINDS", ("svg",))
        yield
