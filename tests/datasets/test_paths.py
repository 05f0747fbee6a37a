"""The files that a manifest names are found, and never those of another name."""

import pytest
from PIL import Image

from seimbang.datasets.paths import locate, posix
from seimbang.errors import DataError


def put(root, *names, value=0):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2), value).save(root / name, "PNG")


def paths(root, *names):
    return [place.path for place in locate(names, root)]


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        (r"C:\Users\x\a b.png", "Users/x/a b.png"),
        (r"\\server\share\a.png", "/server/share/a.png"),
        ("./a//b/./c.png", "a/b/c.png"),
        ("file:///home/x.png", "/home/x.png"),
        (" a.png ", "a.png"),
        ("../a.png", "../a.png"),
        ("", ""),
    ],
)
def test_names_are_made_posix(name, plain):
    assert posix(name) == plain


def test_paths_as_they_stand(tmp_path):
    put(tmp_path, "a/1.png", "b/1.png")
    assert paths(tmp_path, "a/1.png", "./b/1.png", r"a\1.png") == ["a/1.png", "b/1.png", "a/1.png"]
    inside = str(tmp_path / "a" / "1.png")
    assert paths(tmp_path, inside, "b/../b/1.png") == [inside, "b/../b/1.png"]


@pytest.mark.parametrize(
    "name", ["../secret.png", "{above}/secret.png", "over.png", "more/secret.png", "a/../../secret.png"]
)
def test_nothing_outside_of_the_folder_is_read(tmp_path, name):
    """``../secret.png`` came into the report, as did absolute paths and what links lead to."""
    put(tmp_path, "secret.png", "set/a/1.png")
    (tmp_path / "set" / "over.png").symlink_to(tmp_path / "secret.png")
    (tmp_path / "set" / "more").symlink_to(tmp_path)
    with pytest.raises(DataError) as caught:
        locate(["a/1.png", name.format(above=tmp_path)], tmp_path / "set")
    assert caught.value.code == "DATA_OUTSIDE"
    assert f"--path {tmp_path}" in caught.value.fix


def test_the_folder_itself_may_be_a_link(tmp_path):
    put(tmp_path, "store/1.png")
    (tmp_path / "set").symlink_to(tmp_path / "store")
    assert paths(tmp_path / "set", "1") == ["1.png"]


def test_names_without_ending_in_several_folders(tmp_path):
    put(tmp_path, "part_1/x.png", "part_2/y.JPG", "part_2/1.2.3.png")
    (tmp_path / "part_1" / "y.txt").write_text("no image")
    assert paths(tmp_path, "x", "y", "1.2.3", "1.2") == ["part_1/x.png", "part_2/y.JPG", "part_2/1.2.3.png", ""]


def test_the_longest_common_tail_wins(tmp_path):
    put(tmp_path, "train/p1/s1/v.png", "train/p2/s1/v.png", "valid/p1/s1/v.png")
    names = ["/x/data/train/p1/s1/v.png", "/x/data/train/p2/s1/v.png", "/x/data/valid/p1/s1/v.png"]
    assert paths(tmp_path, *names) == ["train/p1/s1/v.png", "train/p2/s1/v.png", "valid/p1/s1/v.png"]


def test_a_shorter_tail_needs_a_name_of_its_own(tmp_path):
    put(tmp_path, "p1/v.png", "p2/v.png", "p4/v.png", "p9/alone.png")
    found = paths(tmp_path, "/x/p1/v.png", "/x/p2/v.png", "/x/p3/v.png", "/x/p3/alone.png")
    assert found == ["p1/v.png", "p2/v.png", "", "p9/alone.png"]


def test_several_files_that_fit_are_named(tmp_path):
    put(tmp_path, "a/1.png")
    put(tmp_path, "b/1.png", value=9)
    (place,) = locate(["1"], tmp_path)
    assert (place.path, place.rivals) == ("", ("a/1.png", "b/1.png"))


def test_copies_are_one_file_and_masks_are_not_meant(tmp_path):
    put(tmp_path, "a/1.png", "b/1.png", "images/2.png", "Masks/2.png")
    put(tmp_path, "masks/2.png", value=9)
    assert paths(tmp_path, "1", "2") == ["a/1.png", "images/2.png"]
    assert paths(tmp_path, "masks/2.png") == ["masks/2.png"]


def test_the_case_of_letters_decides_only_where_it_must(tmp_path):
    put(tmp_path, "Scan.PNG")
    assert paths(tmp_path, "scan.png") == ["Scan.PNG"]
    put(tmp_path, "x/scan.png", value=9)
    assert paths(tmp_path, "/far/scan.png", "/far/Scan.PNG") == ["x/scan.png", "Scan.PNG"]


def test_links_are_followed_once(tmp_path):
    put(tmp_path, "set/store/1.png")
    (tmp_path / "set" / "images").symlink_to(tmp_path / "set" / "store")
    (tmp_path / "set" / "store" / "back").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    assert paths(tmp_path / "set", "1", "gone.png") == ["images/1.png", ""]


@pytest.mark.parametrize("name", ["", "/", "..", "a\0b", "x" * 5000, "folder", "folder/"])
def test_what_is_no_file_is_missing(tmp_path, name):
    put(tmp_path, "folder/1.png")
    assert paths(tmp_path, name) == [""]


def test_hidden_folders_are_not_searched(tmp_path):
    put(tmp_path, "__MACOSX/1.png", ".cache/2.png")
    assert paths(tmp_path, "1", "2") == ["", ""]
