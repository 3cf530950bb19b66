"""What an installed extension would hold, by what its CMake files hand to Slicer's macros."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "SpatioTemporalLib"
MODULE = ROOT / "SpatioTemporal"

STUBS = """
cmake_minimum_required(VERSION 3.16.3)
project(check LANGUAGES NONE)
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(given "WITH_SUBDIR;WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  if(given_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "unknown: ${given_UNPARSED_ARGUMENTS}")
  endif()
  foreach(file IN LISTS given_SCRIPTS given_RESOURCES)
    file(RELATIVE_PATH file "@ROOT@" "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
    file(APPEND "@LIST@" "${file}\\n")
  endforeach()
  file(APPEND "@LIST@" "module ${given_NAME} subdir ${given_WITH_SUBDIR}\\n")
endfunction()
function(slicer_add_python_unittest)
endfunction()
macro(project)
endmacro()
macro(find_package)
endmacro()
set(Slicer_USE_FILE "@NOTHING@")
set(Slicer_EXTENSION_GENERATE_CONFIG "@NOTHING@")
set(Slicer_EXTENSION_CPACK "@NOTHING@")
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR lib/qt-scripted-modules)
set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR lib/qt-scripted-modules)
add_subdirectory("@ROOT@" extension)
foreach(name LICENSE_FILE README_FILE DEPENDS RECOMMENDS DESCRIPTION)
  get_directory_property(value DIRECTORY "@ROOT@" DEFINITION EXTENSION_${name})
  file(APPEND "@LIST@" "EXTENSION_${name} ${value}\\n")
endforeach()
"""


def files_of(folder: Path, ending: str = "") -> list[Path]:
    return [p for p in folder.rglob(f"*{ending}") if p.is_file() and "__pycache__" not in p.parts]


@pytest.fixture(scope="module")
def configured(tmp_path_factory) -> list[str]:
    """What the extension's CMake files hand to Slicer's macros."""
    # pip's cmake lies beside the interpreter, which need not be on the path.
    cmake = shutil.which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert cmake, "cmake is needed: it comes with the extra dev"
    folder = tmp_path_factory.mktemp("configure")
    listed = folder / "list.txt"
    (folder / "nothing.cmake").touch()
    text = STUBS.replace("@ROOT@", str(ROOT)).replace("@LIST@", str(listed))
    (folder / "CMakeLists.txt").write_text(text.replace("@NOTHING@", str(folder / "nothing.cmake")))
    made = subprocess.run(
        [cmake, "-S", str(folder), "-B", str(folder / "build")], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    return listed.read_text().splitlines()


def test_cmake_installs_every_python_file(configured):
    folders = [LIBRARY, MODULE / "SpatioTemporalNodes", MODULE / "SpatioTemporalWidgets"]
    files = [MODULE / "SpatioTemporal.py", *(p for folder in folders for p in files_of(folder, ".py"))]
    assert {line for line in configured if line.endswith(".py")} == {str(p.relative_to(ROOT)) for p in files}


def test_cmake_installs_every_resource(configured):
    kinds = {".json", ".csv", ".txt"}
    library = [p for p in files_of(LIBRARY) if p.suffix != ".py" and p.name != "CMakeLists.txt"]
    strange = [p for p in library if p.suffix not in kinds]
    assert not strange, f"SpatioTemporalLib/CMakeLists.txt knows no such files: {strange}"
    on_disk = {str(p.relative_to(ROOT)) for p in [*library, *files_of(MODULE / "Resources")]}
    resources = {line for line in configured if line.startswith("SpatioTemporal") and not line.endswith(".py")}
    assert resources == on_disk
    assert "SpatioTemporal/Resources/Icons/SpatioTemporal.png" in resources


def test_library_is_installed_as_a_package_and_the_module_is_not(configured):
    assert "module SpatioTemporalLib subdir TRUE" in configured
    assert "module SpatioTemporal subdir FALSE" in configured


def test_extension_carries_its_own_licence_and_needs_no_other_extension(configured):
    facts = dict(line.split(" ", 1) for line in configured if line.startswith("EXTENSION_"))
    assert Path(facts["EXTENSION_LICENSE_FILE"]) == ROOT / "LICENSE"
    assert Path(facts["EXTENSION_README_FILE"]) == ROOT / "README.md"
    assert facts["EXTENSION_DEPENDS"] == "NA"
    assert facts["EXTENSION_RECOMMENDS"] == "PyTorch"
