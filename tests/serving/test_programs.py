"""The programs that MoM runs as its children."""

import os
import subprocess
from pathlib import Path

import pytest

import mom
from mom.models.addresses import parse_address
from mom.models.parts import PartName
from mom.serving.downloads import Hub, _program
from mom.serving.program import Program
from mom.serving.programs import WebAddress, image_program, llm_program, web_program

MODEL = Path("model")
PROGRAMS = [
    web_program(WebAddress("127.0.0.1", 8600), "http://127.0.0.1:1", "token"),
    llm_program(PartName.SMALL_LLM, MODEL, "model", None),
    image_program(MODEL, "model", data_dir=MODEL),
    _program(parse_address("hf:owner/repo"), Hub(MODEL), "download"),
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.name)
def test_a_file_in_the_folder_that_mom_is_started_in_takes_no_librarys_place(program: Program, tmp_path: Path) -> None:
    (tmp_path / "random.py").write_text("raise SystemExit('somebody else\\'s code was run')")
    (tmp_path / "json.py").write_text("raise SystemExit('somebody else\\'s code was run')")

    environment = os.environ | {"PYTHONPATH": str(Path(mom.__file__).parents[1])}

    ended = subprocess.run(
        program.argv, stdin=subprocess.DEVNULL, capture_output=True, cwd=tmp_path, env=environment, check=False
    )

    assert ended.returncode == 0, ended.stderr.decode()
