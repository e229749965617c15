# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Export the saliency network of classifier NAME: models/NAME_saliency.tflite and its sidecar.

    python -m training.saliency emotion_mini_residual --data DATA

Its outputs are the logits and the guided gradient of the score of one class by the image. The
weights are those of models/NAME.tflite; the agreement with that int8 network is measured on the
validation part.
"""

from __future__ import annotations

from dataclasses import replace
import hashlib
from pathlib import Path
import sys

import torch
from torch import nn

from face_affect.core.models import ModelError, read_sidecar, Sidecar, write_sidecar
from face_affect.core.saliency import saliency_path
from support.command_line import module_parser
from training.data.augmentation import network_input
from training.data.faces import DatasetError, FaceSet, validation_part
from training.data.label_functions import labelled_for
from training.data.loading import load_faces
from training.evaluation.inference import logits_of
from training.export.dequantisation import dequantised
from training.export.guided_backpropagation import guided_function
from training.export.tensorflow_lite import to_float16
from training.models.architectures import predict

TOLERANCE = 0.01  # maximum difference of accuracy between the int8 and the saliency network


def write_saliency(classifier: Sidecar, data: Path) -> Sidecar:
    """Write the saliency network of ``classifier``, and return its sidecar.

    Raises:
        ModelError: the classifier's .tflite is not usable.
        ValueError: the accuracies of the two networks differ by more than TOLERANCE.

    """
    model = dequantised(classifier)
    faces = validation_part(load_faces(data / classifier.training['recipe']['data']))
    accuracy = _agreement(classifier, model, faces)
    content = to_float16(guided_function(model, classifier.input.width, classifier.logits))
    sidecar = replace(
        classifier,
        path=saliency_path(classifier),
        name=saliency_path(classifier).stem,
        task=f'{classifier.task}_saliency',
        sha256=hashlib.sha256(content).hexdigest(),
        quantisation='float16 weights',
        macs=2 * classifier.macs,
        crop={},
        training={'explains': classifier.name, 'sha256': classifier.sha256},
        accuracy=accuracy,
    )
    sidecar.tflite.write_bytes(content)
    write_sidecar(sidecar)
    return sidecar


def _agreement(classifier: Sidecar, model: nn.Module, faces: FaceSet) -> dict[str, float]:
    """Return the accuracy of each head in float, and the fraction of labels equal to int8.

    Raises:
        ValueError: the accuracies in float and int8 differ by more than TOLERANCE.

    """
    images = torch.from_numpy(network_input(faces.images, classifier.input.width))
    explained = predict(model, images, torch.device('cpu')).numpy()
    int8 = logits_of(classifier, faces.images)
    accuracy = {}
    for one in [classifier.with_head(head.name) for head in classifier.heads] or [classifier]:
        labels = labelled_for(one, faces)
        rows = faces.has_majority if labels is not faces else slice(None)
        answers = [logits[rows, one.answer].argmax(axis=1) for logits in (explained, int8)]
        hits = [float((answer == labels.labels).mean()) for answer in answers]
        if abs(hits[0] - hits[1]) > TOLERANCE:
            raise ValueError(
                f'{one.name}: accuracy is {hits[0]:.4f} in float and {hits[1]:.4f} as int8, but '
                f'may differ by {TOLERANCE}'
            )
        suffix = f'_{one.head}' if one.head else ''
        same = float((answers[0] == answers[1]).mean())
        accuracy[f'validation{suffix}'] = round(hits[0], 4)
        accuracy[f'validation{suffix}, same label as int8'] = round(same, 4)
    return accuracy


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('training.saliency', __doc__)
    parser.add_argument('name', help='the classifier, models/NAME.json')
    parser.add_argument('--data', type=Path, required=True, help='the folder of the npz files')
    parser.add_argument(
        '--models',
        type=Path,
        default=Path('models'),
        help='the folder of the models (default: %(default)s)',
    )
    arguments = parser.parse_args()
    try:
        classifier = read_sidecar(arguments.models / f'{arguments.name}.json')
        sidecar = write_saliency(classifier, arguments.data)
    except (DatasetError, ModelError, ValueError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    print(f'{sidecar.tflite}: {dict(sidecar.accuracy)}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
