# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Compare two bags of results within tolerances."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from face_affect.bags.analysis.result_reader import Results
from face_affect.core.faces import Box, Estimate, Face
from face_affect.core.tasks import TASKS

# Minimum IoU of two boxes of the same face
SAME_FACE_IOU = 0.3
EXAMPLES = 5  # of each kind of change

KINDS = {
    'missing_frames': 'images with a result in A only',
    'extra_frames': 'images with a result in B only',
    'missing_faces': 'faces in A only',
    'extra_faces': 'faces in B only',
    'ids': 'faces whose id changed, beyond a renaming',
    'boxes': 'faces whose box moved',
    'scores': 'faces whose detection score changed',
    **{task.name: f'faces whose {task.name} has another label' for task in TASKS},
    **{
        f'{task.name}_probabilities': f'faces whose {task.name} probabilities changed'
        for task in TASKS
    },
}


@dataclass(frozen=True)
class Tolerances:
    """The differences up to which results count as equal.

    A box is equal if each side moved by at most ``pixels``, or the IoU is at least ``iou``, 0..1.
    Probabilities and detection scores may differ by ``probability``, 0..1; within it, a
    changed label is a near tie and allowed. At most ``unmatched`` faces may be in only one of
    the bags, such as faces with a detection score close to the threshold.
    """

    pixels: float = 4.0
    iou: float = 0.8
    probability: float = 0.1
    unmatched: int = 0

    def __post_init__(self) -> None:
        """Validate the ranges.

        Raises:
            ValueError: a tolerance is out of range.

        """
        if not (self.pixels >= 0 and 0 <= self.iou <= 1 and 0 <= self.probability <= 1):
            raise ValueError(
                f'{self}: pixels must not be negative; iou and probability must be from 0 to 1'
            )
        if self.unmatched < 0:
            raise ValueError(f'{self}: unmatched must not be negative')


@dataclass
class Change:
    """The changes of one kind: their count, the largest one, and the first ``EXAMPLES``."""

    count: int = 0
    worst: float = 0.0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str, size: float = 0.0) -> None:
        """Count a change of ``size`` (pixels or probability), described by ``example``."""
        self.count += 1
        self.worst = max(self.worst, size)
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


@dataclass(frozen=True)
class Comparison:
    """The differences between two bags, A and B.

    ``frames``, ``faces``: the number of images and faces in both; ``changes``: by kind, see
    ``KINDS``; ``renamed``: the id in B by the id in A; ``settings``: recorded settings that
    differ, by name, as (A, B).
    """

    frames: int
    faces: int
    changes: dict[str, Change]
    renamed: dict[int, int]
    settings: dict[str, tuple[Any, Any]]
    tolerances: Tolerances

    @property
    def same(self) -> bool:
        """Whether nothing changed beyond the tolerances."""
        counts = {kind: change.count for kind, change in self.changes.items()}
        unmatched = counts.pop('missing_faces') + counts.pop('extra_faces')
        return unmatched <= self.tolerances.unmatched and not any(counts.values())

    def as_dict(self) -> dict[str, Any]:
        """Return the comparison as values for JSON."""
        return {
            'same': self.same,
            'frames': self.frames,
            'faces': self.faces,
            'changes': {kind: vars(change) for kind, change in self.changes.items()},
            'renamed_ids': {str(a): b for a, b in self.renamed.items() if a != b},
            'settings': {name: list(pair) for name, pair in self.settings.items()},
        }


@dataclass(frozen=True)
class _Pair:
    stamp: int
    a: Face
    b: Face

    @property
    def name(self) -> str:
        return f'{_seconds(self.stamp)} s #{self.a.id}'


def compare(a: Results, b: Results, tolerances: Tolerances | None = None) -> Comparison:
    """Return the changes from ``a`` to ``b``; ``tolerances`` None: the default ones."""
    tolerances = tolerances or Tolerances()
    changes = {kind: Change() for kind in KINDS}
    for kind, one, other in (('missing_frames', a, b), ('extra_frames', b, a)):
        for stamp in one.results.keys() - other.results.keys():
            changes[kind].add(f'{_seconds(stamp)} s')
        changes[kind].examples.sort()
    common = [stamp for stamp in a.results if stamp in b.results]
    pairs: list[_Pair] = []
    for stamp in common:
        pairs += _match(stamp, a.results[stamp].frame.faces, b.results[stamp].frame.faces, changes)
    renamed = _renaming(pairs)
    for pair in pairs:
        if renamed.get(pair.a.id) != pair.b.id:
            changes['ids'].add(f'{pair.name} is #{pair.b.id} in B')
        _compare_faces(pair, tolerances, changes)
    return Comparison(len(common), len(pairs), changes, renamed, _settings(a, b), tolerances)


def _match(
    stamp: int, a: Sequence[Face], b: Sequence[Face], changes: dict[str, Change]
) -> Iterator[_Pair]:
    """Pair the faces of one image greedily, by decreasing IoU."""
    overlaps = sorted(
        (
            (one.detection.box.iou(other.detection.box), i, j)
            for i, one in enumerate(a)
            for j, other in enumerate(b)
        ),
        key=lambda each: (-each[0], each[1:]),
    )
    left, right = set(range(len(a))), set(range(len(b)))
    for overlap, i, j in overlaps:
        if overlap >= SAME_FACE_IOU and i in left and j in right:
            left.remove(i)
            right.remove(j)
            yield _Pair(stamp, a[i], b[j])
    for kind, faces, alone in (('missing_faces', a, left), ('extra_faces', b, right)):
        for i in sorted(alone):
            changes[kind].add(f'{_seconds(stamp)} s #{faces[i].id} at {_text(faces[i])}')


def _renaming(pairs: Sequence[_Pair]) -> dict[int, int]:
    """Return a one-to-one renaming of A's ids to B's, by the most frequent pairs."""
    renamed: dict[int, int] = {}
    for (one, other), _ in Counter((pair.a.id, pair.b.id) for pair in pairs).most_common():
        if one not in renamed and other not in renamed.values():
            renamed[one] = other
    return dict(sorted(renamed.items()))


def _compare_faces(pair: _Pair, tolerances: Tolerances, changes: dict[str, Change]) -> None:
    moved = _moved(pair.a.detection.box, pair.b.detection.box)
    overlap = pair.a.detection.box.iou(pair.b.detection.box)
    if moved > tolerances.pixels and overlap < tolerances.iou:
        changes['boxes'].add(f'{pair.name}: {_text(pair.a)} -> {_text(pair.b)}', moved)
    difference = abs(pair.a.detection.score - pair.b.detection.score)
    if difference > tolerances.probability:
        changes['scores'].add(
            f'{pair.name}: {pair.a.detection.score:.3f} -> {pair.b.detection.score:.3f}',
            difference,
        )
    for task in TASKS:
        one, other = (face.estimates.get(task.name) for face in (pair.a, pair.b))
        _compare_estimates(pair, task.name, one, other, tolerances.probability, changes)


def _compare_estimates(
    pair: _Pair,
    task: str,
    a: Estimate | None,
    b: Estimate | None,
    tolerance: float,
    changes: dict[str, Change],
) -> None:
    if a is None or b is None:
        if a is not b:
            changes[task].add(f'{pair.name}: estimated in one bag only')
        return
    difference = max(abs(p - q) for p, q in zip(a.probabilities, b.probabilities))
    if difference <= tolerance:
        return
    text = f'{pair.name}: {a.label} {a.confidence:.3f} -> {b.label} {b.confidence:.3f}'
    changes[f'{task}_probabilities'].add(text, difference)
    if a.label != b.label:
        changes[task].add(text, difference)


def _moved(a: Box, b: Box) -> float:
    """Return the largest displacement of a side, pixels."""
    return max(
        abs(a.x - b.x),
        abs(a.y - b.y),
        abs(a.x + a.width - b.x - b.width),
        abs(a.y + a.height - b.y - b.height),
    )


def _settings(a: Results, b: Results) -> dict[str, tuple[Any, Any]]:
    """Return the recorded settings that both bags have and that differ, as (A, B) by name."""
    one, other = (
        dict(
            _leaves(
                {
                    name: value
                    for name, value in results.information.items()
                    if name in ('input', 'topic', 'settings', 'models')
                }
            )
        )
        for results in (a, b)
    )
    return {
        name: (one[name], other[name])
        for name in one
        if name in other and one[name] != other[name]
    }


def _leaves(values: Mapping[str, Any], path: str = '') -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _leaves(value, f'{path}{name}.')
        else:
            yield f'{path}{name}', value


def _text(face: Face) -> str:
    box = face.detection.box
    return f'{box.x:.0f},{box.y:.0f} {box.width:.0f}x{box.height:.0f}'


def _seconds(stamp: int) -> str:
    return f'{stamp // 10**9}.{stamp % 10**9 // 10**6:03}'
