# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""CLEAR MOT and identity metrics of tracks against the ground truth, by motmetrics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import motmetrics
import numpy as np

from benchmarks.tracking.stage import SEEN, TrueFrame
from face_affect.core.faces import Box

# Minimum IoU of a hit (Bernardin and Stiefelhagen 2008, MOTChallenge)
HIT_IOU = 0.5
# A box with at least this IoU with a mostly occluded face is neither hit nor false positive.
IGNORED_IOU = 0.3
METRICS = ('num_objects', 'num_switches', 'num_transfer', 'num_fragmentations', 'mota', 'idf1')

# Ids and boxes of one frame
Tracked = Sequence[tuple[int, Box]]


@dataclass(frozen=True)
class Figures:
    """Tracking metrics.

    ``faces``: visible true faces, summed over frames; ``switches``: changes of a face's id;
    ``transfers``: changes of an id's face; ``fragmentations``: interruptions of a visible face's
    track; ``mota`` and ``idf1``: at most 1, the optimum; ``motp``: mean IoU of the hits, 0 without
    hits.
    """

    faces: int
    switches: int
    transfers: int
    fragmentations: int
    mota: float
    idf1: float
    motp: float


def compare(truth: Sequence[TrueFrame], tracked: Sequence[Tracked]) -> motmetrics.MOTAccumulator:
    """Return the events of one scene: ground truth and tracks of its frames, matched."""
    events = motmetrics.MOTAccumulator(auto_id=True)
    for frame, found in zip(truth, tracked):
        seen = [face for face in frame.faces if face.visible >= SEEN]
        hidden = [face for face in frame.faces if face.visible < SEEN]
        counted = [
            (name, box)
            for name, box in found
            if any(face.box.iou(box) >= HIT_IOU for face in seen)
            or all(face.box.iou(box) < IGNORED_IOU for face in hidden)
        ]
        distances = np.array([[1 - face.box.iou(box) for _, box in counted] for face in seen])
        distances[distances > 1 - HIT_IOU] = np.nan
        events.update([face.identity for face in seen], [name for name, _ in counted], distances)
    return events


def summary(events: Iterable[motmetrics.MOTAccumulator]) -> Figures:
    """Return the metrics of several scenes together."""
    accumulators = list(events)
    table = motmetrics.metrics.create().compute_many(
        accumulators,
        metrics=METRICS,
        names=[str(i) for i in range(len(accumulators))],
        generate_overall=True,
    )
    faces, switches, transfers, fragmentations, mota, idf1 = table.loc['OVERALL'].tolist()
    # The overall motp of motmetrics is NaN if one of the scenes has no hit.
    distances = np.concatenate([one.mot_events.D.to_numpy(dtype=float) for one in accumulators])
    hits = 1 - distances[np.isfinite(distances)]
    return Figures(
        int(faces),
        int(switches),
        int(transfers),
        int(fragmentations),
        float(mota),
        float(idf1),
        float(hits.mean()) if hits.size else 0.0,
    )
