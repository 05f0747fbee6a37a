"""An image archive (PACS) over DICOMweb: which studies it has, their images, and storing what was made of them."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol

from seimbang.errors import ImageError, ResourceError, StudyError
from seimbang.serving.extras import require

if TYPE_CHECKING:
    from pydicom import Dataset

PAGE = 100
WAIT = 60.0
USER, PASSWORD = "SEIMBANG_DICOMWEB_USER", "SEIMBANG_DICOMWEB_PASSWORD"


@dataclass(frozen=True)
class Instance:
    """One object of a study."""

    study: str
    series: str
    uid: str
    sop_class: str


class Archive(Protocol):
    """What is asked of an archive; all raise ``ResourceError`` ``ARCHIVE_UNREACHABLE`` or ``ARCHIVE_REFUSED``."""

    def studies(self, since: str) -> dict[str, int]:
        """Return the studies from a date on (``YYYYMMDD``; "" for all), each with its number of objects."""

    def instances(self, study: str) -> list[Instance]:
        """Return the objects of a study."""

    def header(self, instance: Instance) -> Dataset:
        """Return the attributes of an object, without its pixels."""

    def file(self, instance: Instance) -> bytes:
        """Return an object as a DICOM file. ``ImageError`` ``IMG_TRUNCATED`` where it is none."""

    def store(self, made: Sequence[Dataset]) -> None:
        """Store objects; one that is there already stays as it is."""


class DicomWeb:
    """An archive by QIDO-RS, WADO-RS and STOW-RS. User and password are read from the environment, never printed."""

    def __init__(self, url: str) -> None:
        """Prepare, without asking anything yet.

        Raises:
            StudyError: ``ARCHIVE_URL``.
            ResourceError: ``EXTRA_MISSING``.
        """
        if not url.startswith(("http://", "https://")) or "@" in url:
            fix = f"give the address alone; user and password go into {USER} and {PASSWORD}"
            raise StudyError("ARCHIVE_URL", "no address of a DICOMweb service", "http(s)://host:port/path", fix)
        self.url = url.rstrip("/")
        self._client = _client(self.url)

    def studies(self, since: str) -> dict[str, int]:
        """Return the studies from a date on, each with its number of objects (QIDO-RS)."""
        dates = {"StudyDate": f"{since}-"} if since else {}
        rows = self._pages(
            self._client.search_for_studies, fields=["NumberOfStudyRelatedInstances"], search_filters=dates
        )
        return {_value(row, "0020000D"): int(_value(row, "00201208") or 0) for row in rows}

    def instances(self, study: str) -> list[Instance]:
        """Return the objects of a study (QIDO-RS)."""
        rows = self._pages(self._client.search_for_instances, study_instance_uid=study)
        return [
            Instance(study, _value(row, "0020000E"), _value(row, "00080018"), _value(row, "00080016")) for row in rows
        ]

    def header(self, instance: Instance) -> Dataset:
        """Return the attributes of an object, without its pixels (WADO-RS)."""
        from pydicom import Dataset

        where = instance.study, instance.series, instance.uid
        return Dataset.from_json(self._asked(self._client.retrieve_instance_metadata, *where))

    def file(self, instance: Instance) -> bytes:
        """Return an object as a DICOM file (WADO-RS); ``ImageError`` ``IMG_TRUNCATED`` where it is none."""
        where = instance.study, instance.series, instance.uid
        dataset = self._asked(self._client.retrieve_instance, *where, media_types=(("application/dicom", "*"),))
        file = BytesIO()
        try:
            dataset.save_as(file, enforce_file_format=True)
        except Exception as error:
            found = f"object {instance.uid}, which cannot be written as a DICOM file"
            raise ImageError("IMG_TRUNCATED", found, "a whole DICOM object", "send it to the archive again") from error
        return file.getvalue()

    def store(self, made: Sequence[Dataset]) -> None:
        """Store objects (STOW-RS); one that is there already stays as it is."""
        answer = self._asked(self._client.store_instances, list(made))
        for failure in answer.get("FailedSOPSequence", []):
            raise self._refused(f"code {failure.FailureReason:04X} for {failure.ReferencedSOPInstanceUID}")

    def _pages(self, search: Any, **what: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while len(page := self._asked(search, limit=PAGE, offset=len(rows), **what)) == PAGE:
            rows += page
        rows += page
        return rows

    def _asked(self, ask: Any, *what: Any, **how: Any) -> Any:
        from requests import HTTPError, RequestException

        try:
            return ask(*what, **how)
        except HTTPError as error:
            status = 0 if error.response is None else error.response.status_code
            if status >= 500:
                raise self._unreachable(f"status {status}") from error
            raise self._refused(f"status {status}") from error
        except (RequestException, OSError) as error:
            raise self._unreachable(type(error).__name__) from error

    def _unreachable(self, why: str) -> ResourceError:
        fix = "start the archive, or correct --dicomweb"
        return ResourceError("ARCHIVE_UNREACHABLE", f"no answer from {self.url} ({why})", "a DICOMweb service", fix)

    def _refused(self, why: str) -> ResourceError:
        fix = f"allow it in the archive; user and password are read from {USER} and {PASSWORD}"
        return ResourceError("ARCHIVE_REFUSED", f"{self.url} refused ({why})", "search, retrieve and store", fix)


def _client(url: str) -> Any:
    require("pacs", "dicomweb_client", "highdicom", "pydicom")
    from dicomweb_client import DICOMwebClient
    from requests import Session

    logging.getLogger("retrying").setLevel(logging.ERROR)  # it prints where a connection failed
    session = Session()
    session.trust_env = False  # images of patients go to no proxy that a variable names
    if USER in os.environ:
        session.auth = (os.environ[USER], os.environ.get(PASSWORD, ""))
    client = DICOMwebClient(url, session=session, timeout=WAIT)
    client.set_http_retry_params(retry=False)  # watch itself tries again, and says so
    return client


def _value(row: dict[str, Any], tag: str) -> str:
    return str(row.get(tag, {}).get("Value", [""])[0])
