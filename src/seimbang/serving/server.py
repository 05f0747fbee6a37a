"""Starting and stopping the web page and the REST service: each in a process of its own, hardened for a hospital."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import seimbang
from seimbang.errors import ResourceError, StudyError
from seimbang.progress import say
from seimbang.record.arm import Package
from seimbang.record.choice import find_arm
from seimbang.record.contents import read
from seimbang.record.package import read_package, served_alone
from seimbang.record.profile import read_profile
from seimbang.serving.door import LOOPBACK, TOKEN
from seimbang.serving.extras import require
from seimbang.serving.onnx.session import OnnxClassifier

HOST = "127.0.0.1"
USUAL_PORT = 8501


@dataclass(frozen=True)
class Api:
    """For whom the REST service is, and with what it answers.

    Attributes:
        host: Address or name at which it listens.
        token: What callers must send; ``""`` for nothing.
        onnx: File that ``seimbang export`` made, which then predicts; None for the models themselves.
        profile: File of a local profile; None for none.
    """

    host: str = HOST
    token: str = ""
    onnx: Path | None = None
    profile: Path | None = None


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
    require("app", "streamlit")
    slug = find_arm(run, arm)
    _checked(run, slug, seed, profile)
    port = _free_port(port)
    _run(command(run, port, slug, seed, profile), f"The page of {run}", (HOST, port), {}, open_browser)


def serve_api(run: Path, port: int | None, arm: str | None, seed: str, api: Api) -> None:
    """Answer other programs until Ctrl-C.

    Args:
        run: A run folder.
        port: As for the page.
        arm: Name of the arm that predicts; None takes the best one.
        seed: The one whose model alone predicts; ``""`` for those of all seeds together.
        api: For whom, and with what.

    Raises:
        StudyError: ``SERVE_TOKEN``: others than this computer would be answered without a token; ``ONNX_OTHER``; and
            what ``serve`` raises.
        ResourceError: As of ``serve``.
        IntegrityError: As of ``serve``; ``ONNX_DIGEST``.
    """
    require("api", "fastapi", "uvicorn", "python_multipart")
    if api.host not in LOOPBACK and not api.token:
        fix = f"set {TOKEN} to a long random text, and send it as Authorization: Bearer TOKEN"
        raise StudyError("SERVE_TOKEN", f"--host {api.host} without a token", "a token where others can call it", fix)
    slug = find_arm(run, arm)
    package = _checked(run, slug, seed, api.profile)
    if api.onnx:
        OnnxClassifier.load(api.onnx, package.files, seed)
    port = _free_port(port, api.host)
    files = [str(file.resolve()) if file else "" for file in (api.onnx, api.profile)]
    words = [sys.executable, "-m", "seimbang.serving.api", api.host, str(port), str(run.resolve()), slug, seed, *files]
    _run(words, f"The REST service of {run}", (api.host, port), {TOKEN: api.token})


def _run(
    words: list[str],
    title: str,
    place: tuple[str, int],
    more: Mapping[str, str],
    open_browser: bool = False,
) -> None:
    """Run a server until Ctrl-C.

    Args:
        words: Its command line.
        title: What it is.
        place: Where it listens.
        more: Variables of its environment.
        open_browser: Whether to open it in the browser as soon as it answers.

    Raises:
        ResourceError: ``SERVER_STOPPED``.
    """
    host, port = place
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    with _stopped_in_the_end(), _started(words, more) as server:
        try:
            if _answers(server, host, port):
                say(f"{title} is at {address} (Ctrl-C stops it)")
                if open_browser:
                    webbrowser.open(address)
            server.wait()
        except KeyboardInterrupt:
            return
        finally:
            _stop(server)
    found = f"the server ended with code {server.returncode}"
    raise ResourceError("SERVER_STOPPED", found, "that it runs until Ctrl-C", "read the lines above; try another port")


def _checked(run: Path, slug: str, seed: str, profile: Path | None) -> Package:
    """Return the package of the models that will answer, after all that a server reads has been read once."""
    read(run, slug, seed)
    package = served_alone(read_package(run / "arms" / slug)[0], seed)
    if profile:
        read_profile(profile, run / "arms" / slug, seed)
    return package


def command(run: Path, port: int, arm: str, seed: str = "", profile: Path | None = None) -> list[str]:
    """Return the command line of the page's server; ``arm`` is the name of the arm's folder."""
    place = str(profile.resolve()) if profile else ""
    return [sys.executable, "-m", "seimbang.serving.page_server", str(port), str(run.resolve()), arm, seed, place]


def _started(words: list[str], more: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the server out of reach of Ctrl-C, at which it would print a traceback; ``serve`` ends it."""
    folder, settings = Path(__file__).parent, {**_environment(), **more}
    return subprocess.Popen(words, env=settings, cwd=folder, start_new_session=True, stdin=subprocess.PIPE)


def end_with_starter() -> None:
    """End this process, started by ``serve``, when that is gone, even killed: its end of our standard input closes."""

    def watch() -> None:
        os.read(0, 1)
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _environment() -> dict[str, str]:
    """Return the environment of the server: none of the user's Streamlit settings, and this seimbang importable."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREAMLIT_")}
    paths = [str(Path(seimbang.__file__).parents[1]), *filter(None, [kept.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(paths)}


def _free_port(port: int | None, host: str = HOST) -> int:
    """Return ``port``, or for None the usual or any other free one.

    Raises:
        ResourceError: ``PORT_TAKEN``.
    """
    for wanted in (port,) if port is not None else (USUAL_PORT, 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            if os.name == "posix":  # elsewhere this option would let two servers share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, wanted))
            except (OSError, OverflowError):
                continue
            return int(probe.getsockname()[1])
    raise ResourceError("PORT_TAKEN", f"port {port} in use or not allowed", "a free port", "choose another: --port")


def _answers(page: subprocess.Popen[bytes], host: str, port: int, seconds: float = 60) -> bool:
    """Wait until the server answers; False when it ended instead or took too long."""
    end = time.monotonic() + seconds
    while page.poll() is None and time.monotonic() < end:
        try:
            with socket.create_connection((host, port), timeout=2):
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
