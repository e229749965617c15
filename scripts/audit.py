#!/usr/bin/env python3
# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Audit the installed packages and requirements files for known vulnerabilities with pip-audit.

    scripts/audit.py requirements/*.txt

Exit code 1 if there are vulnerabilities. A missing response of the service (PyPI) is reported, and
is not a failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
import json
import subprocess
import sys
from typing import Any

PIP_AUDIT = (sys.executable, '-m', 'pip_audit', '--format', 'json', '--progress-spinner', 'off')
INSTALLED = 'installed packages'


@dataclass
class Answer:
    """The audit of a set of packages.

    ``known``: number of audited packages; ``unknown``: names of others; ``vulnerable``:
    vulnerabilities; ``error``: why there was no audit, '' if there was.
    """

    asked: str
    known: int = 0
    unknown: list[str] = field(default_factory=list)
    vulnerable: list[str] = field(default_factory=list)
    error: str = ''


def read_answer(asked: str, output: str, errors: str) -> Answer:
    """Parse pip-audit's JSON ``output``; without one, return its last error."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(output)['dependencies']
    except ValueError:
        lines = errors.strip().splitlines()
        return Answer(asked, error=lines[-1] if lines else 'pip-audit printed nothing')
    answer = Answer(asked)
    for package in dependencies:
        if 'skip_reason' in package:
            answer.unknown.append(package['name'])
        else:
            answer.known += 1
            answer.vulnerable += [_describe(package, found) for found in package['vulns']]
    return answer


def _describe(package: dict[str, Any], found: dict[str, Any]) -> str:
    fixed = ', '.join(found['fix_versions']) or 'no version yet'
    return f'{package["name"]} {package["version"]}: {found["id"]}, fixed in {fixed}'


def ask(asked: str, *options: str) -> Answer:
    """Run pip-audit with ``options``; ``asked`` is the title of the packages."""
    done = subprocess.run([*PIP_AUDIT, *options], capture_output=True, text=True)
    return read_answer(asked, done.stdout, done.stderr)


def summary(answer: Answer) -> Iterator[str]:
    """Yield the lines of the report."""
    if answer.error:
        yield f'{answer.asked}: NOT AUDITED: {answer.error}'
    elif not answer.known and answer.unknown:
        yield (
            f'{answer.asked}: NOT AUDITED: the service does not know any of these '
            f'{len(answer.unknown)} packages, or does not respond'
        )
    else:
        yield f'{answer.asked}: {answer.known} audited, {len(answer.vulnerable)} vulnerabilities'
        if answer.unknown:
            yield f'  not audited, unknown to the service: {", ".join(answer.unknown)}'
    yield from (f'  VULNERABLE: {line}' for line in answer.vulnerable)


def main(files: Sequence[str]) -> int:
    """Audit the installed packages and the requirements ``files``; return the exit code."""
    answers = [ask(INSTALLED, '--local')]
    # Without dependencies, which are installed and audited above.
    answers += [ask(name, '--no-deps', '--disable-pip', '-r', name) for name in files]
    for answer in answers:
        print(*summary(answer), sep='\n')
    return 1 if any(answer.vulnerable for answer in answers) else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
