"""What lies beside an exported model: proof that it predicts as the models of the run do."""

from typing import Literal

from seimbang.record.base import Record


class Certificate(Record):
    """The JSON file beside an ONNX file.

    Attributes:
        onnx: sha256 of the ONNX file.
        arm: Name of the arm's folder.
        seed: The one whose model alone predicts; ``""`` for those of all seeds together.
        files: sha256 of the file of each model in it, as in ``model.json``.
        part: Where the cases come from on which both were compared; never the test part.
        cases: How many they were.
        largest_difference: Between two probabilities of the same case and class.
        class_changes: Cases that are given another class.
        tolerance: Difference that is allowed; no class may change.
        libraries: Version of each library that made and ran it.
        why: Why these cases.
    """

    onnx: str
    arm: str
    seed: str
    files: dict[str, str]
    part: Literal["validation", "train"]
    cases: int
    largest_difference: float
    class_changes: int
    tolerance: float
    libraries: dict[str, str]
    why: str
