"""The encoder in torch and as it ships: what is tuned on is what answers, and the way there and back loses nothing."""

# ruff: noqa: E402 - the imports need what is skipped without

import random
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")

from mom.mixture.verdict import Need
from mom.models.bert.encoder import LAYERS, PIECES, SHIPPED_ENCODER, WIDTH, WORDS, read_encoder
from mom.models.bert.tokens import read
from training.routing.as_typed import ENGLISH, HABITS, as_typed, without_marks, without_signs
from training.routing.dataset import read_dev
from training.routing.encoder_model import batch_of
from training.routing.export_encoder import build, main, mean_weights, quantized
from training.routing.shipped_layers import read_layers
from training.routing.tune_encoder import begun, learn, weighed

LAYER_COUNT = 6


@pytest.fixture(scope="module")
def layers():
    return read_layers(SHIPPED_ENCODER / LAYERS)


@pytest.fixture(scope="module")
def shipped():
    return read_encoder()


@pytest.fixture(scope="module")
def readings(shipped):
    return [read(case.conversation, shipped.vocabulary) for case in read_dev()[0]]


@pytest.fixture(scope="module")
def few(readings):
    """Eight messages, short ones, as those are learned quickly: four that want a picture, and four that do not."""
    short: dict[Need, list] = {Need.IMAGE: [], Need.TEXT: []}
    for case, reading in zip(read_dev()[0], readings, strict=True):
        if len(reading.pieces) <= 24:
            short[case.route].append(reading)
    return short[Need.IMAGE][:4] + short[Need.TEXT][:4]


def test_torch_begins_with_the_shipped_layers(shipped):
    readings = [read(case.conversation, shipped.vocabulary) for half in read_dev() for case in half]
    said = np.array([shipped.weigh_reading(reading)[0] for reading in readings])
    found = weighed(begun(SHIPPED_ENCODER), readings)
    # The one reckons in 8 bits, the other in bfloat16: of 552 verdicts that turns one, at log-odds below 1.
    assert np.corrcoef(said, found)[0, 1] > 0.999
    assert np.abs(said - found).mean() < 0.05
    turned = said[(said > 0) != (found > 0)]
    assert len(turned) <= 1
    assert all(np.abs(turned) < 0.5)


def test_what_is_read_back_is_exported_to_the_same_weights(layers, tmp_path):
    path = tmp_path / LAYERS
    path.write_bytes(quantized(build(layers, LAYER_COUNT)))
    again = read_layers(path)
    assert again.keys() == layers.keys()
    for name, weight in layers.items():
        assert np.array_equal(weight, again[name]), name


def test_a_folder_that_is_not_there_is_made(layers, tmp_path, monkeypatch):
    torch.save({"model": {name: torch.tensor(weight) for name, weight in layers.items()}}, tmp_path / "checkpoint.pt")
    output = tmp_path / "not/there"
    monkeypatch.setattr(sys, "argv", ["export_encoder", "--from", str(tmp_path), "--output", str(output)])
    main()
    assert (output / LAYERS).stat().st_size == (SHIPPED_ENCODER / LAYERS).stat().st_size


def test_the_exported_graph_reckons_as_torch_does(layers, readings, tmp_path):
    path = tmp_path / LAYERS
    path.write_bytes(build(layers, LAYER_COUNT).SerializeToString())
    for name in (WORDS, PIECES):
        (tmp_path / name).symlink_to(SHIPPED_ENCODER / name)
    exported, model = read_encoder(tmp_path), begun(SHIPPED_ENCODER).eval()
    with torch.inference_mode():
        for reading in readings[:10]:
            vectors = torch.tensor([reading.pieces]), torch.tensor([reading.kinds])
            mask = torch.ones_like(vectors[0])
            last = torch.tensor([[1] * reading.last + [0] * (len(reading.pieces) - reading.last)])
            assert float(model(*vectors, mask, last)) == pytest.approx(exported.weigh_reading(reading)[0], abs=1e-3)


def test_a_file_that_export_did_not_write_is_refused(tmp_path):
    stranger = onnx.helper.make_graph(
        [], "other", [], [], [onnx.numpy_helper.from_array(np.zeros(3, np.float32), "weights")]
    )
    onnx.save(onnx.helper.make_model(stranger), str(tmp_path / LAYERS))
    with pytest.raises(ValueError, match="'weights', which `export_encoder` does not write"):
        read_layers(tmp_path / LAYERS)


def test_what_is_typed_otherwise_keeps_its_words():
    nobody = random.Random(1)
    assert without_marks("Crème brûlée, mäßig, أهلا ёлка", nobody) == "Creme brulee, maßig, اهلا елка"
    for tells_apart in ("がぎ", "हिन्दी", "ไม้", "한국어", "й"):
        assert without_marks(tells_apart, nobody) == tells_apart
    assert without_signs("It's  a fox, isn't it?", nobody) == "its a fox isnt it"


def test_every_habit_leaves_something_of_any_message():
    for message in ("?", "…", "🦊", "a", "нарисуй лису"):
        for seed in range(30):
            assert as_typed(message, "en", random.Random(seed)).strip()
    assert set(HABITS) < set(ENGLISH)


def test_several_runs_are_exported_as_their_mean(tmp_path):
    folders = [tmp_path / name for name in ("one", "other")]
    for folder, value in zip(folders, (1.0, 4.0), strict=True):
        folder.mkdir()
        torch.save({"model": {"out.weight": torch.full((2,), value)}}, folder / "checkpoint.pt")
    assert mean_weights(folders)["out.weight"].tolist() == [2.5, 2.5]
    assert mean_weights(folders[1:])["out.weight"].tolist() == [4.0, 4.0]


def taught(readings, labels, **how):
    """The shipped encoder after eight steps on these readings."""
    torch.manual_seed(1)
    model = begun(SHIPPED_ENCODER)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)  # far enough to change its mind: its gradient is clipped
    for _ in range(8):
        learn(model, optimizer, (*batch_of(readings), torch.tensor(labels)), **how)
    return model.eval()


def test_a_teacher_is_believed_more_than_a_label(few):
    teacher = begun(SHIPPED_ENCODER).eval()
    said = weighed(teacher, few) > 0
    wrong = [float(not each) for each in said]
    alone = weighed(taught(few, wrong, teachers=[], adversarial=0.0), few)
    with_teacher = weighed(taught(few, wrong, teachers=[teacher], adversarial=0.0), few)
    assert ((with_teacher > 0) == said).mean() > 0.8
    assert ((alone > 0) == said).mean() < 0.5


def test_what_was_taught_against_harm_is_moved_less_by_it(few):
    right = [float(each > 0) for each in weighed(begun(SHIPPED_ENCODER), few)]

    def harmed(model):
        *inputs, wanted = (*batch_of(few), torch.tensor(right))
        moved = torch.zeros((*inputs[0].shape, WIDTH), requires_grad=True)
        torch.nn.functional.binary_cross_entropy_with_logits(model(*inputs, moved), wanted).backward()
        harm = 2 * moved.grad / moved.grad.flatten(1).norm(dim=1)[:, None, None]
        with torch.no_grad():
            return float(torch.nn.functional.binary_cross_entropy_with_logits(model(*inputs, harm), wanted))

    plain = harmed(taught(few, right, teachers=[], adversarial=0.0))
    steeled = harmed(taught(few, right, teachers=[], adversarial=2.0))
    assert steeled < 0.9 * plain, (steeled, plain)
