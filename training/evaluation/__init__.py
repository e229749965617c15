# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Evaluation of models: metrics, robustness tests, plots and model cards."""
