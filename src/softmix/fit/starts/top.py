"""Where a climb ended, and which of two such places is the better one."""

from typing import NamedTuple

from softmix.parameters import GaussianParameters


class Top(NamedTuple):
    """Where a climb ended. Tops are compared by soundness, then by height."""

    soundness: int  # minus the number of components that their rows do not witness
    height: float  # nats a row
    parameters: GaussianParameters

    def beats(self, other: "Top", by: float = 0.0) -> bool:
        return self.soundness > other.soundness or (
            self.soundness == other.soundness and self.height > other.height + by
        )

    def is_near(self, other: "Top", within: float) -> bool:
        return self.soundness == other.soundness and abs(self.height - other.height) <= within
