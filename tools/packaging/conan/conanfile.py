# SPDX-License-Identifier: MIT
"""A recipe for Conan 2 that packages the clone it lies in:

  conan create tools/packaging/conan -s compiler.cppstd=20
"""
import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load


class Spikelet(ConanFile):
    name = "spikelet"
    description = "Spiking language models in C++20, header-only"
    license = "MIT"
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"io": [True, False], "torch": [True, False], "tokenizers": [True, False]}
    default_options = {"io": True, "torch": False, "tokenizers": False}
    no_copy_source = True

    @property
    def _clone(self):
        return os.path.join(self.recipe_folder, "..", "..", "..")

    @property
    def _files(self):
        return bool(self.options.io or self.options.torch or self.options.tokenizers)

    def set_version(self):
        text = load(self, os.path.join(self._clone, "include/spikelet/core/version.hpp"))
        self.version = ".".join(re.search(rf"SPIKELET_VERSION_{part} (\d+)", text)[1]
                                for part in ("MAJOR", "MINOR", "PATCH"))

    def export_sources(self):
        copy(self, "include/*.hpp", self._clone, self.export_sources_folder)
        copy(self, "LICENSE", self._clone, self.export_sources_folder)

    def requirements(self):
        self.requires("xsimd/[>=8.1]", transitive_headers=True)
        if self._files:
            self.requires("nlohmann_json/[>=3.11]", transitive_headers=True)
        if self.options.torch:
            self.requires("zlib/[>=1.2.11]", transitive_headers=True)
        if self.options.tokenizers:
            self.requires("pcre2/[>=10]", transitive_headers=True)
            self.requires("utf8proc/[>=2]", transitive_headers=True)

    def validate(self):
        check_min_cppstd(self, 20)

    def package(self):
        copy(self, "*.hpp", os.path.join(self.source_folder, "include"),
             os.path.join(self.package_folder, "include"))
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))

    def package_id(self):
        self.info.clear()  # every option has all headers

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "spikelet")

        def component(name, target, requires):
            part = self.cpp_info.components[name]
            part.set_property("cmake_target_name", f"spikelet::{target}")
            part.bindirs, part.libdirs, part.requires = [], [], requires
            return part

        base = component("headers", "spikelet", ["xsimd::xsimd"])
        base.set_property("pkg_config_name", "spikelet")
        edge = component("edge", "edge", ["headers"])
        edge.cxxflags = ["-fno-exceptions", "-fno-rtti"]
        openmp = component("openmp", "openmp", ["headers"])
        openmp.cxxflags = openmp.sharedlinkflags = openmp.exelinkflags = ["-fopenmp"]
        if self._files:
            component("io", "io", ["headers", "nlohmann_json::nlohmann_json"])
        if self.options.torch:
            component("torch", "torch", ["io", "zlib::zlib"])
        if self.options.tokenizers:
            part = component("tokenizers", "tokenizers",
                             ["io", "pcre2::pcre2", "utf8proc::utf8proc"])
            part.defines = ["PCRE2_CODE_UNIT_WIDTH=8"]
