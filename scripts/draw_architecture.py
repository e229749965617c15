# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Write docs/images/architecture.svg, the data flow of the node."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
import sys

PICTURE = Path(__file__).parents[1] / 'docs' / 'images' / 'architecture.svg'
WIDTH, HEIGHT = 1000, 640
LINE = 17  # pixels
HEAD = f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}"
  height="{HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="13">
<title>Data flow of the face_affect node</title>
<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8"
  orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="#444"/></marker></defs>
<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>
"""
OUTSIDE, EXECUTOR, WORKER, CORE = '#f2f2f2', '#dbe9f9', '#fdebd0', '#ddf0dc'


@dataclass(frozen=True)
class Frame:
    """A rectangle with a title in its top right corner, in pixels."""

    x: int
    y: int
    width: int
    height: int
    colour: str
    title: str

    def svg(self) -> str:
        """Return the SVG elements."""
        return (
            f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="8" '
            f'fill="{self.colour}"/>\n<text x="{self.x + self.width - 12}" y="{self.y + 20}" '
            f'text-anchor="end" font-weight="bold">{escape(self.title)}</text>\n'
        )


@dataclass(frozen=True)
class Node:
    """A box with centred lines of text, the first one bold, in pixels."""

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]

    def svg(self) -> str:
        """Return the SVG elements."""
        middle = self.x + self.width / 2
        top = self.y + self.height / 2 - LINE * (len(self.lines) - 1) / 2 + 4
        texts = [
            f'<text x="{middle:g}" y="{top + LINE * row:g}" text-anchor="middle" '
            f'font-weight="{"normal" if row else "bold"}">{escape(line)}</text>\n'
            for row, line in enumerate(self.lines)
        ]
        return (
            f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="5" '
            f'fill="white" stroke="#666"/>\n{"".join(texts)}'
        )


@dataclass(frozen=True)
class Arrow:
    """A polyline with an arrowhead at its end and a label at ``at``, in pixels."""

    points: tuple[tuple[int, int], ...]
    label: str = ''
    at: tuple[int, int] = (0, 0)

    def svg(self) -> str:
        """Return the SVG elements."""
        points = ' '.join(f'{x},{y}' for x, y in self.points)
        x, y = self.at
        text = f'<text x="{x}" y="{y}" fill="#444" font-size="12">{escape(self.label)}</text>\n'
        return (
            f'<polyline points="{points}" fill="none" stroke="#444" stroke-width="1.5" '
            f'marker-end="url(#head)"/>\n{text if self.label else ""}'
        )


FRAMES = (
    Frame(10, 10, 170, 620, OUTSIDE, 'Other processes'),
    Frame(200, 10, 590, 150, EXECUTOR, 'Executor thread (face_affect/ros)'),
    Frame(200, 180, 590, 450, WORKER, 'Worker thread (face_affect/ros)'),
    Frame(225, 305, 540, 170, CORE, 'Pipeline (face_affect/core, no ROS)'),
    Frame(810, 10, 180, 620, OUTSIDE, 'Topics, services, action'),
)
NODES = (
    Node(25, 50, 140, 60, ('camera driver',)),
    Node(25, 520, 140, 80, ('camera driver', 'CameraInfo,', 'depth image')),
    Node(220, 45, 150, 70, ('ImageSubscription', 'serialised bytes')),
    Node(420, 45, 150, 70, ('Mailbox', 'one slot,', 'the newest wins')),
    Node(620, 45, 150, 70, ('Node', 'parameters, lifecycle,', 'timers, services')),
    Node(215, 215, 170, 66, ('read_message, decode', 'CDR to a BGR or gray', 'view of the bytes')),
    Node(420, 215, 150, 66, ('ImageIntake', 'order of stamps,', 'change of size')),
    Node(240, 340, 110, 50, ('Detector', 'upright image')),
    Node(380, 340, 110, 50, ('Tracker', 'ids')),
    Node(520, 340, 110, 50, ('crop_views', 'one per task')),
    Node(520, 410, 110, 50, ('Classifier', 'one per task')),
    Node(380, 410, 110, 50, ('Smoother', 'one per task')),
    Node(240, 410, 110, 50, ('FrameResult',)),
    Node(225, 520, 150, 66, ('FaceLocaliser', 'bearing, position', '(by parameter)')),
    Node(420, 520, 150, 66, ('ResultTopics', 'messages with the', "image's header")),
    Node(620, 520, 150, 66, ('DebugImages', 'annotate, saliency;', 'while subscribed')),
    Node(825, 50, 150, 70, ('~/enable', '~/get_faces', '/diagnostics')),
    Node(825, 300, 150, 100, ('~/faces', '~/markers', '~/detections', '/tf')),
    Node(825, 420, 150, 50, ('~/wait_for_affect', 'action')),
    Node(825, 520, 150, 66, ('~/debug_image', '(also compressed)', '~/saliency')),
)
ARROWS = (
    Arrow(((165, 80), (220, 80)), 'image', (176, 72)),
    Arrow(((370, 80), (420, 80)), 'put', (384, 72)),
    Arrow(((495, 115), (495, 170), (300, 170), (300, 215)), 'take', (503, 140)),
    Arrow(((385, 248), (420, 248))),
    Arrow(((495, 281), (495, 322), (295, 322), (295, 340))),
    Arrow(((350, 365), (380, 365))),
    Arrow(((490, 365), (520, 365))),
    Arrow(((575, 390), (575, 410))),
    Arrow(((520, 435), (490, 435))),
    Arrow(((380, 435), (350, 435))),
    Arrow(((295, 460), (295, 520))),
    Arrow(((165, 555), (225, 555))),
    Arrow(((375, 553), (420, 553))),
    Arrow(((570, 553), (620, 553)), 'after', (578, 545)),
    Arrow(((495, 520), (495, 495), (795, 495), (795, 350), (825, 350)), 'publish', (700, 489)),
    Arrow(((795, 445), (825, 445))),
    Arrow(((770, 553), (825, 553))),
    Arrow(((770, 80), (825, 80))),
)


def svg() -> str:
    """Return the drawing as SVG."""
    return HEAD + ''.join(item.svg() for item in (*FRAMES, *NODES, *ARROWS)) + '</svg>\n'


def main() -> int:
    """Write the drawing."""
    PICTURE.write_text(svg(), encoding='utf-8')
    return 0


if __name__ == '__main__':
    sys.exit(main())
