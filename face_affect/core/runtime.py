# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""The one place that knows LiteRT (TensorFlow Lite)."""

from __future__ import annotations

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
                "this Python: pip install ai-edge-litert (see 'On a robot' in README.md)"
            ) from error
    module: ModuleType = interpreter
    return module


def runtime_name() -> str:
    """Return the name of the runtime in use.

    Raises:
        ModelError: there is none.

    """
    return _interpreter_module().__name__.split('.')[0]


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
                model_content=content, num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f'model {sidecar.name}: the runtime refuses '
                             f'{sidecar.tflite}: {error}') from error
        details, *others = self._interpreter.get_input_details()
        if tuple(details['shape']) != sidecar.input.shape:
            raise ModelError(
                f'model {sidecar.name}: the network takes {details["shape"].tolist()}, but its '
                f'sidecar says {list(sidecar.input.shape)}')
        self._input = details['index']
        self._others = [other['index'] for other in others]
        self._outputs = self._interpreter.get_output_details()
        self._values = _pixel_values(sidecar, details)
        # The usual int8 input is the pixel less 128, which is one bit turned over.
        self._turn = self._values.dtype == np.int8 and np.array_equal(
            self._values, np.arange(-128, 128))

    @property
    def output_shapes(self) -> list[tuple[int, ...]]:
        """The outputs' shapes, batch of one included."""
        return [tuple(details['shape']) for details in self._outputs]

    def __call__(
        self, pixels: NDArray[np.uint8], *others: NDArray[np.float32]
    ) -> list[NDArray[np.float32]]:
        """Run on ``pixels`` u8 [H, W] or [H, W, 3]; return the outputs without batch axis.

        ``others`` f32: the network's further inputs, if it has any, without batch axis.

        Raises:
            ValueError: there are more or fewer of them than the network has.

        """
        values = (pixels ^ 0x80).view(np.int8) if self._turn else self._values[pixels]
        self._interpreter.set_tensor(self._input, values.reshape(self.sidecar.input.shape))
        for index, other in zip(self._others, others, strict=True):
            self._interpreter.set_tensor(index, other[None])
        self._interpreter.invoke()
        return [_real(self._interpreter.get_tensor(details['index'])[0], details)
                for details in self._outputs]


def _pixel_values(sidecar: Sidecar, details: dict[str, Any]) -> NDArray[Any]:
    """Return the input value of each of the 256 pixel values, in the input's own type."""
    values = np.arange(256) * sidecar.input.scale + sidecar.input.offset
    scale, zero = details['quantization']
    if details['dtype'] == np.float32:
        return values.astype(np.float32)
    limits = np.iinfo(details['dtype'])
    quantised = np.clip(np.round(values / scale) + zero, limits.min, limits.max)
    return quantised.astype(details['dtype'])


def _real(tensor: NDArray[Any], details: dict[str, Any]) -> NDArray[np.float32]:
    if tensor.dtype == np.float32:
        return tensor
    scale, zero = details['quantization']
    return (tensor.astype(np.float32) - zero) * np.float32(scale)
