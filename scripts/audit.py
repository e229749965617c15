#!/usr/bin/env python3
# Copyright 2026 the face_affect contributors
# SPDX-License-Identifier: Apache-2.0

"""Ask for known vulnerabilities of the installed packages and of those in requirements files.

    scripts/audit.py requirements/*.txt

Exit code 1: there are some. No answer from the service (PyPI) is reported, and is not a failure.
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
    """What is known of one set of packages."""

    asked: str
    known: int = 0
    unknown: list[str] = field(default_factory=list)
    vulnerable: list[str] = field(default_factory=list)
    error: str = ''


def read_answer(asked: str, output: str, errors: str) -> Answer:
    """Return what pip-audit's JSON ``output`` says; without any, its last error."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(output)['dependencies']
    except ValueError:
        lines = errors.strip().splitlines()
        return Answer(asked, error=lines[-1] if lines else 'pip-audit said nothing')
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
    """Ask about one set of packages."""
    done = subprocess.run([*PIP_AUDIT, *options], capture_output=True, text=True)
    return read_answer(asked, done.stdout, done.stderr)


def summary(answer: Answer) -> Iterator[str]:
    """Say in lines what is known."""
    if answer.error:
        yield f'{answer.asked}: NOT AUDITED: {answer.error}'
    elif not answer.known and answer.unknown:
        yield (
            f'{answer.asked}: NOT AUDITED: the service knows none of these '
            f'{len(answer.unknown)} packages, or gives no answer'
        )
    else:
        yield f'{answer.asked}: {answer.known} audited, {len(answer.vulnerable)} vulnerabilities'
        if answer.unknown:
            yield f'  not audited, unknown to the service: {", ".join(answer.unknown)}'
    yield from (f'  VULNERABLE: {line}' for line in answer.vulnerable)


def main(files: Sequence[str]) -> int:
    """Audit what is installed, and ``files``."""
    answers = [ask(INSTALLED, '--local')]
    # As they stand: what else they bring is installed, and audited above.
    answers += [ask(name, '--no-deps', '--disable-pip', '-r', name) for name in files]
    for answer in answers:
        print(*summary(answer), sep='\n')
    return 1 if any(answer.vulnerable for answer in answers) else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
