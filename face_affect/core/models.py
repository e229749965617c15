# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Model sidecars: what the JSON beside a .tflite says is what runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
import glob
import hashlib
import json
import math
import os
from pathlib import Path
import re
from typing import Any

from face_affect.core.regular_files import read_regular_file
from face_affect.core.settings import ModelNames
from face_affect.core.strict_json import to_json
from face_affect.core.tasks import TASKS
from face_affect.core.text import printable

PACKAGE = Path(__file__).resolve().parents[1]
INSTALLED = PACKAGE / 'models'
DETECTION = 'face_detection'
# The labels that a network for each task must have. A '…_saliency' network explains a
# classifier, see ``face_affect.core.saliency``.
_LABELS = {f'{task.name}{suffix}': task.labels for suffix in ('', '_saliency') for task in TASKS}
MODEL_TASKS = (DETECTION, *_LABELS)

# Logits divided by less or more give no probabilities of use, or none at all.
TEMPERATURES = (0.01, 100.0)
MAX_FACTOR = 1e6  # of the input's scale and offset
# Far above what ships: sidecars of 2 kB, networks of 1 MB
MAX_SIDECAR_BYTES = 2**20
MAX_NETWORK_BYTES = 2**26


class ModelError(Exception):
    """A model cannot be used; the message says which, why, and what to do, and is printable."""

    def __init__(self, message: str) -> None:
        """Make the message fit for logs: parts of it came from parameters and files."""
        super().__init__(printable(message))


@dataclass(frozen=True)
class CropGeometry:
    """Where a classifier's picture lies, measured from a detector's box.

    With s = sqrt(width * height) of the box, the crop is an upright square of
    side ``scale`` * s, its centre moved from the box's by (``dx``, ``dy``) * s.
    """

    scale: float
    dx: float = 0.0
    dy: float = 0.0

    def __post_init__(self) -> None:
        """Validate the ranges.

        Raises:
            ValueError: ``scale`` is not in 0.2..5, or a shift exceeds 1.

        """
        if not (0.2 <= self.scale <= 5 and abs(self.dx) <= 1 and abs(self.dy) <= 1):
            raise ValueError(
                f'crop is {self}, but scale must be from 0.2 to 5, dx and dy from -1 to 1'
            )


@dataclass(frozen=True)
class InputFormat:
    """The network's input: value = pixel * ``scale`` + ``offset``.

    ``width`` and ``height`` in pixels; ``colour`` is 'gray' or 'rgb'.
    """

    width: int
    height: int
    colour: str
    scale: float
    offset: float

    def __post_init__(self) -> None:
        """Refuse what no network here can have.

        Raises:
            ValueError: colour, size or a number is out of range.

        """
        if self.colour not in ('gray', 'rgb'):
            raise ValueError(f"input colour {self.colour!r} is neither 'gray' nor 'rgb'")
        if not (8 <= self.width <= 4096 and 8 <= self.height <= 4096):
            raise ValueError(f'input size {self.width}x{self.height} is out of range')
        if not (
            isinstance(self.width, int)
            and isinstance(self.height, int)
            and 1 / MAX_FACTOR <= abs(self.scale) <= MAX_FACTOR
            and abs(self.offset) <= MAX_FACTOR
        ):
            raise ValueError(f'input {self} has numbers of the wrong kind')

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The input tensor's shape [1, H, W, C]."""
        return 1, self.height, self.width, 1 if self.colour == 'gray' else 3


@dataclass(frozen=True)
class Head:
    """One of several answers of a classifier: the name of what it was taught, and its temperature.

    See ``Sidecar.heads``.
    """

    name: str
    temperature: float


@dataclass(frozen=True)
class Sidecar:
    """A model's description, ``NAME.json`` beside ``NAME.tflite``.

    ``labels`` in the order of the outputs; for a detector, of its landmarks.
    ``crop`` holds a geometry for each detector that the classifier was
    calibrated for. ``temperature`` divides the logits before softmax
    (Guo et al. 2017). ``parameters`` and ``macs`` count weights and
    multiply-accumulates; ``accuracy`` maps the name of a test to 0..1.

    A classifier that was taught several kinds of labels has ``heads``: its output holds the
    logits of all labels by the first head, then by the next. ``head`` is the name of the one that
    answers, the first unless another is selected, and ``temperature`` is its.

    A detector at another input size has the name of the original, with the same weights, as
    ``variant_of``.
    """

    path: Path
    name: str
    task: str
    sha256: str
    labels: tuple[str, ...]
    input: InputFormat
    quantisation: str
    parameters: int
    macs: int
    licence: str
    training: Mapping[str, Any] = field(default_factory=dict)
    accuracy: Mapping[str, float] = field(default_factory=dict)
    crop: Mapping[str, CropGeometry] = field(default_factory=dict)
    temperature: float = 1.0
    heads: tuple[Head, ...] = ()
    head: str | None = None
    variant_of: str | None = None

    @property
    def calibrated_as(self) -> str:
        """The name of the detector for whose boxes classifiers are calibrated."""
        return self.variant_of or self.name

    @property
    def tflite(self) -> Path:
        """The network file."""
        return self.path.with_suffix('.tflite')

    @property
    def logits(self) -> int:
        """The number of logits of a classifier, of all heads together."""
        return len(self.labels) * max(1, len(self.heads))

    @property
    def answer(self) -> slice:
        """Which of a classifier's logits are those of the head that answers."""
        names = [head.name for head in self.heads]
        start = names.index(self.head) * len(self.labels) if self.head else 0
        return slice(start, start + len(self.labels))

    def with_head(self, name: str) -> Sidecar:
        """Return the same model with head ``name`` answering.

        Raises:
            ModelError: it has no such head.

        """
        for head in self.heads:
            if head.name == name:
                return replace(self, head=name, temperature=head.temperature)
        known = ', '.join(head.name for head in self.heads) or 'a single, unnamed one'
        raise ModelError(f'model {self.name} has no head {name!r}, but {known}')

    def crop_for(self, detector: str) -> CropGeometry:
        """Return the crop geometry for boxes of that detector.

        Raises:
            ModelError: the classifier was never calibrated for it.

        """
        if detector not in self.crop:
            raise ModelError(
                f'model {self.name} has no crop geometry for detector {detector!r}, only for '
                f'{sorted(self.crop)}; calibrate it with python -m training.calibrate'
            )
        return self.crop[detector]

    def network_bytes(self) -> bytes:
        """Return the network file's content after comparing its hash.

        Raises:
            ModelError: the file is missing, unreadable or not the one described.

        """
        content = _read(self.tflite, MAX_NETWORK_BYTES)
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise ModelError(
                f'model {self.name}: {self.tflite} has sha256 {found[:12]}…, but its sidecar says '
                f'{self.sha256[:12]}…; the file was altered or belongs to another version'
            )
        return content


def _read(path: Path, limit: int) -> bytes:
    """Return a file's content.

    Raises:
        ModelError: it cannot be read, is not a regular file, or is longer than ``limit`` bytes.

    """
    try:
        content = read_regular_file(path, limit + 1)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise ModelError(
            f'cannot read {path}: {getattr(error, "strerror", None) or error}'
        ) from error
    if len(content) > limit:
        raise ModelError(f'cannot read {path}: it is longer than {limit} bytes')
    return content


def _parse(path: Path, values: dict[str, Any]) -> Sidecar:
    values = dict(values)
    known = {item.name for item in fields(Sidecar)} - {'path'}
    if unknown := sorted(set(values) - known):
        raise ValueError(f'unknown keys {unknown}: remove them; known are {sorted(known)}')
    values['labels'] = tuple(values['labels'])
    values['input'] = InputFormat(**values['input'])
    values['crop'] = {
        name: CropGeometry(**geometry) for name, geometry in values.get('crop', {}).items()
    }
    heads = tuple(Head(**head) for head in values.pop('heads', ()))
    if heads:
        for key in ('head', 'temperature'):
            if key in values:
                raise ValueError(
                    f'{key} stands beside heads, which have names and temperatures: remove it'
                )
        values.update(heads=heads, head=heads[0].name, temperature=heads[0].temperature)
    sidecar = Sidecar(path=path, **values)
    _check(sidecar)
    return sidecar


def _check(sidecar: Sidecar) -> None:
    """Refuse what no model here can have.

    Raises:
        TypeError: a value is of the wrong kind.
        ValueError: a value is wrong.

    """
    if sidecar.task not in MODEL_TASKS:
        raise ValueError(f'task is {sidecar.task!r}, but must be one of {", ".join(MODEL_TASKS)}')
    for temperature in (sidecar.temperature, *(head.temperature for head in sidecar.heads)):
        low, high = TEMPERATURES
        if not low <= temperature <= high:
            raise ValueError(f'temperature is {temperature}, but must be from {low:g} to {high:g}')
    names = [head.name for head in sidecar.heads]
    if len(set(names)) < len(names) or not all(re.fullmatch(r'\w+', name) for name in names):
        raise ValueError(f'heads {names} must be different words')
    if sidecar.head is not None and sidecar.head not in names:
        raise ValueError(f'head is {sidecar.head!r}, but heads has {names}')
    for name, value in sidecar.accuracy.items():
        if not math.isfinite(value):
            raise ValueError(f'accuracy {name!r} is {value}, but must be finite')
    if not re.fullmatch(r'\w[\w.-]{0,63}', sidecar.name):
        raise ValueError(f'name {sidecar.name!r} is not a word of at most 64 characters')
    if not re.fullmatch('[0-9a-f]{64}', sidecar.sha256):
        raise ValueError(f'sha256 is {sidecar.sha256!r}, but must be 64 hexadecimal digits')
    labels = _LABELS.get(sidecar.task, sidecar.labels)
    if sidecar.labels != labels:
        raise ValueError(f'labels {sidecar.labels} are not {labels}')


def _refuse_constant(name: str) -> float:
    raise ValueError(f'{name} is not JSON')


def read_sidecar(path: Path) -> Sidecar:
    """Read a sidecar.

    Raises:
        ModelError: it is missing, no file, too long, no JSON, or a key is missing, unknown or
            wrong.

    """
    content = _read(path, MAX_SIDECAR_BYTES)
    try:
        return _parse(path, json.loads(content.decode(), parse_constant=_refuse_constant))
    except KeyError as error:
        raise ModelError(f'model sidecar {path} is not usable: it has no {error}') from error
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise ModelError(f'model sidecar {path} is not usable: {error}') from error


def write_sidecar(sidecar: Sidecar) -> None:
    """Write ``sidecar`` to its path as JSON."""
    values = {
        item.name: getattr(sidecar, item.name) for item in fields(Sidecar) if item.name != 'path'
    }
    values['input'] = vars(sidecar.input)
    values['crop'] = {name: vars(geometry) for name, geometry in sidecar.crop.items()}
    values['heads'] = [vars(head) for head in sidecar.heads]
    # With heads each has its temperature; which answers is up to the reader.
    for name in ('head', 'temperature') if sidecar.heads else ('head', 'heads'):
        del values[name]
    if sidecar.variant_of is None:
        del values['variant_of']
    text = to_json(values, indent=2, ensure_ascii=False)
    sidecar.path.write_text(text + '\n', encoding='utf-8')


def models_folder() -> Path:
    """Return the folder of the models.

    That is the one that the environment variable FACE_AFFECT_MODELS names; else the installed
    one; else that of the source tree.
    """
    if named := os.environ.get('FACE_AFFECT_MODELS'):
        return Path(named)
    return INSTALLED if INSTALLED.is_dir() else PACKAGE.parent / 'models'


def available_models() -> list[Sidecar]:
    """Return the sidecars of all models that come with the package, by name."""
    return [read_sidecar(path) for path in sorted(models_folder().glob('*.json'))]


def find_model(name: str, task: str) -> Sidecar:
    """Return the sidecar called ``name``, or at the absolute path ``name``, for ``task``.

    ``name:HEAD`` selects which head of the classifier answers.

    Raises:
        ModelError: there is none, it is for another task, or has no such head.

    """
    selected = re.fullmatch(r'(.+):(\w+)', name, re.DOTALL)
    name, head = selected.groups() if selected else (name, None)
    path = Path(name)
    if not path.is_absolute():
        known = {path.stem: path for path in sorted(models_folder().glob('*.json'))}
        if name not in known:
            raise ModelError(
                f"no model '{printable(name, 100)}' in {models_folder()}; there are "
                f'{", ".join(known) or "none"}. An installation has the default networks only: '
                f'for another one, clone the source repository and give the absolute path of its '
                'models/NAME.json, or set FACE_AFFECT_MODELS to its folder models'
            )
        path = known[name]
    sidecar = read_sidecar(path)
    if sidecar.task != task:
        raise ModelError(f'model {sidecar.name} is for {sidecar.task}, not for {task}')
    return sidecar.with_head(head) if head else sidecar


def variant_path(detector: Sidecar, width: int) -> Path:
    """Return where the sidecar of ``detector`` with an input of ``width`` pixels lies."""
    return detector.path.with_name(f'{detector.path.stem}_{width}.json')


def _variant_widths(detector: Sidecar) -> Iterator[int]:
    """Yield the widths for which a variant of ``detector`` lies beside it."""
    prefix = f'{detector.path.stem}_'
    for path in detector.path.parent.glob(f'{glob.escape(prefix)}*.json'):
        if path.stem.removeprefix(prefix).isdecimal():
            yield int(path.stem.removeprefix(prefix))


def find_detector(name: str, width: int) -> Sidecar:
    """Return the sidecar of detector ``name``, see ``find_model``, or of its variant of ``width``.

    ``width`` of the network's input in pixels.

    Raises:
        ModelError: there is none, or it is the variant of another version or width.

    """
    detector = find_model(name, DETECTION)
    if detector.input.width == width:
        return detector
    path = variant_path(detector, width)
    if not path.exists():
        known = ' or '.join(map(str, sorted({detector.input.width, *_variant_widths(detector)})))
        raise ModelError(
            f'detector {detector.name} has no variant for detection_width {width}: {path} does '
            f'not exist; set detection_width to {known}, or export the variant with '
            'python -m training.detector_widths'
        )
    variant = read_sidecar(path)
    made_from = variant.task, variant.variant_of, variant.training.get('sha256')
    if made_from != (DETECTION, detector.name, detector.sha256):
        raise ModelError(
            f'model {variant.name} is not a variant of this version of {detector.name}; export it '
            'again with python -m training.detector_widths'
        )
    if variant.input.width != width:
        raise ModelError(
            f'model {path}: its input is {variant.input.width} pixels wide, not {width} as its '
            'name says; export it again with python -m training.detector_widths'
        )
    return variant


def find_models(names: ModelNames) -> tuple[Sidecar, ...]:
    """Return the sidecars of the detector and of the classifier of each of TASKS.

    Raises:
        ModelError: one is missing, or for another task.

    """
    classifiers = (find_model(names.of(task), task.name) for task in TASKS)
    return (find_detector(names.detector, names.detection_width), *classifiers)
