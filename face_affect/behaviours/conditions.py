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
    """SUCCESS while a face fulfils the condition, and has done so long enough; else FAILURE.

    It is never RUNNING, so that it does not keep a selector from what comes
    behind it. The feedback message says who fulfils it, or what is missing.

    Reads ``history``, which FacesToBlackboard writes, and with ``selected``
    also ``selected_face``; writes ``matching_faces``, a list of FaceAffect,
    when it succeeds.
    """

    def __init__(
        self, name: str, wanted: str, duration: float, selected: bool, namespace: str
    ) -> None:
        """Look for a face that is ``wanted`` for ``duration`` seconds without a break."""
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
        """Return whether ``face`` fulfils the condition in its image."""

    def update(self) -> Status:
        """Judge the newest result by the history."""
        if not self._blackboard.exists(HISTORY):
            self.feedback_message = NOTHING_THERE
            return Status.FAILURE
        history: FaceHistory = self._blackboard.get(HISTORY)
        if self._duration > history.memory:
            self.feedback_message = (
                f'{self._duration:g} s is longer than the memory of FacesToBlackboard, '
                f'{history.memory:g} s'
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
    """A face is there, and has been for ``duration`` seconds."""

    def __init__(
        self, name: str, duration: float = 0.0, selected: bool = False, namespace: str = NAMESPACE
    ) -> None:
        """Look for any face.

        Args:
            name: of the behaviour.
            duration: seconds without a break, by the stamps of the images.
            selected: only the face that SelectFace has chosen counts.
            namespace: of the keys on the blackboard.

        Raises:
            ValueError: ``duration`` is negative.

        """
        AffectCriteria(duration=duration)
        super().__init__(name, 'present', duration, selected, namespace)

    def fulfilled_by(self, face: FaceAffect) -> bool:
        """Any face does."""
        return True


class _IsEstimated(FaceCondition):
    """An estimate of a face has a label, surely enough and for long enough."""

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
        """Look for ``label`` in field ``task`` of FaceAffect, the name of one of TASKS."""
        AffectCriteria({task: label}, min_confidence=min_confidence, duration=duration)
        super().__init__(name, label, duration, selected, namespace)
        self._task = task
        self._label = LABELS[task].index(label)
        self._min_confidence = min_confidence

    def fulfilled_by(self, face: FaceAffect) -> bool:
        """Return whether the estimate has the label and the confidence."""
        estimate = getattr(face, self._task)
        return bool(estimate.label == self._label and estimate.confidence >= self._min_confidence)


class IsEmotion(_IsEstimated):
    """A face shows an emotion, surely enough and for long enough."""

    def __init__(
        self,
        name: str,
        emotion: str,
        min_confidence: float = 0.0,
        duration: float = 0.0,
        selected: bool = False,
        namespace: str = NAMESPACE,
    ) -> None:
        """Look for one and the same face that shows ``emotion``.

        Args:
            name: of the behaviour.
            emotion: angry, disgust, fear, happy, sad, surprise or neutral.
            min_confidence: least smoothed probability, 0 to 1, on top of the node's parameter
                ``emotion_min_confidence``.
            duration: seconds without a break, by the stamps of the images.
            selected: only the face that SelectFace has chosen counts.
            namespace: of the keys on the blackboard.

        Raises:
            ValueError: there is no such emotion, or a number is out of range.

        """
        super().__init__(
            name, EMOTION.name, emotion, min_confidence, duration, selected, namespace
        )


class IsGender(_IsEstimated):
    """A face looks like a gender, surely enough and for long enough."""

    def __init__(
        self,
        name: str,
        gender: str,
        min_confidence: float = 0.0,
        duration: float = 0.0,
        selected: bool = False,
        namespace: str = NAMESPACE,
    ) -> None:
        """Look for one and the same face that looks ``gender``.

        Args:
            name: of the behaviour.
            gender: female or male.
            min_confidence: least smoothed probability, 0 to 1, on top of the node's parameter
                ``gender_min_confidence``.
            duration: seconds without a break, by the stamps of the images.
            selected: only the face that SelectFace has chosen counts.
            namespace: of the keys on the blackboard.

        Raises:
            ValueError: there is no such gender, or a number is out of range.

        """
        super().__init__(name, GENDER.name, gender, min_confidence, duration, selected, namespace)
