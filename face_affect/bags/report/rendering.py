# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Render HTML pages from Jinja templates."""

from __future__ import annotations

from typing import Any

import jinja2


def render(template: str, **values: Any) -> str:
    """Return the page rendered from the template named ``template``; texts are escaped.

    Raises:
        jinja2.UndefinedError: a value that the template uses is missing.

    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('face_affect.bags.report'),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(**values)
