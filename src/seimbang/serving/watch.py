"""Watching an archive: new studies are classified, and a report and heat maps are stored back beside their images.

What is done is known from the archive alone: the UID of a report follows from the model and the images, so a study with
that report needs nothing. Heat maps are stored before it. So neither side loses or doubles anything when it is killed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from seimbang import progress
from seimbang.errors import ImageError, ResourceError, StudyError
from seimbang.explain.overlay import overlay
from seimbang.imaging.files import file_digest
from seimbang.imaging.worker import decode_apart
from seimbang.record.choice import find_arm
from seimbang.record.read import read as read_run
from seimbang.serving.archive import Archive, DicomWeb, Instance
from seimbang.serving.dicom_out import Finding, ModelFacts, report_uid, secondary_capture, structured_report
from seimbang.serving.heat import heat_map, methods
from seimbang.serving.many import remarks
from seimbang.serving.predictor import Predictor

IMAGES = tuple(
    f"1.2.840.10008.5.1.4.1.1.{kind}"
    for kind in (
        "1",
        "1.1",
        "1.1.1",
        "1.2",
        "1.2.1",
        "1.3",
        "1.3.1",
        "2",
        "2.1",
        "4",
        "4.1",
        "3.1",
        "6.1",
        "12.1",
        "20",
    )
)
"""SOP classes of images: CR, DX, mammography, intra-oral, CT, MR, ultrasound, angiography, nuclear medicine. Secondary
captures are none, so no watcher ever classifies a heat map."""
MAPS = 8
"""Images of a study with a heat map: those with the highest probability of the positive class."""
LATER = 3600.0
"""Seconds until a study is tried again of which no report could be made or stored."""
LONGEST = 60.0
"""Seconds between two tries of an archive that does not answer, at most; the first is after one."""


@dataclass
class Reader:
    """A model that reads studies of an archive."""

    archive: Archive
    predictor: Predictor
    model: ModelFacts

    def read(self, images: list[Instance]) -> list[Finding]:
        """Return what the model says of each image of a study, the most suspicious ones with their heat maps."""
        findings = [self._finding(image) for image in images]
        positive = self.predictor.classes[-1]
        answered = [k for k, finding in enumerate(findings) if finding.label]
        first = sorted(answered, key=lambda k: -findings[k].probabilities[positive])[:MAPS]
        for k in first if self.predictor.network is not None else []:
            findings[k] = self._with_map(findings[k], images[k])
        return findings

    def _finding(self, image: Instance) -> Finding:
        header = self.archive.header(image)
        try:
            prediction = self.predictor.predict(self.archive.file(image), image.uid)
        except ImageError as error:
            return Finding(header, "", {}, f"{error.code}: {error.found}")
        remark = " ".join(filter(None, (remarks(prediction), prediction.note)))
        if prediction.advice.refused:
            return Finding(header, "", {}, remark)
        return Finding(header, prediction.label, prediction.probabilities, remark)

    def _with_map(self, finding: Finding, image: Instance) -> Finding:
        network, predictor = self.predictor.network, self.predictor
        assert network is not None
        pixels = decode_apart(self.archive.file(image), predictor.image, image.uid)[0]
        target = predictor.classes.index(finding.label)
        heat = heat_map(network, pixels, target, methods(network, pixels)[0])
        return replace(finding, heat=overlay(pixels, heat, 0.5))


@dataclass
class Watch:
    """What is remembered between two looks at an archive; all of it can be lost without harm.

    Attributes:
        reader: The model and its archive.
        since: First date of studies, ``YYYYMMDD``; "" for all.
        settled: Number of objects of each study that needs nothing while it has just these.
        arriving: Number of objects at the last look of each study that may still be arriving.
        put_off: When each study that failed may be tried again.
    """

    reader: Reader
    since: str
    settled: dict[str, int] = field(default_factory=dict)
    arriving: dict[str, int] = field(default_factory=dict)
    put_off: dict[str, float] = field(default_factory=dict)

    def look(self, wait: bool) -> Iterator[str]:
        """Report on every study that needs it; yield a sentence about each.

        Args:
            wait: Leave out studies that have grown since the last look: their images are still arriving.

        Raises:
            ResourceError: ``ARCHIVE_UNREACHABLE``.
        """
        studies = self.reader.archive.studies(self.since)
        grown = {study for study, objects in studies.items() if self.arriving.get(study) != objects}
        self.arriving = studies
        for study, objects in studies.items():
            due = self.settled.get(study) != objects and self.put_off.get(study, 0.0) <= time.monotonic()
            if due and not (wait and study in grown):
                yield from self._report(study, objects)

    def _report(self, study: str, objects: int) -> Iterator[str]:
        instances = self.reader.archive.instances(study)
        images = [instance for instance in instances if instance.sop_class in IMAGES]
        images.sort(key=lambda image: (image.series, image.uid))
        there = {instance.uid for instance in instances}
        if not images or report_uid(self.reader.model, [image.uid for image in images]) in there:
            self.settled[study] = objects
            return
        try:
            yield f"Study {study}: {self._store(images, there)}."
        except (ValueError, TypeError, AttributeError, LookupError) as error:  # headers that no report can be made of
            self.put_off[study] = time.monotonic() + LATER
            yield f"Study {study}: no report could be made ({type(error).__name__}: {error})."
        except ResourceError as error:
            if error.code == "ARCHIVE_UNREACHABLE":
                raise
            self.put_off[study] = time.monotonic() + LATER
            yield f"Study {study}: {error}"

    def _store(self, images: list[Instance], there: set[str]) -> str:
        findings, model = self.reader.read(images), self.reader.model
        maps = [secondary_capture(finding, model) for finding in findings if finding.heat is not None]
        self.reader.archive.store([made for made in maps if made.SOPInstanceUID not in there])
        self.reader.archive.store([structured_report(findings, model)])
        unread = sum(not finding.label for finding in findings)
        return f"report of {len(images)} image(s) stored, {len(maps)} heat map(s)" + (
            f", no answer for {unread}" if unread else ""
        )


def watch(run: Path, url: str, arm: str | None, since: str, every: float, once: bool) -> None:
    """Classify new studies of the archive at ``url`` until Ctrl-C.

    Args:
        run: A run folder of images.
        url: Address of the archive's DICOMweb service.
        arm: Name of the arm that predicts; None takes the best one.
        since: First date of studies, ``YYYYMMDD``; "" for all.
        every: Seconds between two looks.
        once: Look once, and end.

    Raises:
        StudyError: ``ARCHIVE_URL``, ``ARM_UNKNOWN``, ``WATCH_TABLE``.
        ResourceError: ``EXTRA_MISSING``; with ``once`` ``ARCHIVE_UNREACHABLE``.
        IntegrityError: The models are not as they were saved.
    """
    archive = DicomWeb(url)
    watcher = Watch(_reader(archive, run, arm), since)
    progress.say(f"Watching {archive.url}, studies {f'from {since} on' if since else 'of all dates'}. Ctrl-C ends it.")
    if once:
        for sentence in watcher.look(wait=False):
            progress.say(sentence)
        return
    _for_ever(watcher, every, time.sleep)


def _for_ever(watcher: Watch, every: float, sleep: Callable[[float], None]) -> None:
    pause = 1.0
    while True:
        try:
            for sentence in watcher.look(wait=True):
                progress.say(sentence)
            pause = 1.0
            sleep(every)
        except ResourceError as error:
            progress.complain(f"{error}. Trying again in {pause:.0f} s.")
            sleep(pause)
            pause = min(2 * pause, LONGEST)


def _reader(archive: Archive, run: Path, arm: str | None) -> Reader:
    folder, contents = run / "arms" / find_arm(run, arm), read_run(run)
    name = next(each.name for each in contents.arms if each.folder == folder)
    predictor = Predictor.load(folder)
    if predictor.table is not None:
        raise StudyError("WATCH_TABLE", f"{run}, a run of a table", "a run of images", "give a run of images")
    digest = file_digest(folder / "model.json")
    return Reader(archive, predictor, ModelFacts(digest, contents.study.title, name))
