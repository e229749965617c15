# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Compare face detectors on the same scenes in the same run, with one thread.

    python -m benchmarks.detectors --data face_scenes.npz [--yunet yunet.onnx] [--json FILE]

Each detector processes the whole scene at its own input size; face widths are in pixels of a
320x240 input for all. The threshold of each detector is the lowest with the same precision.
"""

from __future__ import annotations

from pathlib import Path
import statistics
import sys
import time
from typing import Any

import cv2
import numpy as np

from face_affect.core.detection import Detector, load_detector
from face_affect.core.models import available_models, DETECTION, ModelError
from face_affect.core.strict_json import to_json
from support.command_line import module_parser
from training.data.faces import DatasetError
from training.data.scenes import load_scenes, SceneSet
from training.evaluation.detection_metrics import (
    examine,
    figures_of,
    PRECISION,
    SameSizes,
    SIZE_NAMES,
)
from training.evaluation.yunet import YuNet

WARM_UP = 20


def milliseconds(detector: Detector, scenes: SceneSet) -> float:
    """Return the median detection time for scenes resized to 640x480, preprocessing included."""
    elapsed = []
    for scene in scenes.scenes[:200]:
        image = cv2.resize(scene.image, (640, 480))
        start = time.perf_counter()
        detector(np.asarray(image, dtype=np.uint8), 0.5)
        elapsed.append(time.perf_counter() - start)
    return statistics.median(elapsed[WARM_UP:]) * 1e3


def compare(detectors: list[Detector], scenes: SceneSet, precision: float) -> list[dict[str, Any]]:
    """Return the metrics of each detector at its lowest threshold with that ``precision``."""
    results = []
    for detector in detectors:
        findings = examine(SameSizes(detector), scenes)
        threshold = findings.threshold_for(precision)
        results.append(
            {
                'detector': '{} {}x{}'.format(detector.name, *detector.input_size),
                'ms': milliseconds(detector, scenes),
                **figures_of(findings, threshold),
            }
        )
    return results


def main() -> int:
    """Run the command line; return the exit code, 2 after an error."""
    parser = module_parser('benchmarks.detectors', __doc__)
    parser.add_argument('--data', type=Path, required=True, help='an npz of scenes')
    parser.add_argument('--yunet', type=Path, help="YuNet's ONNX file, as another detector")
    parser.add_argument(
        '--all',
        action='store_true',
        help='use all scenes (default: only the held-out tenth)',
    )
    parser.add_argument(
        '--precision',
        type=float,
        default=PRECISION,
        help='precision at which detectors are compared, 0 to 1 (default: %(default)s)',
    )
    parser.add_argument('--json', type=Path, help='also write the metrics to this file')
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        scenes = load_scenes(arguments.data)
        detectors: list[Detector] = [
            load_detector(sidecar) for sidecar in available_models() if sidecar.task == DETECTION
        ]
    except (DatasetError, ModelError, FileNotFoundError) as error:
        print(f'error: {error}', file=sys.stderr)
        return 2
    if arguments.yunet:
        detectors.append(YuNet(arguments.yunet))
    results = compare(
        detectors, scenes if arguments.all else scenes.split(True), arguments.precision
    )
    print(
        f'{"recall by face width":26}'
        + ''.join(f'{name:>8}' for name in SIZE_NAMES)
        + '  precision  threshold  landmarks      ms'
    )
    for row in results:
        print(
            f'{row["detector"]:26}'
            + ''.join(f'{_percent(row["recall"][name]):>8}' for name in SIZE_NAMES)
            + f'{_percent(row["precision"]):>11}{row["threshold"]:11.2f}'
            + f'{_percent(row["landmark_error"]):>11}{row["ms"]:8.2f}'
        )
    if arguments.json:
        arguments.json.write_text(to_json(results, indent=2) + '\n')
    return 0


def _percent(value: float | None) -> str:
    return '-' if value is None else f'{value:.1%}'


if __name__ == '__main__':
    sys.exit(main())
