"""Whether the installed packages have what they require of each other, as ``pip check`` tells it, without pip, and can be
loaded.
"""

from __future__ import annotations

import sys
from importlib import metadata
from typing import Any

from . import inspect_compiled
from .server import BUNDLED


def read() -> dict[str, Any]:
    """How many packages there are, and a line for each requirement that is not met or compiled module that cannot be loaded."""
    paths = [path for path in sys.path if path != str(BUNDLED)]
    # At the end: a project's own is taken first.
    sys.path.append(str(BUNDLED))
    try:
        from packaging.requirements import InvalidRequirement, Requirement
        from packaging.utils import canonicalize_name
    finally:
        sys.path.remove(str(BUNDLED))
    installed: dict[str, metadata.Distribution] = {}
    for distribution in metadata.distributions(path=paths):
        name = distribution.metadata["Name"]
        if name:
            installed.setdefault(canonicalize_name(name), distribution)
    problems = []
    for name, distribution in sorted(installed.items()):
        for text in distribution.requires or []:
            try:
                requirement = Requirement(text)
            except InvalidRequirement:
                continue
            if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
                continue
            found = installed.get(canonicalize_name(requirement.name))
            if found is None:
                problems.append(f"{name} {distribution.version} requires {requirement.name}, which is not installed")
            elif not requirement.specifier.contains(found.version, prereleases=True):
                problems.append(
                    f"{name} {distribution.version} requires {requirement.name}{requirement.specifier}; "
                    f"installed is {found.version}"
                )
    problems.extend(inspect_compiled.problems(sorted(installed.items())))
    return {"packages": len(installed), "problems": problems}
