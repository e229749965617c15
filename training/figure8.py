# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Draw figure 8 of the paper: guided back-propagation of validation faces by class.

    python -m training.figure8 --data DATA/fer2013_training_publictest.npz -o figure8.png

For each label, a row of its faces, then a row of guided gradients of each network of the
package. The figure contains images of the data set, whose licence applies to it.
"""

from __future__ import annotations

from pathlib import Path
import sys

import cv2
import numpy as np
from numpy.typing import NDArray

from face_affect.core.annotation import saliency_tile
from face_affect.core.models import available_models, ModelError
from face_affect.core.saliency import Saliency, saliency_path
from face_affect.media.writer import write_picture
from support.command_line import module_parser
from training.data.faces import DatasetError, FaceSet, resized, validation_part
from training.data.loading import load_faces

COLUMNS = 6  # faces of each label
SIDE = 96  # pixels of a face


def figure(faces: FaceSet, networks: list[Saliency], columns: int = COLUMNS) -> NDArray[np.uint8]:
    """Return an image u8 [H, W, 3] BGR: for each label a row of faces, then rows of gradients.

    There are up to ``columns`` faces per label, and one row of gradients per network, each of
    the true label's score.
    """
    rows = []
    for number, label in enumerate(faces.label_names):
        chosen = faces.images[faces.labels == number][:columns]
        rows.append(
            np.hstack(
                [
                    cv2.cvtColor(cv2.resize(face, (SIDE, SIDE)), cv2.COLOR_GRAY2BGR)
                    for face in chosen
                ]
            )
        )
        rows += [
            np.hstack(
                [
                    saliency_tile(network(crop, label), SIDE)
                    for crop in resized(chosen, network.classifier.input.width)
                ]
            )
            for network in networks
        ]
    width = max(row.shape[1] for row in rows)
    return np.vstack(
        [
            cv2.copyMakeBorder(row, 0, 0, 0, width - row.shape[1], cv2.BORDER_CONSTANT)
            for row in rows
        ]
    )


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.figure8', __doc__)
    parser.add_argument('--data', type=Path, required=True, help='a FER-2013 or FairFace npz')
    parser.add_argument(
        '-o',
        '--output',
        type=Path,
        default=Path('figure8.png'),
        help='the image to write (default: %(default)s)',
    )
    arguments = parser.parse_args()
    try:
        faces = validation_part(load_faces(arguments.data))
        networks = [
            Saliency(sidecar)
            for sidecar in available_models()
            if sidecar.task == faces.task and saliency_path(sidecar).exists()
        ]
    except (DatasetError, ModelError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    write_picture(arguments.output, figure(faces, networks))
    names = ', '.join(network.classifier.name for network in networks)
    print(f'{arguments.output}: {", ".join(faces.label_names)}; below the faces {names}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
