#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the vcpkg port and the Conan recipe as far as that goes without vcpkg and Conan, and that
all files name one version.

  recipes.py SOURCE_DIR

The port's JSON must be read, its version be the library's, its features the components that need a
library; the recipe must compile. Where `conan` is installed, it reads the recipe as well.
CITATION.cff, the newest entry of CHANGELOG.md and every find_package() of the documentation must
name the version of core/version.hpp; CMakeLists.txt must have no other one.
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


def check_versions():
    def text(path):
        return (ROOT / path).read_text(encoding="utf-8")

    version = library_version()
    cited = re.findall(r"^version: (\S+)$", text("CITATION.cff"), re.MULTILINE)
    assert cited == [version], f"CITATION.cff has the version {cited}"
    newest = re.search(r"^## (\d\S*?)(,|$)", text("CHANGELOG.md"), re.MULTILINE)[1]
    assert newest == version, f"CHANGELOG.md begins with {newest}"
    in_cmake = re.search(r"project\(.*?\sVERSION (\S+)", text("CMakeLists.txt"), re.DOTALL)[1]
    assert in_cmake == "${version_MAJOR}.${version_MINOR}.${version_PATCH}", in_cmake
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for asked in re.findall(r"find_package\(spikelet (\d\S*)", text(page)):
            assert version.startswith(f"{asked}."), f"{page} asks for {asked}"


def main():
    check_versions()
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
