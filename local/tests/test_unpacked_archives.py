import os
import zipfile

import pytest

from evergreen_engine.functions import unpacked_archives
from evergreen_engine.functions.unpacked_archives import UnpackedOnce, forget_unused


@pytest.fixture
def kept(tmp_path, monkeypatch):
    monkeypatch.setattr(unpacked_archives.persistence, "STATE_DIR", str(tmp_path / "state" / "services"))
    return tmp_path / "state" / "unpacked"


def archive(path, content):
    with zipfile.ZipFile(path, "w") as written:
        written.writestr("nodejs/node_modules/big/index.js", content)
        written.writestr("nodejs/node_modules/big/package.json", "{}")
    return path


def extract(path, target):
    target.mkdir()
    with UnpackedOnce(path) as opened:
        opened.extractall(target)
    return target / "nodejs" / "node_modules" / "big" / "index.js"


def test_large_archive_is_unpacked_once_and_linked(kept, tmp_path):
    path = archive(tmp_path / "a.zip", "x" * 6_000_000)
    first, second = extract(path, tmp_path / "one"), extract(path, tmp_path / "two")
    assert first.read_text() == second.read_text() == "x" * 6_000_000
    assert first.resolve() == second.resolve()
    assert len(list(kept.iterdir())) == 1


def test_other_content_is_another_folder(kept, tmp_path):
    first = extract(archive(tmp_path / "a.zip", "x" * 6_000_000), tmp_path / "one")
    second = extract(archive(tmp_path / "b.zip", "y" * 6_000_000), tmp_path / "two")
    assert (first.read_text()[0], second.read_text()[0]) == ("x", "y")
    assert len(list(kept.iterdir())) == 2


def test_small_archive_is_unpacked_where_it_is_wanted(kept, tmp_path):
    found = extract(archive(tmp_path / "a.zip", "small"), tmp_path / "one")
    assert found.resolve().is_relative_to((tmp_path / "one").resolve())
    assert not kept.exists()


def test_half_unpacked_archive_is_not_taken(kept, tmp_path, monkeypatch):
    path = archive(tmp_path / "a.zip", "x" * 6_000_000)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(zipfile.ZipFile, "extractall", full)
        with pytest.raises(OSError, match="No space"):
            extract(path, tmp_path / "one")
    assert list(kept.iterdir()) == []
    assert extract(path, tmp_path / "two").read_text() == "x" * 6_000_000


def test_unused_for_two_weeks_is_removed(kept, tmp_path):
    old, new = kept / "old", kept / "new"
    old.mkdir(parents=True)
    new.mkdir()
    os.utime(old, (0, 0))
    forget_unused(new.stat().st_mtime + 60)
    assert list(kept.iterdir()) == [new]
