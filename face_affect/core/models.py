# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Model sidecars: the JSON file beside a .tflite that describes it, validated at loading."""

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
# The required labels of each task. A '…_saliency' network explains a classifier, see
# ``face_affect.core.saliency``.
_LABELS = {f'{task.name}{suffix}': task.labels for suffix in ('', '_saliency') for task in TASKS}
MODEL_TASKS = (DETECTION, *_LABELS)

# Beyond these limits probabilities are uniform, one-hot or not finite.
TEMPERATURES = (0.01, 100.0)
MAX_FACTOR = 1e6  # of the input's scale and offset
# The package's own sidecars have 2 kB, its networks up to 1 MB.
MAX_SIDECAR_BYTES = 2**20
MAX_NETWORK_BYTES = 2**26


class ModelError(Exception):
    """A model cannot be used; the printable message has its name, the reason and the remedy."""

    def __init__(self, message: str) -> None:
        """Escape the message, since parts of it come from parameters and files."""
        super().__init__(printable(message))


@dataclass(frozen=True)
class CropGeometry:
    """The geometry of a classifier's crop relative to a detector's box.

    With s = sqrt(width * height) of the box, the crop is a square of side ``scale`` * s, whose
    centre is shifted from that of the box by (``dx``, ``dy``) * s. The crop of a rolled face is
    rotated with it.
    """

    scale: float
    dx: float = 0.0
    dy: float = 0.0

    def __post_init__(self) -> None:
        """Validate the ranges.

        Raises:
            ValueError: ``scale`` is not in 0.2..5, or ``dx`` or ``dy`` not in -1..1.

        """
        if not (0.2 <= self.scale <= 5 and abs(self.dx) <= 1 and abs(self.dy) <= 1):
            raise ValueError(
                f'crop is {self}, but scale must be from 0.2 to 5, and dx and dy from -1 to 1'
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
        """Validate the values.

        Raises:
            ValueError: colour, size, scale or offset is out of range.

        """
        if self.colour not in ('gray', 'rgb'):
            raise ValueError(f"input colour is {self.colour!r}, but must be 'gray' or 'rgb'")
        if not (8 <= self.width <= 4096 and 8 <= self.height <= 4096):
            raise ValueError(
                f'input size is {self.width}x{self.height}, but must be from 8 to 4096 pixels per '
                'side'
            )
        if not (
            isinstance(self.width, int)
            and isinstance(self.height, int)
            and 1 / MAX_FACTOR <= abs(self.scale) <= MAX_FACTOR
            and abs(self.offset) <= MAX_FACTOR
        ):
            raise ValueError(
                f'input is {self}, but width and height must be whole numbers, |scale| from '
                f'{1 / MAX_FACTOR:g} to {MAX_FACTOR:g} and |offset| at most {MAX_FACTOR:g}'
            )

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The input tensor's shape [1, H, W, C]."""
        return 1, self.height, self.width, 1 if self.colour == 'gray' else 3


@dataclass(frozen=True)
class Head:
    """One output head of a classifier: the name of its training labels, and its temperature.

    See ``Sidecar.heads``.
    """

    name: str
    temperature: float


@dataclass(frozen=True)
class Sidecar:
    """A model's description, ``NAME.json`` beside ``NAME.tflite``.

    ``labels`` in the order of the outputs; of a detector, in that of its landmarks. ``crop`` has
    a geometry for each detector that the classifier is calibrated for. ``temperature`` divides
    the logits before softmax (Guo et al. 2017). ``parameters`` and ``macs`` are the numbers of
    weights and of multiply-accumulates; ``accuracy`` maps the name of a test set to 0..1.

    A classifier trained on several kinds of labels has ``heads``: its output is the logits of
    the first head, followed by those of the next. ``head`` is the name of the selected one, by
    default the first, and ``temperature`` belongs to it.

    ``variant_of`` is set for a detector exported at another input size: the name of the original
    with the same weights.
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
        """The detector name that classifiers are calibrated for."""
        return self.variant_of or self.name

    @property
    def tflite(self) -> Path:
        """The path of the network file."""
        return self.path.with_suffix('.tflite')

    @property
    def logits(self) -> int:
        """The total number of a classifier's logits, of all heads."""
        return len(self.labels) * max(1, len(self.heads))

    @property
    def answer(self) -> slice:
        """The slice of a classifier's logits that belongs to the selected head."""
        names = [head.name for head in self.heads]
        start = names.index(self.head) * len(self.labels) if self.head else 0
        return slice(start, start + len(self.labels))

    def with_head(self, name: str) -> Sidecar:
        """Return the same model with head ``name`` selected.

        Raises:
            ModelError: it has no such head.

        """
        for head in self.heads:
            if head.name == name:
                return replace(self, head=name, temperature=head.temperature)
        known = ', '.join(head.name for head in self.heads) or 'a single, unnamed one'
        raise ModelError(f'model {self.name} has no head {name!r}; it has {known}')

    def crop_for(self, detector: str) -> CropGeometry:
        """Return the crop geometry for boxes of that detector.

        Raises:
            ModelError: the classifier is not calibrated for it.

        """
        if detector not in self.crop:
            raise ModelError(
                f'model {self.name} has no crop geometry for detector {detector!r}, only for '
                f'{sorted(self.crop)}; calibrate it with python -m training.calibrate'
            )
        return self.crop[detector]

    def network_bytes(self) -> bytes:
        """Return the content of the network file after verifying its SHA-256.

        Raises:
            ModelError: the file is missing, unreadable, too long or has another hash.

        """
        content = _read(self.tflite, MAX_NETWORK_BYTES)
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise ModelError(
                f'model {self.name}: {self.tflite} has sha256 {found[:12]}…, but its sidecar says '
                f'{self.sha256[:12]}…; the file was altered or belongs to another version: '
                'install the model again'
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
        raise ModelError(f'cannot read {path}: it is longer than the limit of {limit} bytes')
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
                    f'{key} and heads exclude each other: remove {key}, which each of heads has'
                )
        values.update(heads=heads, head=heads[0].name, temperature=heads[0].temperature)
    sidecar = Sidecar(path=path, **values)
    _check(sidecar)
    return sidecar


def _check(sidecar: Sidecar) -> None:
    """Validate the values of a sidecar.

    Raises:
        TypeError: a value is of the wrong type.
        ValueError: a value is out of range.

    """
    if sidecar.task not in MODEL_TASKS:
        raise ValueError(f'task is {sidecar.task!r}, but must be one of {", ".join(MODEL_TASKS)}')
    for temperature in (sidecar.temperature, *(head.temperature for head in sidecar.heads)):
        low, high = TEMPERATURES
        if not low <= temperature <= high:
            raise ValueError(f'temperature is {temperature}, but must be from {low:g} to {high:g}')
    names = [head.name for head in sidecar.heads]
    if len(set(names)) < len(names) or not all(re.fullmatch(r'\w+', name) for name in names):
        raise ValueError(f'heads are {names}, but must be distinct words')
    if sidecar.head is not None and sidecar.head not in names:
        raise ValueError(f'head is {sidecar.head!r}, but must be one of {names}')
    for name, value in sidecar.accuracy.items():
        if not math.isfinite(value):
            raise ValueError(f'accuracy {name!r} is {value}, but must be finite')
    if not re.fullmatch(r'\w[\w.-]{0,63}', sidecar.name):
        raise ValueError(f'name is {sidecar.name!r}, but must be a word of at most 64 characters')
    if not re.fullmatch('[0-9a-f]{64}', sidecar.sha256):
        raise ValueError(f'sha256 is {sidecar.sha256!r}, but must be 64 hexadecimal digits')
    labels = _LABELS.get(sidecar.task, sidecar.labels)
    if sidecar.labels != labels:
        raise ValueError(f'labels are {sidecar.labels}, but must be {labels}')


def _refuse_constant(name: str) -> float:
    raise ValueError(f'{name} is not JSON; numbers must be finite')


def read_sidecar(path: Path) -> Sidecar:
    """Read and validate a sidecar.

    Raises:
        ModelError: it is missing, not a regular file, too long or not JSON, or a key is missing,
            unknown or out of range.

    """
    content = _read(path, MAX_SIDECAR_BYTES)
    try:
        return _parse(path, json.loads(content.decode(), parse_constant=_refuse_constant))
    except KeyError as error:
        raise ModelError(f'model sidecar {path} is not usable: key {error} is missing') from error
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
    # With heads, each has its temperature, and the user of the model selects one.
    for name in ('head', 'temperature') if sidecar.heads else ('head', 'heads'):
        del values[name]
    if sidecar.variant_of is None:
        del values['variant_of']
    text = to_json(values, indent=2, ensure_ascii=False)
    sidecar.path.write_text(text + '\n', encoding='utf-8')


def models_folder() -> Path:
    """Return the folder of the models.

    It is that of the environment variable FACE_AFFECT_MODELS, else that of the installation,
    else that of the source tree.
    """
    if named := os.environ.get('FACE_AFFECT_MODELS'):
        return Path(named)
    return INSTALLED if INSTALLED.is_dir() else PACKAGE.parent / 'models'


def available_models() -> list[Sidecar]:
    """Return the sidecars of all models in ``models_folder()``, sorted by file name.

    Raises:
        ModelError: one of them is not usable.

    """
    return [read_sidecar(path) for path in sorted(models_folder().glob('*.json'))]


def find_model(name: str, task: str) -> Sidecar:
    """Return the sidecar of model ``name``, or at the absolute path ``name``, for ``task``.

    ``name:HEAD`` selects a head of the classifier.

    Raises:
        ModelError: the model does not exist, is for another task, or has no such head.

    """
    selected = re.fullmatch(r'(.+):(\w+)', name, re.DOTALL)
    name, head = selected.groups() if selected else (name, None)
    path = Path(name)
    if not path.is_absolute():
        known = {path.stem: path for path in sorted(models_folder().glob('*.json'))}
        if name not in known:
            raise ModelError(
                f"no model '{printable(name, 100)}' in {models_folder()}; available are "
                f'{", ".join(known) or "none"}. Only the default networks are installed: for '
                'another one, clone the source repository and pass the absolute path of its '
                'models/NAME.json, or set FACE_AFFECT_MODELS to its folder models'
            )
        path = known[name]
    sidecar = read_sidecar(path)
    if sidecar.task != task:
        raise ModelError(f'model {sidecar.name} is for {sidecar.task}, not for {task}')
    return sidecar.with_head(head) if head else sidecar


def variant_path(detector: Sidecar, width: int) -> Path:
    """Return the sidecar path of the variant of ``detector`` with an input of ``width`` pixels."""
    return detector.path.with_name(f'{detector.path.stem}_{width}.json')


def _variant_widths(detector: Sidecar) -> Iterator[int]:
    """Yield the input widths of the variants in the folder of ``detector``."""
    prefix = f'{detector.path.stem}_'
    for path in detector.path.parent.glob(f'{glob.escape(prefix)}*.json'):
        if path.stem.removeprefix(prefix).isdecimal():
            yield int(path.stem.removeprefix(prefix))


def find_detector(name: str, width: int) -> Sidecar:
    """Return the sidecar of detector ``name``, or of its variant, with an input of ``width``.

    ``name`` as for ``find_model``; ``width`` in pixels.

    Raises:
        ModelError: it does not exist, or the variant has another version or width.

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
            f'model {path} has an input width of {variant.input.width} pixels, but its name says '
            f'{width}; export it again with python -m training.detector_widths'
        )
    return variant


def find_models(names: ModelNames) -> tuple[Sidecar, ...]:
    """Return the sidecars of the detector and of the classifiers in the order of TASKS.

    Raises:
        ModelError: one is missing or not usable, or for another task.

    """
    classifiers = (find_model(names.of(task), task.name) for task in TASKS)
    return (find_detector(names.detector, names.detection_width), *classifiers)
