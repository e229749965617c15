# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Conditions on the faces in front of the robot."""

from __future__ import annotations

from abc import abstractmethod

from face_affect_msgs.msg import FaceAffect
from py_trees.behaviour import Behaviour
from py_trees.common import Access, Status

from face_affect.behaviours.blackboard import (
    HISTORY,
    MATCHING,
    NAMESPACE,
    NOTHING_THERE,
    SELECTED,
)
from face_affect.behaviours.history import FaceHistory
from face_affect.core.affect_query import AffectCriteria
from face_affect.core.tasks import EMOTION, GENDER, TASKS

LABELS = {task.name: task.labels for task in TASKS}


class FaceCondition(Behaviour):
    """A condition: SUCCESS while a face meets it for the given duration, else FAILURE.

    It is never RUNNING, so that a selector proceeds to its next child. The feedback message has
    the ids of the faces that meet it, or the reason of the failure.

    Reads ``history``, which FacesToBlackboard writes, and if ``selected`` also ``selected_face``;
    on success, writes ``matching_faces``, a list of FaceAffect.
    """

    def __init__(
        self, name: str, wanted: str, duration: float, selected: bool, namespace: str
    ) -> None:
        """Create the condition.

        Args:
            name: of the behaviour.
            wanted: an adjective for the feedback message.
            duration: seconds for which one face must meet the condition continuously.
            selected: only the face chosen by SelectFace counts.
            namespace: of the blackboard keys.

        """
        super().__init__(name)
        self._wanted = wanted
        self._duration = duration
        self._blackboard = self.attach_blackboard_client(namespace=namespace)
        self._blackboard.register_key(HISTORY, access=Access.READ)
        self._blackboard.register_key(SELECTED, access=Access.READ)
        self._blackboard.register_key(MATCHING, access=Access.WRITE)
        self._selected = selected

    @abstractmethod
    def fulfilled_by(self, face: FaceAffect) -> bool:
        """Return whether ``face`` meets the condition in its image."""

    def update(self) -> Status:
        """Evaluate the condition on the newest result and the history."""
        if not self._blackboard.exists(HISTORY):
            self.feedback_message = NOTHING_THERE
            return Status.FAILURE
        history: FaceHistory = self._blackboard.get(HISTORY)
        if self._duration > history.memory:
            self.feedback_message = (
                f'duration is {self._duration:g} s, but must not exceed the memory of '
                f'FacesToBlackboard, {history.memory:g} s'
            )
            return Status.FAILURE
        candidates = self._candidates(history)
        shown = [(face, history.shown_for(face.id, self.fulfilled_by)) for face in candidates]
        matching = [face for face, time in shown if time is not None and time >= self._duration]
        if matching:
            self._blackboard.set(MATCHING, matching)
            names = ', '.join(f'#{face.id}' for face in matching)
            self.feedback_message = f'{self._wanted}: {names}'
            return Status.SUCCESS
        longest = max((time for _, time in shown if time is not None), default=None)
        if not candidates:
            self.feedback_message = 'no face is selected' if self._selected else 'no face'
        elif longest is None:
            self.feedback_message = f'no face is {self._wanted}'
        else:
            self.feedback_message = f'{self._wanted} for {longest:.1f} s of {self._duration:g} s'
        return Status.FAILURE

    def _candidates(self, history: FaceHistory) -> list[FaceAffect]:
        faces = history.newest.faces if history.newest else []
        if not self._selected:
            return list(faces)
        if not self._blackboard.exists(SELECTED):
            return []
        chosen = self._blackboard.get(SELECTED).id
        return [face for face in faces if face.id == chosen]


class IsFacePresent(FaceCondition):
    """SUCCESS while a face has been present for ``duration`` seconds, else FAILURE."""

    def __init__(
        self, name: str, duration: float = 0.0, selected: bool = False, namespace: str = NAMESPACE
    ) -> None:
        """Create the condition.

        Args:
            name: of the behaviour.
            duration: seconds of continuous presence, by the stamps of the images.
            selected: only the face chosen by SelectFace counts.
            namespace: of the blackboard keys.

        Raises:
            ValueError: ``duration`` is negative.

        """
        AffectCriteria(duration=duration)
        super().__init__(name, 'present', duration, selected, namespace)

    def fulfilled_by(self, face: FaceAffect) -> bool:
        """Return True: every face is present."""
        return True


class _IsEstimated(FaceCondition):
    """SUCCESS while an estimate of a face has a label, with minimum confidence and duration."""

    def __init__(
        self,
        name: str,
        task: str,
        label: str,
        min_confidence: float,
        duration: float,
        selected: bool,
        namespace: str,
    ) -> None:
        """Create the condition that ``label`` is the estimate of ``task``, a name in TASKS."""
        AffectCriteria({task: label}, min_confidence=min_confidence, duration=duration)
        super().__init__(name, label, duration, selected, namespace)
        self._task = task
        self._label = LABELS[task].index(label)
        self._min_confidence = min_confidence

    def fulfilled_by(self, face: FaceAffect) -> bool:
        """Return whether the estimate has the label and the minimum confidence."""
        estimate = getattr(face, self._task)
        return bool(estimate.label == self._label and estimate.confidence >= self._min_confidence)


class IsEmotion(_IsEstimated):
    """SUCCESS while a face shows an emotion, with minimum confidence and duration."""

    def __init__(
        self,
        name: str,
        emotion: str,
        min_confidence: float = 0.0,
        duration: float = 0.0,
        selected: bool = False,
        namespace: str = NAMESPACE,
    ) -> None:
        """Create the condition.

        Args:
            name: of the behaviour.
            emotion: angry, disgust, fear, happy, sad, surprise or neutral.
            min_confidence: minimum smoothed probability, 0 to 1, in addition to the node's
                parameter ``emotion_min_confidence``.
            duration: seconds for which one face must show it continuously, by the stamps of the
                images.
            selected: only the face chosen by SelectFace counts.
            namespace: of the blackboard keys.

        Raises:
            ValueError: there is no such emotion, or a number is out of range.

        """
        super().__init__(
            name, EMOTION.name, emotion, min_confidence, duration, selected, namespace
        )


class IsGender(_IsEstimated):
    """SUCCESS while a face has an apparent gender, with minimum confidence and duration."""

    def __init__(
        self,
        name: str,
        gender: str,
        min_confidence: float = 0.0,
        duration: float = 0.0,
        selected: bool = False,
        namespace: str = NAMESPACE,
    ) -> None:
        """Create the condition.

        Args:
            name: of the behaviour.
            gender: female or male.
            min_confidence: minimum smoothed probability, 0 to 1, in addition to the node's
                parameter ``gender_min_confidence``.
            duration: seconds for which one face must have it continuously, by the stamps of the
                images.
            selected: only the face chosen by SelectFace counts.
            namespace: of the blackboard keys.

        Raises:
            ValueError: there is no such gender, or a number is out of range.

        """
        super().__init__(name, GENDER.name, gender, min_confidence, duration, selected, namespace)
