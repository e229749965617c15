# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Which labels the heads of a classifier learnt: a set's own, or the FER+ majority."""

from __future__ import annotations

from face_affect.core.models import Sidecar
from training.data.faces import FaceSet


def learnt_votes(sidecar: Sidecar) -> bool:
    """Return whether the head that answers learnt the FER+ votes, mostly."""
    heads = sidecar.training.get('recipe', {}).get('heads', {})
    return bool(heads.get(sidecar.head, {}).get('votes', 0) > 0.5)


def for_labels(sidecar: Sidecar) -> Sidecar:
    """Return ``sidecar`` with the first head answering that learnt a set's own labels."""
    return next((one for one in _heads(sidecar) if not learnt_votes(one)), sidecar)


def for_votes(sidecar: Sidecar) -> Sidecar:
    """Return ``sidecar`` with the first head answering that learnt the FER+ votes."""
    return next((one for one in _heads(sidecar) if learnt_votes(one)), sidecar)


def labelled_for(sidecar: Sidecar, faces: FaceSet) -> FaceSet:
    """Return ``faces`` with the labels that the head which answers learnt, if they have these."""
    by_votes = learnt_votes(sidecar) and bool(faces.has_majority.any())
    return faces.by_majority() if by_votes else faces


def _heads(sidecar: Sidecar) -> list[Sidecar]:
    return [sidecar.with_head(head.name) for head in sidecar.heads]
