# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Multiplication in bfloat16, where it is faster."""

from __future__ import annotations

import torch


def mixed_precision(device: torch.device) -> torch.autocast:
    """Return the context in which networks multiply in bfloat16, if the device can.

    There it takes half of the time at the same accuracy; a processor without such
    instructions would emulate them at a twentieth of the speed.
    """
    fast = device.type != 'cpu' or _processor_multiplies_in_bfloat16()
    return torch.autocast(device.type, torch.bfloat16, enabled=fast)


def _processor_multiplies_in_bfloat16() -> bool:
    known = torch.cpu.get_capabilities()
    return bool(known.get('avx512_bf16') or known.get('amx_bf16'))
