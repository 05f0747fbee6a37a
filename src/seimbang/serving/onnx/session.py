"""An exported model, run by onnxruntime: nothing else of what trained it is loaded."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from seimbang.errors import IntegrityError, StudyError
from seimbang.imaging.files import read_whole
from seimbang.record.certificate import Certificate
from seimbang.record.files import read_json
from seimbang.serving.extras import require
from seimbang.threads import threads
from seimbang.training.base import Ints


@dataclass(frozen=True)
class OnnxClassifier:
    """A ``Classifier`` of images ``uint8[n, h, w, c]``, or of the prepared rows of a table ``float32[n, f]``.

    Attributes:
        session: Of onnxruntime.
    """

    session: Any

    @classmethod
    def of(cls, model: bytes) -> OnnxClassifier:
        """Return the classifier that an ONNX file holds.

        Raises:
            ResourceError: EXTRA_MISSING.
        """
        require("export", "onnxruntime")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads()
        options.log_severity_level = 3
        return cls(onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"]))

    @classmethod
    def load(cls, file: Path, files: Mapping[str, str], seed: str) -> OnnxClassifier:
        """Return the classifier in ``file``, which its certificate says to be that of a run's models.

        Args:
            file: What ``seimbang export`` wrote; the certificate is beside it.
            files: sha256 of the file of each model that predicts.
            seed: As asked for.

        Raises:
            ResourceError: EXTRA_MISSING.
            StudyError: ONNX_OTHER: it was made of other models.
            IntegrityError: ONNX_DIGEST: it is not as it was certified; RUN_MISSING or RUN_DAMAGED: it or its
                certificate cannot be read.
        """
        certificate = read_json(certificate_of(file), Certificate)
        if certificate.files != files:
            fix = f"export this one: seimbang export RUN --arm ARM{f' --seed {seed}' if seed else ''}"
            raise StudyError("ONNX_OTHER", f"{file} made of other models", "one made of the models of this arm", fix)
        model = _bytes(file)
        if hashlib.sha256(model).hexdigest() != certificate.onnx:
            found = f"{file} with another sha256 than its certificate says"
            raise IntegrityError("ONNX_DIGEST", found, "the file as it was exported", "export it again")
        return cls.of(model)

    def probabilities(self, X: npt.NDArray[Any], rows: Ints | None = None) -> npt.NDArray[np.float64]:
        """Return the probabilities ``float64[n, classes]`` of ``rows`` of ``X``, or of all."""
        cases = X if rows is None else X[rows]
        p: npt.NDArray[np.float64] = self.session.run(None, {self.session.get_inputs()[0].name: cases})[0]
        return p

    @property
    def network(self) -> None:
        """There is none to look into."""
        return None


def certificate_of(file: Path) -> Path:
    """Return where the certificate of an ONNX file lies."""
    return file.with_suffix(".json")


def _bytes(file: Path) -> bytes:
    try:
        return read_whole(file)
    except OSError as error:
        found = f"{file} cannot be read ({error.strerror})"
        raise IntegrityError("ONNX_DIGEST", found, "the file as it was exported", "correct the path") from error
