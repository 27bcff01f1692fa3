"""The commit that `--version` names: in a checkout, in an archive, in neither."""

import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = ("cmake/Commit.cmake", "cmake/commit.txt", ".gitattributes")


def git(folder, *arguments):
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "safe.directory=*"]
    return subprocess.run(["git", *identity, "-C", folder, *arguments], check=True, capture_output=True).stdout


def stated_commit(source):
    out = source.parent / "commit.inc"
    subprocess.run(["cmake", f"-DSOURCE={source}", f"-DOUT={out}", "-P", source / "cmake/Commit.cmake"], check=True)
    return out.read_text().strip().strip('"')


@pytest.fixture
def plain(tmp_path):
    source = tmp_path / "source"
    (source / "cmake").mkdir(parents=True)
    for name in FILES:
        (source / name).write_bytes((ROOT / name).read_bytes())
    return source


@pytest.fixture
def checkout(plain):
    git(plain, "init", "-q")
    git(plain, "add", "-A")
    git(plain, "commit", "-q", "-m", "first")
    return plain


def test_a_checkout_names_its_commit(checkout):
    head = git(checkout, "rev-parse", "HEAD").decode().strip()
    assert stated_commit(checkout) == head[:12]


def test_local_changes_are_told(checkout):
    (checkout / "cmake/Commit.cmake").open("a").write("# changed\n")
    assert stated_commit(checkout).endswith("-dirty")


def test_a_release_tag_does_not_hide_the_commit(checkout):
    git(checkout, "tag", "-a", "v1", "-m", "one")
    assert stated_commit(checkout) == git(checkout, "rev-parse", "HEAD").decode()[:12]


def test_an_archive_carries_its_commit(checkout, tmp_path):
    head = git(checkout, "rev-parse", "HEAD").decode().strip()
    unpacked = tmp_path / "unpacked" / "source"
    unpacked.mkdir(parents=True)
    subprocess.run(["tar", "-x", "-C", unpacked], input=git(checkout, "archive", "HEAD"), check=True)
    assert stated_commit(unpacked) == head


def test_without_either_it_is_unknown(plain):
    assert stated_commit(plain) == "unknown"


def test_a_repository_around_the_sources_is_not_mistaken_for_theirs(plain):
    git(plain.parent, "init", "-q")
    git(plain.parent, "commit", "-q", "--allow-empty", "-m", "other")
    assert stated_commit(plain) == "unknown"


def test_an_unchanged_commit_touches_nothing(checkout):
    stated_commit(checkout)
    out = checkout.parent / "commit.inc"
    before = out.stat().st_mtime_ns
    stated_commit(checkout)
    assert out.stat().st_mtime_ns == before
