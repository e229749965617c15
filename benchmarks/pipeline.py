# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Time the pipeline by stage, on the demo bag's pictures, one thread.

    python benchmarks/pipeline.py [--json FILE]

Prints medians in milliseconds for frames with no, one, two and three faces.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Callable
import json
from pathlib import Path
import statistics
import sys
import time
from typing import Any

from rosbags.highlevel import AnyReader
from rosbags.typesys import get_typestore, Stores
from tqdm import tqdm

from face_affect.core.images import decode_compressed
from face_affect.core.pipeline import Pipeline, Settings

BAG = Path(__file__).parents[1] / 'demo' / 'bag'
TOPIC = '/camera/image_raw/compressed'


def jpegs() -> list[tuple[float, bytes]]:
    """Return stamp (seconds) and JPEG of every frame of the demo bag."""
    with AnyReader([BAG], default_typestore=get_typestore(Stores.ROS2_HUMBLE)) as reader:
        decode_message: Callable[[bytes, str], Any] = reader.deserialize
        connections = [item for item in reader.connections if item.topic == TOPIC]
        return [(stamp * 1e-9, decode_message(data, connection.msgtype).data.tobytes())
                for connection, stamp, data in reader.messages(connections)]


def measure(rounds: int) -> dict[int, dict[str, float]]:
    """Return median seconds by number of faces and stage."""
    frames = jpegs()
    times: dict[int, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for _ in tqdm(range(rounds), disable=None):
        pipeline = Pipeline(Settings(confirm_frames=1))
        for stamp, jpeg in frames:
            start = time.perf_counter()
            image = decode_compressed(jpeg)
            decoded = time.perf_counter()
            result = pipeline.process(image, stamp)
            end = time.perf_counter()
            stages = {'decode JPEG': decoded - start, **result.timings,
                      'all but decode': end - decoded}
            for stage, elapsed in stages.items():
                times[len(result.faces)][stage].append(elapsed)
    return {faces: {stage: statistics.median(values) for stage, values in stages.items()}
            for faces, stages in sorted(times.items())}


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rounds', type=int, default=5,
                        help='how often the bag is gone through (default: %(default)s)')
    parser.add_argument('--json', type=Path, help='write the medians (seconds) there, too')
    arguments = parser.parse_args()
    medians = measure(arguments.rounds)
    stages = list(medians[max(medians)])
    print(f'{"ms, median":16}' + ''.join(f'{faces:>7} faces' for faces in medians))
    for stage in stages:
        print(f'{stage:16}' + ''.join(
            f'{row[stage] * 1e3:13.2f}' if stage in row else f'{"-":>13}'
            for row in medians.values()))
    if arguments.json:
        arguments.json.write_text(json.dumps(medians, indent=2) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
