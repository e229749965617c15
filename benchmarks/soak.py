# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Run a soak test: replay frames through the node at full speed and watch its resources.

    make soak                          # 200,000 frames; files in soak_output
    python -m benchmarks.soak --frames 5000

The demo bag is played in a loop to a node in its own process. The test passes (exit code 0) if
after the warm-up memory grew by less than 5 MB, threads and file descriptors did not increase,
and every received frame was processed or dropped with a reason.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
import os
from pathlib import Path
import platform
import shutil
import struct
import sys
import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from face_affect_msgs.msg import FaceAffectArray
import matplotlib
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile
from rosbags.highlevel import AnyReader
from sensor_msgs.msg import CompressedImage
from tqdm import tqdm

from benchmarks.machine import processor, running
from face_affect.core.strict_json import to_json
from support.command_line import module_parser
from support.footprint import Footprint
from support.ros_domain import free_domain

BAG = Path(__file__).resolve().parents[1] / 'demo' / 'bag'
TOPIC = '/camera/image_raw/compressed'
# Frames in flight: one being processed, one in the mailbox, and one that replaces it
AHEAD = 3
# Duration of the warm-up as a fraction of all frames, and its minimum in frames
WARM_UP, SHORTEST_WARM_UP = 0.1, 1000
ALLOWED_GROWTH = 5e6  # bytes
PATIENCE = 30.0  # seconds without a result after which the node counts as dead
LOST = 0.2  # seconds without a result after which frames in flight count as lost
# Frames after which the subscription to the debug image is created or destroyed
STRETCH = 200


def bag_frames() -> list[bytearray]:
    """Return the images of the demo bag as CDR, with seconds and nanoseconds at bytes 4 and 8."""
    with AnyReader([BAG]) as reader:
        wanted = [each for each in reader.connections if each.topic == TOPIC]
        return [bytearray(data) for _, _, data in reader.messages(wanted)]


@dataclass(frozen=True)
class Sample:
    """Frame counts and footprint of the node at one time, ``seconds`` after the start."""

    seconds: float
    received: int
    processed: int
    dropped: dict[str, int]
    footprint: Footprint


@dataclass
class Soak:
    """One run: numbers of sent frames and received messages, and the node's reports."""

    sent: int = 0
    results: int = 0
    debug_images: int = 0
    seconds: float = 0.0
    models: str = ''
    samples: list[Sample] = field(default_factory=list)

    @property
    def warm_up(self) -> int:
        """The number of frames of the warm-up."""
        return max(round(WARM_UP * self.sent), SHORTEST_WARM_UP)

    @property
    def warm(self) -> list[Sample]:
        """The samples after the warm-up, at least the last one."""
        warm = [sample for sample in self.samples if sample.received >= self.warm_up]
        return warm or self.samples[-1:]

    @property
    def growth(self) -> int:
        """The growth of memory since the warm-up, bytes."""
        return self.warm[-1].footprint.memory - self.warm[0].footprint.memory

    def faults(self) -> list[str]:
        """Return the failed checks as text."""
        first, last = self.warm[0].footprint, self.samples[-1]
        now = last.footprint
        dropped = sum(last.dropped.values())
        checks = {
            f'only {last.received} of {self.sent} frames were received': last.received
            < 2 * self.warm_up,
            f'memory grew by {self.growth / 1e6:.1f} MB': self.growth >= ALLOWED_GROWTH,
            f'threads rose from {first.threads} to {now.threads}': now.threads > first.threads,
            f'file descriptors rose from {first.files} to {now.files}': now.files > first.files,
            f'{last.received} frames received, but {last.processed} processed and {dropped} '
            'dropped': last.received != last.processed + dropped,
            f'{self.results} results for {last.processed} processed frames': self.results
            != last.processed,
        }
        return [text for text, wrong in checks.items() if wrong]


class SoakClient:
    """Publishes frames for the node, and subscribes to its results and diagnostics."""

    def __init__(self, domain: int, pid: int) -> None:
        """Create publisher and subscriptions in ROS domain ``domain``; ``pid`` of the node."""
        self._pid = pid
        self._frames = bag_frames()
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=domain)
        self._node = rclpy.create_node('soak', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._publisher = self._node.create_publisher(
            CompressedImage, '/image/compressed', QoSProfile(depth=10)
        )
        self._node.create_subscription(
            FaceAffectArray, '/face_affect/faces', self._on_result, QoSProfile(depth=10)
        )
        self._node.create_subscription(DiagnosticArray, '/diagnostics', self._on_report, 10)
        self._debug_subscription: Any = None
        self._newest = 0
        self._heard = time.monotonic()
        self._soak = Soak()
        self._start = time.monotonic()

    def run(self, frames: int) -> Soak:
        """Publish ``frames`` frames; return the run.

        Raises:
            TimeoutError: there is no subscription, result or report within PATIENCE.

        """
        self._wait(lambda: self._publisher.get_subscription_count() > 0, 'no subscription')
        soak = self._soak
        self._start = self._heard = time.monotonic()
        with tqdm(total=frames, unit='frame', disable=None) as bar:
            while soak.sent < frames:
                while soak.sent < frames and soak.sent - self._newest < AHEAD:
                    self._send()
                    bar.update()
                self._executor.spin_once(timeout_sec=LOST / 4)
                self._check_losses()
        soak.seconds = time.monotonic() - self._start
        sent = len(soak.samples)
        # The next report may be older than the last frames; the one after is not.
        self._wait(lambda: len(soak.samples) >= sent + 2, 'no last report')
        return soak

    def close(self) -> None:
        """Destroy the ROS node and its context."""
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)

    def _send(self) -> None:
        self._soak.sent += 1
        data = self._frames[self._soak.sent % len(self._frames)]
        # The stamp encodes the frame number, at 30 frames per second.
        seconds, rest = divmod(self._soak.sent, 30)
        struct.pack_into('<iI', data, 4, 1 + seconds, rest * 1_000_000_000 // 30)
        self._publisher.publish(bytes(data))
        if self._soak.sent % STRETCH == 0:
            self._change_debug_subscription()

    def _change_debug_subscription(self) -> None:
        if self._debug_subscription is None:
            self._debug_subscription = self._node.create_subscription(
                CompressedImage, '/face_affect/debug_image/compressed', self._on_debug_image, 1
            )
        else:
            self._node.destroy_subscription(self._debug_subscription)
            self._debug_subscription = None

    def _on_result(self, result: FaceAffectArray) -> None:
        stamp = result.header.stamp
        self._newest = (stamp.sec - 1) * 30 + round(stamp.nanosec * 30 / 1e9)
        self._soak.results += 1
        self._heard = time.monotonic()

    def _on_debug_image(self, image: CompressedImage) -> None:
        self._soak.debug_images += 1

    def _on_report(self, report: DiagnosticArray) -> None:
        values = {item.key: item.value for item in report.status[0].values}
        self._soak.models = ', '.join(
            value.split()[0] for key, value in values.items() if key.endswith(' model')
        )
        self._soak.samples.append(
            Sample(
                time.monotonic() - self._start,
                int(values['frames received']),
                int(values['frames processed']),
                {
                    key.removeprefix('dropped: '): int(value)
                    for key, value in values.items()
                    if key.startswith('dropped: ')
                },
                Footprint.of(self._pid),
            )
        )

    def _check_losses(self) -> None:
        silence = time.monotonic() - self._heard
        if silence > PATIENCE:
            raise TimeoutError(f'no result from the node for {PATIENCE:.0f} s')
        if silence > LOST:
            self._newest = self._soak.sent

    def _wait(self, condition: Any, complaint: str) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError(f'{complaint} within {PATIENCE:.0f} s')
            self._executor.spin_once(timeout_sec=0.1)


NODE = (
    'face_affect_node',
    '--ros-args',
    '-p',
    'autostart:=true',
    '-p',
    'image_transport:=compressed',
    '-p',
    'qos_overrides./image/compressed.subscription.reliability:=reliable',
    '-p',
    'qos_overrides./image/compressed.subscription.depth:=10',
)


def soak_report(soak: Soak) -> str:
    """Return the run as Markdown."""
    last, first = soak.samples[-1], soak.warm[0].footprint
    drops = ', '.join(f'{count} {reason}' for reason, count in last.dropped.items()) or 'none'
    faults = soak.faults()
    return f"""# Soak test

`make soak FRAMES={soak.sent}` on {processor()}, Python {platform.python_version()}.

| | |
|---|---|
| networks | {soak.models} |
| frames sent | {soak.sent:,} in {soak.seconds:.0f} s, {soak.sent / soak.seconds:.0f} per second |
| received by the node | {last.received:,} |
| processed | {last.processed:,} |
| dropped | {drops} |
| results received | {soak.results:,} |
| debug images received | {soak.debug_images:,} |
| memory after the warm-up, at the end | {first.memory / 1e6:.1f}, \
{last.footprint.memory / 1e6:.1f} MB ({soak.growth / 1e6:+.1f}) |
| threads | {first.threads}, {last.footprint.threads} |
| file descriptors | {first.files}, {last.footprint.files} |
| verdict | {'; '.join(faults) or 'passed'} |

![Memory, threads and file descriptors over the frames](soak.png)
"""


def draw(soak: Soak, path: Path) -> None:
    """Plot memory, threads and descriptors over the frames received."""
    matplotlib.use('Agg')
    from matplotlib import pyplot as plt

    figure, (upper, lower) = plt.subplots(2, 1, sharex=True, figsize=(8, 5))
    frames = [sample.received for sample in soak.samples]
    upper.plot(frames, [sample.footprint.memory / 1e6 for sample in soak.samples])
    upper.axvline(soak.warm_up, color='gray', linestyle=':', label='end of the warm-up')
    upper.set(ylabel='resident memory, MB')
    upper.legend()
    lower.plot(frames, [sample.footprint.threads for sample in soak.samples], label='threads')
    lower.plot(
        frames, [sample.footprint.files for sample in soak.samples], label='file descriptors'
    )
    lower.set(xlabel='frames received', ylim=(0, 1.2 * lower.get_ylim()[1]))
    lower.legend()
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


def main() -> int:
    """Run the command line; return the exit code: 0 passed, 1 failed, 2 error."""
    parser = module_parser('benchmarks.soak', __doc__)
    parser.add_argument(
        '--frames',
        type=int,
        default=200_000,
        help=f'number of frames, at least {2 * SHORTEST_WARM_UP} (default: %(default)s)',
    )
    parser.add_argument(
        '--output',
        type=Path,
        default=Path('soak_output'),
        help='the folder for report, numbers and plot (default: %(default)s)',
    )
    arguments = parser.parse_args()
    if arguments.frames < 2 * SHORTEST_WARM_UP:
        parser.error(
            f'--frames is {arguments.frames}, but must be at least {2 * SHORTEST_WARM_UP}'
        )
    if shutil.which('face_affect_node') is None:
        print('error: face_affect_node is not on the PATH; run `. ./env.sh`', file=sys.stderr)
        return 2
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    domain = free_domain()
    environment = {
        **os.environ,
        'ROS_DOMAIN_ID': str(domain),
        'ROS_LOG_DIR': str(output / 'ros_log'),
    }
    with running(NODE, environment, output / 'node.log') as pid:
        client = SoakClient(domain, pid)
        try:
            soak = client.run(arguments.frames)
        except TimeoutError as error:
            print(f'error: {error}; see {output}/node.log', file=sys.stderr)
            return 1
        finally:
            client.close()
    (output / 'soak.json').write_text(to_json(asdict(soak)))
    (output / 'soak.md').write_text(soak_report(soak))
    draw(soak, output / 'soak.png')
    print(soak_report(soak))
    return 1 if soak.faults() else 0


if __name__ == '__main__':
    sys.exit(main())
