"""The page's server, run by Streamlit: ``python -m seimbang.serving.page_server``; ``seimbang serve RUN`` starts it."""

from __future__ import annotations

import base64
import hashlib
import re
import sys
from pathlib import Path

from seimbang.serving.door import LOOPBACK, SECURITY, Door
from seimbang.serving.server import HOST, end_with_starter

APP = Path(__file__).parent / "app.py"
UPLOAD_MB = 20
OPTIONS: dict[str, object] = {
    "server.address": HOST,
    "server.headless": True,
    "server.enableCORS": True,
    "server.enableXsrfProtection": True,
    "server.enableStaticServing": False,
    "server.enableAgentApi": False,
    "server.maxUploadSize": UPLOAD_MB,
    "server.maxMessageSize": 50,
    "server.disconnectedSessionTTL": 60,  # a closed page's upload leaves the memory after a minute
    "server.fileWatcherType": "none",
    "server.runOnSave": False,
    "browser.gatherUsageStats": False,
    "browser.serverAddress": HOST,
    "client.allowedOrigins": [],
    "client.showErrorDetails": "none",
    "client.showErrorLinks": False,
    "client.toolbarMode": "minimal",
    "runner.magicEnabled": False,
    "logger.level": "error",
    "logger.enableRich": False,
    "logger.hideWelcomeMessage": True,
    "global.developmentMode": False,
    "theme.base": "light",
    "theme.primaryColor": "#0b5c7a",
    "theme.backgroundColor": "#ffffff",
    "theme.secondaryBackgroundColor": "#eef3f5",
    "theme.textColor": "#000000",  # captions are this at 60 %, which must still be legible
    "theme.baseRadius": "small",
    "theme.headingFontSizes": ["1.9rem", "1.5rem", "1.2rem"],
    "ui.hideTopBar": True,
}
CLOSED = ("/_stcore/metrics", "/_stcore/agent/openapi.json", "/_stcore/agent/interact", "/_stcore/agent/mcp")
"""Paths of Streamlit that the page does not use."""


def policy(shell: str) -> str:
    """Return the Content-Security-Policy of the page: its own server only, and of inline scripts those in ``shell``.

    Args:
        shell: HTML of Streamlit's page before anything is drawn.
    """
    scripts = re.findall(r"<script>(.*?)</script>", shell, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    return "; ".join(
        (
            "default-src 'none'",
            " ".join(["script-src 'self'", *(f"'sha256-{digest}'" for digest in digests)]),
            "style-src 'self' 'unsafe-inline'",  # Streamlit writes its styles as it draws
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self'",
            "worker-src 'self' blob:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def main(port: str) -> None:
    """Serve until the process is ended; ``app.py`` reads the other words of the command line itself."""
    import streamlit
    from starlette.middleware import Middleware

    end_with_starter()
    shell = Path(streamlit.__file__).parent / "static" / "index.html"
    headers = SECURITY | {"content-security-policy": policy(shell.read_text(encoding="utf-8"))}
    limit = (UPLOAD_MB + 1) * 2**20
    door = Middleware(Door, names=LOOPBACK, limit=limit, closed=CLOSED, headers=headers)
    streamlit.App(APP, middleware=[door]).run(config=OPTIONS | {"server.port": int(port)})


if __name__ == "__main__":
    main(sys.argv.pop(1))
