"""What is recorded of a network's work, when, and what becomes of it; the recorder is a stand-in, as CUDA graphs need a GPU."""

import pytest

torch = pytest.importorskip("torch")

from mom.serving.image_server.recording import LARGEST, MOST_KEPT, Recordings  # noqa: E402 -- needs torch

pytestmark = pytest.mark.torch


class Recorder:
    """Like a CUDA graph: computes at fixed places, anew at each replay; its capture computes nothing of use."""

    def __init__(self, error=None):
        self.made, self.error = 0, error

    def __call__(self, run):
        if self.error:
            raise self.error
        self.made += 1
        result = run()
        result.fill_(float("nan"))
        return result, lambda: result.copy_(run())


class Network:
    def __init__(self):
        self.runs = 0

    def __call__(self, latents, step, *, words=None):
        self.runs += 1
        return latents * step + (0 if words is None else words.sum())


@pytest.fixture
def network():
    return Network()


def recorded(network, recorder):
    recordings = Recordings(torch.device("cpu"), recorder)
    return recordings, recordings.of("network", network)


def test_the_second_call_with_inputs_of_a_shape_is_recorded_and_each_computes_with_its_own_inputs(network):
    recorder = Recorder()
    _, run = recorded(network, recorder)
    for number in range(5):
        latents, words = torch.randn(1, 4, 8, 8), torch.randn(1, 7)
        assert torch.equal(run(latents, torch.tensor(number), words=words), latents * number + words.sum())
        assert recorder.made == (number > 0)


def test_a_result_is_not_written_over_by_the_next_one(network):
    _, run = recorded(network, Recorder())
    ones = torch.ones(1, 4, 8, 8)
    results = [run(ones, torch.tensor(number)) for number in range(4)]
    assert [float(each.mean()) for each in results] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "other", [(torch.ones(2, 4, 8, 8), 3), (torch.ones(1, 4, 8, 8), 4), (torch.ones(1, 4, 8, 8).double(), 3)]
)
def test_another_shape_value_or_format_is_another_recording(network, other):
    recorder = Recorder()
    _, run = recorded(network, recorder)
    for _ in range(3):
        run(torch.ones(1, 4, 8, 8), 3)
        run(*other)
    assert recorder.made == 2


def test_what_is_large_is_run_as_it_is(network):
    recorder = Recorder()
    _, run = recorded(network, recorder)
    for _ in range(3):
        run(torch.ones(LARGEST + 1), 1)
    assert (recorder.made, network.runs) == (0, 3)


def test_what_cannot_be_recorded_is_run_as_it_is_from_then_on(network, caplog):
    recordings, run = recorded(
        network, Recorder(RuntimeError("operation not permitted when stream is capturing\nmore"))
    )
    for _ in range(4):
        assert torch.equal(run(torch.ones(1, 4), 2), torch.full((1, 4), 2.0))
    assert recordings.failure == "operation not permitted when stream is capturing"
    assert caplog.text.count("cannot be recorded") == 1


def test_a_failure_without_words_is_told_by_its_kind(network):
    recordings, run = recorded(network, Recorder(RuntimeError()))
    run(torch.ones(1, 4), 2)
    assert torch.equal(run(torch.ones(1, 4), 2), torch.full((1, 4), 2.0))
    assert recordings.failure == "RuntimeError"


def test_a_picture_that_is_stopped_while_it_is_recorded_is_no_failure(network):
    class StoppedError(Exception):
        pass

    recorder = Recorder(StoppedError())
    recordings, run = recorded(network, recorder)
    run(torch.ones(1, 4), 2)
    with pytest.raises(StoppedError):
        run(torch.ones(1, 4), 2)
    recorder.error = None
    assert torch.equal(run(torch.ones(1, 4), 2), torch.full((1, 4), 2.0))
    assert (recorder.made, recordings.failure) == (1, "")


def test_only_so_many_are_kept_and_those_forgotten_are_made_anew(network):
    recorder = Recorder()
    recordings, run = recorded(network, recorder)
    for size in range(1, MOST_KEPT + 2):
        run(torch.ones(size), 1)
        run(torch.ones(size), 1)
    assert recorder.made == MOST_KEPT + 1
    run(torch.ones(1), 1)  # the oldest: met anew, so run as it is
    assert recorder.made == MOST_KEPT + 1
    assert recordings.forget()
    assert not recordings.forget()
    run(torch.ones(MOST_KEPT), 1)
    run(torch.ones(MOST_KEPT), 1)
    assert recorder.made == MOST_KEPT + 2


def test_nothing_is_recorded_or_replayed_while_it_is_paused(network):
    recorder = Recorder()
    recordings, run = recorded(network, recorder)
    run(torch.ones(1, 4), 2)
    with recordings.paused():
        run(torch.ones(1, 4), 2)
    assert (recorder.made, network.runs) == (0, 2)
    run(torch.ones(1, 4), 2)
    assert recorder.made == 1
