"""An output file is whole or absent, and refused before the work where it could not be written."""

import pytest

from solvers.files import filling, output_file, output_folder, replacing
from theory.errors import ParameterError


def test_a_file_takes_its_place_only_when_it_is_whole(tmp_path):
    path = tmp_path / "f.json"
    with replacing(path) as beside:
        beside.write_text("new")
        assert not path.exists() and beside.suffix == ".json"
    assert path.read_text() == "new"
    with pytest.raises(RuntimeError), replacing(path) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert path.read_text() == "new" and list(tmp_path.iterdir()) == [path]


def test_a_folder_is_filled_at_the_end_and_keeps_what_it_held(tmp_path):
    folder = tmp_path / "a" / "b"
    with pytest.raises(RuntimeError), filling(folder) as beside:
        (beside / "f").write_text("half")
        raise RuntimeError
    assert not (tmp_path / "a").exists()
    for text in ("one", "two"):
        with filling(folder) as beside:
            (beside / text).write_text(text)
    assert sorted(file.name for file in folder.iterdir()) == ["one", "two"]


def test_new_files_have_the_rights_of_any_other_new_file(tmp_path):
    (tmp_path / "plain").touch()
    with replacing(tmp_path / "f"):
        pass
    assert (tmp_path / "f").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_cannot_be_written_is_refused_at_once(tmp_path):
    (tmp_path / "file.png").touch()
    for path, message in [
        (tmp_path / "f.txt", r"ends in '\.txt'; give \.png or \.pdf"),
        (tmp_path / "f", "ends in 'nothing'"),
        (tmp_path / "none" / "f.png", "no folder"),
        (tmp_path / "file.png" / "f.png", "no folder"),
    ]:
        with pytest.raises(ParameterError, match=message):
            output_file(path, ".png", ".pdf")
    (tmp_path / "d.png").mkdir()
    with pytest.raises(ParameterError, match="is a folder"):
        output_file(tmp_path / "d.png", ".png")
    with pytest.raises(ParameterError, match="is a file"):
        output_folder(tmp_path / "file.png")
    with pytest.raises(ParameterError, match="no folder"):
        output_folder(tmp_path / "file.png" / "below")
    assert output_folder(tmp_path / "x" / "y") == tmp_path / "x" / "y"
    assert not (tmp_path / "x").exists()
