"""Builds the compiled core with the package where Cargo is installed; else all of it runs in Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CRATE = "hubstat/core"
LIBRARY = "hubstat/hubstat_core.abi3.so"
BUILT = {"darwin": "libhubstat_core.dylib"}.get(sys.platform, "libhubstat_core.so")
# pyo3 needs at least this one; an older Cargo is as good as none.
LEAST_CARGO = (1, 82)


class CustomBuildHook(BuildHookInterface[Any]):
    """Puts the library beside the modules of ``hubstat``, and into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build it, or take the one that lies there already."""
        root = Path(self.root)
        library = root / LIBRARY
        if self.target_name != "wheel":
            return
        if (cargo := _cargo()) is not None:
            _build(cargo, root, library)
        if not library.exists():
            self.app.display_warning(
                f"no Cargo {'.'.join(map(str, LEAST_CARGO))} or newer that can build the compiled core: "
                "everything is folded in Python alone, several times slower"
            )
        if version == "editable" or not library.exists():
            return
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        build_data["tag"] = f"cp311-abi3-{platform}"
        build_data["force_include"][str(library)] = LIBRARY


def _cargo() -> str | None:
    cargo = shutil.which("cargo")
    if cargo is None:
        return None
    said = subprocess.run([cargo, "--version"], capture_output=True, text=True, check=False).stdout.split()
    if len(said) < 2:
        return None
    release = tuple(int(part) for part in said[1].split("-")[0].split(".")[:2])
    return cargo if release >= LEAST_CARGO else None


def _build(cargo: str, root: Path, library: Path) -> None:
    crate = root / CRATE
    environment = {**os.environ, "PYO3_PYTHON": sys.executable}
    command = [cargo, "build", "--release", "--locked", "--quiet", "--target-dir", "target"]
    library.unlink(
        missing_ok=True
    )  # rather none than one of older sources; a worker that runs keeps what it has loaded
    if subprocess.run(command, cwd=crate, env=environment, check=False).returncode == 0:
        shutil.copy2(crate / "target" / "release" / BUILT, library)
