"""Starting and stopping the web page: Streamlit in a process of its own, hardened for a hospital's computer."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import seimbang
from seimbang.errors import ResourceError
from seimbang.progress import say
from seimbang.record.choice import find_arm
from seimbang.record.contents import read
from seimbang.record.package import read_package
from seimbang.record.profile import read_profile

HOST = "127.0.0.1"
NAMES = (HOST, "localhost")  # any other name, which a foreign page may have made to point here, is refused
USUAL_PORT = 8501
APP = Path(__file__).parent / "app.py"
OPTIONS = {
    "server.address": HOST,
    "server.headless": "true",
    "server.enableCORS": "true",
    "server.enableXsrfProtection": "true",
    "server.enableStaticServing": "false",
    "server.enableAgentApi": "false",
    "server.maxUploadSize": "20",
    "server.maxMessageSize": "50",
    "server.disconnectedSessionTTL": "60",  # a closed page's upload leaves the memory after a minute
    "server.fileWatcherType": "none",
    "server.runOnSave": "false",
    "browser.gatherUsageStats": "false",
    "browser.serverAddress": HOST,
    "client.showErrorDetails": "none",
    "client.showErrorLinks": "false",
    "client.toolbarMode": "minimal",
    "runner.magicEnabled": "false",
    "logger.level": "error",
    "logger.enableRich": "false",
    "logger.hideWelcomeMessage": "true",
    "global.developmentMode": "false",
    "theme.base": "light",
    "theme.primaryColor": "#0b5c7a",
    "theme.backgroundColor": "#ffffff",
    "theme.secondaryBackgroundColor": "#eef3f5",
    "theme.textColor": "#000000",  # captions are this at 60 %, which must still be legible
    "theme.baseRadius": "small",
    "theme.headingFontSizes": '["1.9rem", "1.5rem", "1.2rem"]',
    "ui.hideTopBar": "true",
}


def serve(
    run: Path, port: int | None, arm: str | None, open_browser: bool, seed: str = "", profile: Path | None = None
) -> None:
    """Show the page of ``run`` until Ctrl-C.

    Args:
        run: A run folder.
        port: Port on this machine; None takes 8501 or, where that is taken, a free one.
        arm: Name of the arm that predicts; None takes the best one.
        open_browser: Whether to open the page in the browser as soon as it answers.
        seed: The one whose model alone predicts; ``""`` for those of all seeds together.
        profile: File of a local profile.

    Raises:
        ResourceError: ``EXTRA_MISSING``, ``PORT_TAKEN`` or ``SERVER_STOPPED``.
        IntegrityError: The run is not finished, its models are not as they were saved, or the profile is not theirs.
        StudyError: ``ARM_UNKNOWN`` or ``SEED_UNKNOWN``.
    """
    slug = find_arm(run, arm)
    _require(run, slug, seed, profile)
    port = _free_port(port)
    address = f"http://{HOST}:{port}"
    with _stopped_in_the_end(), _started(command(run, port, slug, seed, profile)) as page:
        try:
            if _answers(page, port):
                say(f"The page of {run} is at {address} (Ctrl-C stops it)")
                if open_browser:
                    webbrowser.open(address)
            page.wait()
        except KeyboardInterrupt:
            return
        finally:
            _stop(page)
    found = f"the page's server ended with code {page.returncode}"
    raise ResourceError("SERVER_STOPPED", found, "that it runs until Ctrl-C", "read the lines above; try another port")


def _require(run: Path, slug: str, seed: str, profile: Path | None) -> None:
    """Check all that the page needs before its server is started."""
    if importlib.util.find_spec("streamlit") is None:
        fix = "pip install 'seimbang[app]'"
        raise ResourceError("EXTRA_MISSING", "no package streamlit", "the page's packages", fix)
    read(run, slug, seed)
    read_package(run / "arms" / slug)
    if profile:
        read_profile(profile, run / "arms" / slug, seed)


def command(run: Path, port: int, arm: str, seed: str = "", profile: Path | None = None) -> list[str]:
    """Return the command line of the page's server; ``arm`` is the name of the arm's folder."""
    options = [f"--{name}={value}" for name, value in OPTIONS.items()]
    options += [f"--server.allowedHosts={name}" for name in NAMES]
    start = [sys.executable, "-m", "streamlit", "run", str(APP), f"--server.port={port}"]
    chosen = [seed, str(profile.resolve())] if profile else [seed] if seed else []
    return [*start, *options, "--", str(run.resolve()), arm, *chosen]


def _started(words: list[str]) -> subprocess.Popen[bytes]:
    """Start the server out of reach of Ctrl-C, at which it would print a traceback; ``serve`` ends it."""
    return subprocess.Popen(words, env=_environment(), cwd=APP.parent, start_new_session=True)


def _environment() -> dict[str, str]:
    """Return the environment of the server: none of the user's Streamlit settings, and this seimbang importable."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    paths = [str(Path(seimbang.__file__).parents[1]), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


def _free_port(port: int | None) -> int:
    """Return ``port``, or for None the usual or any other free one.

    Raises:
        ResourceError: ``PORT_TAKEN``.
    """
    for wanted in (port,) if port is not None else (USUAL_PORT, 0):
        with socket.socket() as probe:
            if os.name == "posix":  # elsewhere this option would let two servers share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, wanted))
            except (OSError, OverflowError):
                continue
            return int(probe.getsockname()[1])
    raise ResourceError("PORT_TAKEN", f"port {port} in use or not allowed", "a free port", "choose another: --port")


def _answers(page: subprocess.Popen[bytes], port: int, seconds: float = 60) -> bool:
    """Wait until the server answers; False when it ended instead or took too long."""
    end = time.monotonic() + seconds
    while page.poll() is None and time.monotonic() < end:
        try:
            with socket.create_connection((HOST, port), timeout=2):
                return True
        except OSError:
            time.sleep(0.1)
    return False


@contextmanager
def _stopped_in_the_end() -> Iterator[None]:
    """Make SIGTERM and a closed terminal end the page as Ctrl-C does, so that no server is left behind."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    kept = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores SIGHUP
    before = {number: signal.signal(number, interrupt) for number in kept}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(page: subprocess.Popen[bytes]) -> None:
    page.terminate()
    try:
        page.wait(timeout=5)
    except subprocess.TimeoutExpired:
        page.kill()
