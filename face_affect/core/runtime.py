# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Inference with LiteRT (TensorFlow Lite); no other module imports it."""

from __future__ import annotations

from collections.abc import Callable
import math
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from face_affect.core.models import ModelError, Sidecar


def _interpreter_module() -> ModuleType:
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        try:
            from tflite_runtime import interpreter
        except ImportError as error:
            raise ModelError(
                'neither ai-edge-litert nor tflite-runtime can be imported; install one into '
                'this Python: pip install ai-edge-litert (see LiteRT in docs/installation.md)'
            ) from error
    module: ModuleType = interpreter
    return module


def runtime_name() -> str:
    """Return the package name of the installed runtime.

    Raises:
        ModelError: none is installed.

    """
    return _interpreter_module().__name__.split('.')[0]


# The bit in which the usual int8 input, pixel - 128, differs from the pixel
SIGN = np.uint8(0x80)


class Output:
    """An output tensor of a network, dequantised on demand: (number - ``zero``) * ``scale``.

    Its methods return copies of values of the latest inference.
    """

    def __init__(
        self, view: Callable[[], NDArray[Any]], scale: float = 1.0, zero: int = 0
    ) -> None:
        """Read the tensor [1, ...] that ``view`` returns; float32 is not scaled."""
        self._view = view
        self._scale, self._zero = scale, zero

    def values(self) -> NDArray[np.float32]:
        """Return all values f32 without batch axis."""
        return self._real(self._view()[0].copy())

    def cells(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the values f32 [M, C] of a map [H, W, C] in the row-major cells ``rows`` [M]."""
        numbers = self._view()
        return self._real(numbers.reshape(-1, numbers.shape[-1])[rows])

    def cells_from(self, least: float) -> NDArray[np.intp]:
        """Return the row-major cells [M] of a map [H, W, 1] with values >= ``least``, not NaN."""
        numbers = self._view()
        if numbers.dtype != np.float32:
            least = math.ceil(least / self._scale + self._zero)
        return (numbers.reshape(-1) >= least).nonzero()[0]

    def _real(self, numbers: NDArray[Any]) -> NDArray[np.float32]:
        if numbers.dtype == np.float32:
            return numbers
        return (numbers.astype(np.float32) - self._zero) * np.float32(self._scale)


class Network:
    """A loaded network with u8 pixels as input and f32 tensors as outputs.

    Not thread-safe, but it may be loaded and run by different threads.
    """

    def __init__(self, sidecar: Sidecar, threads: int = 1) -> None:
        """Load the network that ``sidecar`` describes.

        Raises:
            ModelError: no runtime is installed, or the file is missing, altered, not a network,
                or has another input shape than the sidecar.

        """
        self.sidecar = sidecar
        content = sidecar.network_bytes()
        try:
            self._interpreter = _interpreter_module().Interpreter(
                model_content=content, num_threads=threads
            )
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(
                f'model {sidecar.name}: the runtime cannot load {sidecar.tflite}: {error}'
            ) from error
        details, *others = self._interpreter.get_input_details()
        if tuple(details['shape']) != sidecar.input.shape:
            raise ModelError(
                f'model {sidecar.name}: the network has input shape {details["shape"].tolist()}, '
                f'but its sidecar says {list(sidecar.input.shape)}; export the model again'
            )
        self._input = self._interpreter.tensor(details['index'])
        self._others = [other['index'] for other in others]
        outputs = self._interpreter.get_output_details()
        self._outputs = [
            Output(self._interpreter.tensor(output['index']), *output['quantization'])
            for output in outputs
        ]
        self._output_shapes = [tuple(output['shape'].tolist()) for output in outputs]
        self._values = _pixel_values(sidecar, details)
        self._flip_sign = self._values.dtype == np.int8 and np.array_equal(
            self._values, np.arange(-128, 128)
        )

    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """The shapes of the outputs, including the batch axis of length 1."""
        return self._output_shapes

    def __call__(
        self, pixels: NDArray[np.uint8], *others: NDArray[np.float32]
    ) -> list[NDArray[np.float32]]:
        """Run on ``pixels`` u8 [H, W] or [H, W, 3]; return the outputs f32 without batch axis.

        ``others`` f32: the further inputs of the network, without batch axis.

        Raises:
            ValueError: their number is not that of the network, or ``pixels`` has another size.

        """
        return [output.values() for output in self.run(pixels, *others)]

    def run(self, pixels: NDArray[np.uint8], *others: NDArray[np.float32]) -> list[Output]:
        """Run like ``__call__``, but return the outputs undequantised, valid until the next run.

        Raises:
            ValueError: as ``__call__``.

        """
        pixels = pixels.reshape(self.sidecar.input.shape)
        # Written to the input tensor directly; LiteRT refuses to run while a view of it exists.
        if self._flip_sign:
            np.bitwise_xor(pixels, SIGN, out=self._input().view(np.uint8))
        else:
            np.take(self._values, pixels, out=self._input(), mode='clip')
        for index, other in zip(self._others, others, strict=True):
            self._interpreter.set_tensor(index, other[None])
        self._interpreter.invoke()
        return self._outputs


def _pixel_values(sidecar: Sidecar, details: dict[str, Any]) -> NDArray[Any]:
    """Return the input value of each of the 256 pixel values, in the type of the input."""
    values = np.arange(256) * sidecar.input.scale + sidecar.input.offset
    scale, zero = details['quantization']
    if details['dtype'] == np.float32:
        return values.astype(np.float32)
    limits = np.iinfo(details['dtype'])
    quantised = np.clip(np.round(values / scale) + zero, limits.min, limits.max)
    return quantised.astype(details['dtype'])
