# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write demo/truth.csv, the ground truth of the demo bag for `face-affect evaluate`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
import sys
from typing import Any

DEMO = Path(__file__).parent
HEADER = ('stamp', 'x', 'y', 'width', 'height', 'emotion', 'gender', 'person', 'ignore')


def truth_csv(truth: dict[str, Any]) -> str:
    """Return the content of demo/truth.json as CSV, with each visit as a ``person``."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator='\n')
    writer.writerow(HEADER)
    for frame in truth['frames']:
        stamp = f'{frame["stamp"]:.6f}'
        if not frame['faces'] and not frame['cut']:
            writer.writerow([stamp, *[''] * 8])
        for face in frame['faces']:
            person = truth['people'][face['person']]
            name = f'{person["name"]}, visit {face["appearance"]}'
            row = [stamp, *face['box'], person['emotion'], person['gender'], name, '']
            writer.writerow(row)
        # Faces mostly outside the image are ignored.
        for box in frame['cut']:
            writer.writerow([stamp, *box, '', '', '', 1])
    return file.getvalue()


def main() -> int:
    """Write the file."""
    (DEMO / 'truth.csv').write_text(truth_csv(json.loads((DEMO / 'truth.json').read_text())))
    return 0


if __name__ == '__main__':
    sys.exit(main())
