"""What is exported speaks in llama.cpp as it does in torch, and the shipped file keeps what the mixture relies on."""

# ruff: noqa: E402 - the imports need what is skipped without

from collections.abc import Iterator
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

from training.llm.chat import END, LABELS, SPECIAL
from training.llm.export import write_gguf
from training.llm.model import Llama, Shape
from training.llm.server import Server, running_server
from training.llm.start import read_tokenizer, read_weights
from training.llm.tokenizer import special_id, train_tokenizer

SHIPPED = Path(__file__).parents[2] / "src/mom/serving/demo/llm.gguf"
CLASSIFY = (Path(__file__).parents[2] / "src/mom/mixture/prompts/classify.j2").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shipped() -> Iterator[Server]:
    with running_server(SHIPPED) as server:
        yield server


def test_llama_cpp_continues_as_torch_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    tokenizer = train_tokenizer(count=300)
    model = Llama(Shape(vocabulary=tokenizer.get_vocab_size(), width=64, layers=2, heads=2, hidden=128))
    for parameter in model.parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, std=0.3)
    write_gguf(model.eval(), tokenizer, tmp_path / "tiny.gguf", quantized=False)
    with running_server(tmp_path / "tiny.gguf") as server:
        for words in ("draw a red circle", "Was kostet das? 12 + 30", 'say "zwölf"\n'):
            ids = tokenizer.encode(words).ids
            assert server.token_ids(words) == ids
            answer = server.post(
                "/completion", {"prompt": ids, "n_predict": 8, "temperature": 0, "return_tokens": True}
            )
            end = special_id(tokenizer, END)  # which llama.cpp tells at some limits and not at others
            assert [token for token in answer["tokens"] if token != end] == model.greedy(ids, stop=end, limit=8)


def test_a_file_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    tokenizer = train_tokenizer(count=300)
    model = Llama(Shape(vocabulary=tokenizer.get_vocab_size(), width=32, layers=2, heads=1, hidden=64))
    write_gguf(model, tokenizer, tmp_path / "tiny.gguf", quantized=False)
    weights = read_weights(tmp_path / "tiny.gguf")
    assert weights.keys() == model.state_dict().keys()
    assert all(torch.equal(weights[name], parameter) for name, parameter in model.state_dict().items())
    words = 'draw a red circle, "zwölf" 12 <|end|>'
    assert read_tokenizer(tmp_path / "tiny.gguf").encode(words).ids == tokenizer.encode(words).ids


def test_each_label_is_one_token(shipped: Server) -> None:
    assert [len(shipped.token_ids(label)) for label in LABELS] == [1, 1]


def test_the_chat_template_puts_one_token_for_a_known_system_message(shipped: Server) -> None:
    messages = [{"role": "system", "content": CLASSIFY}, {"role": "user", "content": "Message: hi"}]
    prompt = shipped.post("/apply-template", {"messages": messages})["prompt"]
    assert prompt == "<|route|><|user|>Message: hi<|assistant|>"
    assert all(
        len(shipped.post("/tokenize", {"content": token, "parse_special": True})["tokens"]) == 1 for token in SPECIAL
    )


@pytest.mark.parametrize(
    ("message", "need"),
    [
        ("Message: draw a green square", "image"),
        ("Message: explain how JPEG works", "text"),
        ("Earlier:\nuser: draw a boat\nassistant: [image] a red boat\nMessage: make it bluer", "image"),
        ("Earlier:\nuser: draw a boat\nassistant: [image] a red boat\nMessage: what is in it?", "text"),
    ],
)
def test_the_shipped_model_routes(shipped: Server, message: str, need: str) -> None:
    found = shipped.label_probabilities(
        [{"role": "system", "content": CLASSIFY}, {"role": "user", "content": message}], LABELS
    )
    assert max(found, key=lambda label: found[label]) == need


def test_the_shipped_model_says_that_it_is_a_demo(shipped: Server) -> None:
    assert "demo model" in shipped.chat([{"role": "user", "content": "who are you?"}])
