"""What holds for all tests: the programs that they start hear Ctrl-C, whoever started the tests."""

import signal


def pytest_configure():
    """Let signals reach the children where the tests themselves ignore them, as under nohup or in the background.

    A child inherits that a signal is ignored, but not a handler; so one that does nothing takes its place.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
