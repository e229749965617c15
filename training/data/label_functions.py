# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Selection of the head trained on a data set's labels, or on its FER+ votes."""

from __future__ import annotations

from face_affect.core.models import Sidecar
from training.data.faces import FaceSet


def learnt_votes(sidecar: Sidecar) -> bool:
    """Return whether the selected head was trained mainly on FER+ votes."""
    heads = sidecar.training.get('recipe', {}).get('heads', {})
    return bool(heads.get(sidecar.head, {}).get('votes', 0) > 0.5)


def for_labels(sidecar: Sidecar) -> Sidecar:
    """Return ``sidecar`` with the first head selected that was trained on labels."""
    return next((one for one in _heads(sidecar) if not learnt_votes(one)), sidecar)


def for_votes(sidecar: Sidecar) -> Sidecar:
    """Return ``sidecar`` with the first head selected that was trained on FER+ votes."""
    return next((one for one in _heads(sidecar) if learnt_votes(one)), sidecar)


def labelled_for(sidecar: Sidecar, faces: FaceSet) -> FaceSet:
    """Return ``faces`` with the kind of labels of the selected head, if the data have it."""
    by_votes = learnt_votes(sidecar) and bool(faces.has_majority.any())
    return faces.by_majority() if by_votes else faces


def _heads(sidecar: Sidecar) -> list[Sidecar]:
    return [sidecar.with_head(head.name) for head in sidecar.heads]
