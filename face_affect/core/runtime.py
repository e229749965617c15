# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The one place that knows LiteRT (TensorFlow Lite)."""

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
    """Return the name of the runtime in use.

    Raises:
        ModelError: there is none.

    """
    return _interpreter_module().__name__.split('.')[0]


# The bit in which the usual int8 input, the pixel less 128, differs from the pixel
SIGN = np.uint8(0x80)


class Output:
    """Reads one output of a network where it lies: value = (number - ``zero``) * ``scale``.

    What is returned is a copy, of what the network answered last.
    """

    def __init__(
        self, view: Callable[[], NDArray[Any]], scale: float = 1.0, zero: int = 0
    ) -> None:
        """Read what ``view`` returns, batch axis included; float32 is what it is."""
        self._view = view
        self._scale, self._zero = scale, zero

    def values(self) -> NDArray[np.float32]:
        """Return all values, without batch axis."""
        return self._real(self._view()[0].copy())

    def cells(self, rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the values [M, C] in cells ``rows`` [M] of a map [H, W, C], counted by rows."""
        numbers = self._view()
        return self._real(numbers.reshape(-1, numbers.shape[-1])[rows])

    def cells_from(self, least: float) -> NDArray[np.intp]:
        """Return the cells of a map [H, W, 1] that answer ``least`` or more; NaN is less."""
        numbers = self._view()
        if numbers.dtype != np.float32:
            least = math.ceil(least / self._scale + self._zero)
        return (numbers.reshape(-1) >= least).nonzero()[0]

    def _real(self, numbers: NDArray[Any]) -> NDArray[np.float32]:
        if numbers.dtype == np.float32:
            return numbers
        return (numbers.astype(np.float32) - self._zero) * np.float32(self._scale)


class Network:
    """A loaded network: u8 pixels in, f32 tensors out.

    Not thread-safe; the thread that loads it need not be the one that runs it.
    """

    def __init__(self, sidecar: Sidecar, threads: int = 1) -> None:
        """Load the network that ``sidecar`` describes.

        Raises:
            ModelError: the file is missing, altered, or no network of that input.

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
                f'model {sidecar.name}: the runtime refuses {sidecar.tflite}: {error}'
            ) from error
        details, *others = self._interpreter.get_input_details()
        if tuple(details['shape']) != sidecar.input.shape:
            raise ModelError(
                f'model {sidecar.name}: the network takes {details["shape"].tolist()}, but its '
                f'sidecar says {list(sidecar.input.shape)}'
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
        self._turn = self._values.dtype == np.int8 and np.array_equal(
            self._values, np.arange(-128, 128)
        )

    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """The outputs' shapes, batch of one included."""
        return self._output_shapes

    def __call__(
        self, pixels: NDArray[np.uint8], *others: NDArray[np.float32]
    ) -> list[NDArray[np.float32]]:
        """Run on ``pixels`` u8 [H, W] or [H, W, 3]; return the outputs without batch axis.

        ``others`` f32: the network's further inputs, if it has any, without batch axis.

        Raises:
            ValueError: there are more or fewer of them than the network has.

        """
        return [output.values() for output in self.run(pixels, *others)]

    def run(self, pixels: NDArray[np.uint8], *others: NDArray[np.float32]) -> list[Output]:
        """Do the same, but return the outputs unread."""
        pixels = pixels.reshape(self.sidecar.input.shape)
        # Into the network's own memory, of which no view may be left when it runs.
        if self._turn:
            np.bitwise_xor(pixels, SIGN, out=self._input().view(np.uint8))
        else:
            np.take(self._values, pixels, out=self._input(), mode='clip')
        for index, other in zip(self._others, others, strict=True):
            self._interpreter.set_tensor(index, other[None])
        self._interpreter.invoke()
        return self._outputs


def _pixel_values(sidecar: Sidecar, details: dict[str, Any]) -> NDArray[Any]:
    """Return the input value of each of the 256 pixel values, in the input's own type."""
    values = np.arange(256) * sidecar.input.scale + sidecar.input.offset
    scale, zero = details['quantization']
    if details['dtype'] == np.float32:
        return values.astype(np.float32)
    limits = np.iinfo(details['dtype'])
    quantised = np.clip(np.round(values / scale) + zero, limits.min, limits.max)
    return quantised.astype(details['dtype'])
