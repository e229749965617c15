# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Select one face by a criterion."""

from __future__ import annotations

from collections.abc import Callable
import math

from face_affect_msgs.msg import Emotion, FaceAffect
from py_trees.behaviour import Behaviour
from py_trees.common import Access, Status

from face_affect.behaviours.blackboard import (
    FACES,
    MATCHING,
    NAMESPACE,
    NOTHING_THERE,
    SELECTED,
)
from face_affect.core.stamps import to_seconds


def _nearness(face: FaceAffect) -> float | None:
    if not face.has_position:
        return None
    return -math.hypot(face.position.x, face.position.y, face.position.z)


def _happiness(face: FaceAffect) -> float | None:
    # Confidence is zero if the node does not estimate emotion.
    return float(face.emotion.probabilities[Emotion.HAPPY]) if face.emotion.confidence else None


# Value to maximise, by name of the criterion; None if a face has no value
CRITERIA: dict[str, Callable[[FaceAffect], float | None]] = {
    'nearest': _nearness,
    'largest': lambda face: float(face.roi.width * face.roi.height),
    'longest_seen': lambda face: to_seconds(face.tracked_for),
    'happiest': _happiness,
}
INCOMPARABLE = {
    'nearest': 'no face has a position: provide depth images, or select the largest face',
    'happiest': 'the node does not estimate emotion (parameter enable_emotion)',
}


class SelectFace(Behaviour):
    """Select a face in each tick.

    * SUCCESS: ``selected_face`` (FaceAffect) is on the blackboard.
    * FAILURE: there is no face, or none has a value for the criterion; ``selected_face`` is
      removed from the blackboard.

    Reads ``faces``, which FacesToBlackboard writes, and if ``among_matching`` also
    ``matching_faces``, which conditions write.
    """

    def __init__(
        self,
        name: str,
        criterion: str = 'largest',
        among_matching: bool = False,
        namespace: str = NAMESPACE,
    ) -> None:
        """Select by ``criterion``.

        Args:
            name: of the behaviour.
            criterion: nearest (by ``position``, which requires depth images), largest (by the
                area of the box), longest_seen or happiest.
            among_matching: select among the faces that met the condition that succeeded last;
                place this behaviour after the condition in a sequence.
            namespace: of the blackboard keys.

        Raises:
            ValueError: the criterion is unknown.

        """
        if criterion not in CRITERIA:
            raise ValueError(
                f'criterion is {criterion!r}, but must be one of {", ".join(CRITERIA)}'
            )
        super().__init__(name)
        self._criterion = criterion
        self._among_matching = among_matching
        self._blackboard = self.attach_blackboard_client(namespace=namespace)
        self._blackboard.register_key(FACES, access=Access.READ)
        self._blackboard.register_key(MATCHING, access=Access.READ)
        self._blackboard.register_key(SELECTED, access=Access.WRITE)

    def update(self) -> Status:
        """Select one of the faces of the newest result."""
        if not self._blackboard.exists(FACES):
            return self._fail(NOTHING_THERE)
        faces = list(self._blackboard.get(FACES).faces)
        if self._among_matching:
            matching = self._blackboard.get(MATCHING) if self._blackboard.exists(MATCHING) else []
            ids = {face.id for face in matching}
            faces = [face for face in faces if face.id in ids]
        if not faces:
            return self._fail('no matching face' if self._among_matching else 'no face')
        value = CRITERIA[self._criterion]
        values = {face.id: value(face) for face in faces}
        comparable = [face for face in faces if values[face.id] is not None]
        if not comparable:
            return self._fail(INCOMPARABLE[self._criterion])
        chosen = max(comparable, key=lambda face: values[face.id] or 0.0)
        self._blackboard.set(SELECTED, chosen)
        self.feedback_message = f'{self._criterion}: #{chosen.id}'
        return Status.SUCCESS

    def _fail(self, reason: str) -> Status:
        self._blackboard.unset(SELECTED)
        self.feedback_message = reason
        return Status.FAILURE
