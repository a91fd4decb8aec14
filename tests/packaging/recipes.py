#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the vcpkg port and the Conan recipe as far as that goes without vcpkg and Conan.

  recipes.py SOURCE_DIR

The port's JSON must be read, its version be the library's, its features the components that need a
library; the recipe must compile. Where `conan` is installed, it reads the recipe as well.
"""
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(sys.argv[1])
PACKAGING = ROOT / "tools" / "packaging"


def library_version():
    text = (ROOT / "include/spikelet/core/version.hpp").read_text(encoding="utf-8")
    return ".".join(re.search(rf"#define SPIKELET_VERSION_{part} (\d+)", text)[1]
                    for part in ("MAJOR", "MINOR", "PATCH"))


def main():
    port = json.loads((PACKAGING / "vcpkg/spikelet/vcpkg.json").read_text(encoding="utf-8"))
    assert port["name"] == "spikelet"
    assert port["version-semver"] == library_version(), "vcpkg.json has another version"
    cmake = (ROOT / "cmake/spikelet_library.cmake").read_text(encoding="utf-8")
    components = set(re.findall(r"add_component\((\w+)", cmake)) - {"name", "openmp"}
    assert set(port["features"]) == components, (set(port["features"]), components)

    recipe = PACKAGING / "conan/conanfile.py"
    text = recipe.read_text(encoding="utf-8")
    compile(text, str(recipe), "exec")
    for needed in ("core/version.hpp", "LICENSE", "include/*.hpp"):
        assert needed in text, needed
    if shutil.which("conan"):
        answer = subprocess.run(["conan", "inspect", str(recipe), "--format=json"], check=True,
                                capture_output=True, text=True).stdout
        assert json.loads(answer)["version"] == library_version(), "conanfile.py has another version"
        print("conan reads the recipe")
    print(f"recipes of version {port['version-semver']}; vcpkg was not run, Conan "
          f"{'only read its one' if shutil.which('conan') else 'neither'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
