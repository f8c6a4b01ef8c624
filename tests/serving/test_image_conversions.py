"""Which converted models are trusted at the next start."""

import pytest

from mom.serving.image_server.conversions import Conversions, Verdict

GOOD = Verdict(agrees=True, difference=1.5)


@pytest.fixture
def source(tmp_path):
    model = tmp_path / "model"
    (model / "unet").mkdir(parents=True)
    (model / "unet" / "weights").write_text("weights")
    return model


def conversions(tmp_path, source, how="bf16"):
    return Conversions(tmp_path / "kept", "a model/1.5", [source], how)


@pytest.fixture
def kept(tmp_path, source):
    made = conversions(tmp_path, source)
    with made.begin() as folder:
        (folder / "unet.bin").write_text("converted")
        made.keep(GOOD)
    return made


def test_what_is_kept_is_found_at_the_next_start(kept, tmp_path, source):
    assert conversions(tmp_path, source).read() == GOOD


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "unet.bin").write_text("cOnverted"),
        lambda folder: (folder / "unet.bin").write_text("conv"),
        lambda folder: (folder / "unet.bin").unlink(),
        lambda folder: (folder / "another").write_text(""),
        lambda folder: (folder / "verdict.json").write_text("{"),
        lambda folder: (folder / "verdict.json").write_text("[]"),
        lambda folder: (folder / "verdict.json").unlink(),
    ],
)
def test_what_is_damaged_is_not_trusted(kept, damage):
    damage(kept.folder)
    assert kept.read() is None


def test_a_conversion_that_failed_in_the_middle_leaves_nothing(tmp_path, source):
    made = conversions(tmp_path, source)
    with pytest.raises(FileNotFoundError), made.begin() as folder:
        (folder / "no such folder" / "unet.bin").write_text("conv")
    assert not made.folder.exists()


def test_another_model_or_way_is_another_conversion_and_takes_the_place_of_the_old_one(kept, tmp_path, source):
    assert conversions(tmp_path, source, "f32").read() is None
    (source / "unet" / "weights").write_text("other weights")
    other = conversions(tmp_path, source)
    assert other.read() is None
    with other.begin():
        other.keep(GOOD)
    assert not kept.folder.exists()
    assert other.read() == GOOD


def test_of_what_does_not_agree_only_that_is_kept(tmp_path, source):
    made = conversions(tmp_path, source)
    with made.begin() as folder:
        (folder / "unet.bin").write_text("converted")
        made.keep(Verdict(agrees=False, difference=99.0))
    assert made.read() == Verdict(agrees=False, difference=99.0)
    assert [file.name for file in made.folder.iterdir()] == ["verdict.json"]
