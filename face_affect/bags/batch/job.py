# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""A picklable job (one recording), its outcome, and the metadata of its output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
import hashlib
import json
from pathlib import Path
from typing import Any

from face_affect.bags.recordings.bag_reader import BagRecording, RecordingError
from face_affect.core.images import MAX_COMPRESSED_PIXELS
from face_affect.core.models import Sidecar
from face_affect.core.settings import ModelNames, Settings
from face_affect.core.strict_json import to_json
from face_affect.core.text import printable

INFORMATION_KEY = 'face_affect'
# Increase this if the output changes for the same input, settings and models.
FORMAT = 3
HASH_BLOCK = 2**20  # bytes


@dataclass(frozen=True)
class Options:
    """How recordings are processed and what is written.

    ``topic``: of the images; None chooses one. ``keep``: copy the topics of the recording.
    ``images``: write annotated images. ``tables``: csv, parquet. ``storage``: mcap or sqlite3.
    ``pace``: process at the recording's rate. ``overwrite``: replace an output made otherwise.
    ``max_image_pixels``: maximum size (width x height) of a compressed image to decode.
    """

    settings: Settings = field(default_factory=Settings)
    models: ModelNames = field(default_factory=ModelNames)
    topic: str | None = None
    keep: bool = False
    images: bool = False
    tables: tuple[str, ...] = ()
    storage: str = 'mcap'
    pace: bool = False
    overwrite: bool = False
    max_image_pixels: int = MAX_COMPRESSED_PIXELS


@dataclass(frozen=True)
class Job:
    """A recording to process, and the path of the resulting bag."""

    source: str
    output: Path
    options: Options = field(default_factory=Options)


@dataclass(frozen=True)
class JobResult:
    """The outcome of a job.

    ``state``: done, skipped (the output is up to date), partial (the recording breaks off),
    interrupted or failed; ``frames``: the number of images read, of which ``dropped``, by
    reason, gave no result; ``elapsed``: seconds; ``error`` and ``notes``: texts for the user.
    """

    job: Job
    state: str
    frames: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    elapsed: float = 0.0
    error: str = ''
    notes: tuple[str, ...] = ()

    @property
    def results(self) -> int:
        """The number of images that gave a result."""
        return self.frames - sum(self.dropped.values())


class FileHash:
    """The incremental SHA-256 of a file's content, or of the names and contents in a folder.

    ``size``: bytes in total, of which ``done`` are hashed.
    """

    def __init__(self, source: Path) -> None:
        """List the files; nothing is hashed yet."""
        self._source = source
        self._files = sorted(source.rglob('*')) if source.is_dir() else [source]
        self._files = [file for file in self._files if file.is_file()]
        self.size = sum(file.stat().st_size for file in self._files)
        self.done = 0
        self._digest = hashlib.sha256()
        self._blocks = self._read()

    def _read(self) -> Iterator[bytes]:
        for file in self._files:
            if self._source.is_dir():
                yield f'{file.relative_to(self._source)}\0{file.stat().st_size}\0'.encode(
                    errors='surrogateescape'
                )
            with file.open('rb') as stream:
                while block := stream.read(HASH_BLOCK):
                    self.done += len(block)
                    yield block

    def advance(self, done: float) -> bool:
        """Hash up to the fraction ``done``, 0..1, of all bytes; return whether any remain."""
        while self.done <= done * self.size:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._digest.update(block)
        return True

    def hexdigest(self) -> str:
        """Hash the remaining bytes and return the hash in hexadecimal."""
        while self.advance(1.0):
            pass
        return self._digest.hexdigest()


def describe_run(job: Job, topic: str, sidecars: Iterable[Sidecar]) -> dict[str, Any]:
    """Return everything the output of ``job`` depends on except the recording, for JSON."""
    options = job.options
    return {
        'format': FORMAT,
        'topic': topic,
        'settings': asdict(options.settings),
        'max_image_pixels': options.max_image_pixels,
        'models': {
            sidecar.task: {
                'name': sidecar.name,
                'sha256': sidecar.sha256,
                'sidecar_sha256': _hash(asdict(replace(sidecar, path=Path(sidecar.path.name)))),
            }
            for sidecar in sidecars
        },
        'written': {
            'keep': options.keep,
            'images': options.images,
            'storage': options.storage,
            'tables': sorted(options.tables),
        },
    }


def with_fingerprint(run: dict[str, Any], source: Path, sha256: str) -> dict[str, Any]:
    """Return the description of a run extended by its recording and the hash of both.

    ``sha256`` is that of the recording ``source``.
    """
    run = {**run, 'input': {'name': printable(source.name), 'sha256': sha256}}
    return {**run, 'fingerprint': _hash(run)}


def _hash(values: dict[str, Any]) -> str:
    text = to_json(values, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def read_information(bag: Path) -> dict[str, Any] | None:
    """Return the metadata that face-affect bag wrote to ``bag``; None if missing or broken."""
    try:
        known = json.loads(BagRecording(bag).information[INFORMATION_KEY])
    except (RecordingError, KeyError, ValueError, RecursionError):
        return None
    return known if _is_information(known) else None


def _is_information(known: Any) -> bool:
    """Return whether a bag's metadata, which any program may write, have the expected types."""
    try:
        return (
            isinstance(known['fingerprint'], str)
            and isinstance(known['complete'], bool)
            and isinstance(known['topic'], str)
            and isinstance(known['settings'], dict)
            and all(isinstance(known['input'][key], str) for key in ('name', 'sha256'))
            and all(
                isinstance(model[key], str)
                for model in known['models'].values()
                for key in ('name', 'sha256')
            )
            and all(isinstance(count, int) for count in known['dropped'].values())
            and isinstance(known['frames'], int)
            and isinstance(known.get('announced', 0), int)
        )
    except (AttributeError, KeyError, TypeError):
        return False
