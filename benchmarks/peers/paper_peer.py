# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""
Time the paper's pipeline, reimplemented from its description (Arriaga et al. 2017).

It is OpenCV's frontal Haar cascade with scale 1.3 and 5 neighbours, and for each face a
mini-Xception for emotion on a gray 64x64 crop and one for gender on a colour 48x48 crop, in float
with Keras's predict. The weights are random, which does not change the time.
"""

from collections.abc import Callable
import sys
from typing import Any

import cv2
import keras
from keras import layers
import numpy as np
from numpy.typing import NDArray
from timing import run

Reader = Callable[[NDArray[np.float32]], Any]


def mini_xception(shape: tuple[int, ...], classes: int) -> keras.Model:
    """Build figure 4 of the paper."""
    inputs = keras.Input(shape)
    x = inputs
    for _ in range(2):
        x = layers.ReLU()(layers.BatchNormalization()(layers.Conv2D(8, 3, use_bias=False)(x)))
    for width in (16, 32, 64, 128):
        shortcut = layers.BatchNormalization()(
            layers.Conv2D(width, 1, strides=2, padding='same', use_bias=False)(x)
        )
        for last in (False, True):
            x = layers.BatchNormalization()(
                layers.SeparableConv2D(width, 3, padding='same', use_bias=False)(x)
            )
            x = x if last else layers.ReLU()(x)
        x = layers.Add()([layers.MaxPooling2D(3, 2, padding='same')(x), shortcut])
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(classes, 3, padding='same')(x))
    return keras.Model(inputs, layers.Softmax()(x))


def caller(model: keras.Model) -> Reader:
    """Return a function for inference on a batch, by Keras's predict or a compiled graph."""
    if 'compiled' not in sys.argv:
        return lambda batch: model.predict(batch, verbose=0)
    import tensorflow

    graph = tensorflow.function(model, jit_compile=False)
    return lambda batch: graph(batch).numpy()


cascade = cv2.CascadeClassifier(cv2.data.haarcascades + 'haarcascade_frontalface_default.xml')
emotion = caller(mini_xception((64, 64, 1), 7))
gender = caller(mini_xception((48, 48, 3), 2))


def prepared(face: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    """Return ``face`` resized, as a batch f32 [1, size, size, C] in -1..1."""
    pixels = cv2.resize(face, (size, size)).astype(np.float32) / 255
    return ((pixels - 0.5) * 2).reshape(1, size, size, -1)


def faces(image: NDArray[np.uint8]) -> int:
    """Classify all faces in ``image`` u8 [H, W, 3] BGR; return their number."""
    gray = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    found = cascade.detectMultiScale(gray, 1.3, 5)
    for x, y, width, height in found:
        emotion(prepared(gray[y : y + height, x : x + width], 64))
        gender(prepared(image[y : y + height, x : x + width], 48))
    return len(found)


run(faces)
