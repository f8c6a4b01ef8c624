"""GGUF files of the Llama architecture with random weights: their words mean nothing, but their speed and mechanics are real.

Such a model never ends an answer by itself, so that a test can rely on it being busy until it is stopped or has written
its `max_tokens`. `python -m tests.random_llm OUT.gguf --shape half-billion` writes one by hand.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

WORDS = ("text", "image", "red", "blue", "fox", "the")  # each of them is one token
SPECIAL_TOKENS = ("<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
# In this form llama.cpp finds out by itself how the model calls tools, and can hold it to a call.
CHAT_TEMPLATE = (
    "{% if tools %}<|system|>{% for tool in tools %}{{ tool | tojson }}{% endfor %}<|end|>{% endif %}"
    "{% for message in messages %}<|{{ message.role }}|>{% if message.tool_calls %}{% for call in message.tool_calls %}"
    "<function={{ call.function.name }}>{{ call.function.arguments | tojson }}</function>{% endfor %}"
    "{% else %}{{ message.content }}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@dataclass(frozen=True)
class Shape:
    """Sizes as in a Llama's configuration; those of matrices are multiples of 32. Without `experts` a dense model.

    Of the experts `used` write each token.
    """

    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    vocabulary: int = 512
    context_tokens: int = 16_384
    experts: int = 0
    used: int = 0


SHAPES = {
    "tiny": Shape(2, 128, 256, 4, 4),
    # Slow enough on two cores to be met in every state: some tens of tokens per second.
    "slow": Shape(8, 768, 2048, 12, 12),
    # Qwen2.5-0.5B's sizes, from its configuration file: 630M parameters with an output matrix of its own.
    "half-billion": Shape(24, 896, 4864, 14, 2, 151_936),
}


def write_random_llm(
    path: Path,
    shape: Shape = SHAPES["tiny"],
    *,
    architecture: str = "llama",
    ends_strings: bool = False,
    **parts,
) -> Path:
    """Write the file: matrices in Q8_0, vectors in F32. The same shape gives the same bytes.

    With `ends_strings` a quotation mark is often the likeliest, so that a string in a structure ends long before the most
    that its schema allows. `parts` says how to divide the file, as gguf's writer takes it: `split_max_tensors`, `small_first_shard`.
    """
    writer = gguf.GGUFWriter(path, architecture, **parts)
    writer.add_name("random weights")
    add_shape(writer, shape)
    add_vocabulary(writer, shape.vocabulary)
    random = np.random.default_rng(0)
    for name, size in tensors_of(shape):
        if len(size) == 1:
            writer.add_tensor(name, np.ones(size, dtype=np.float32))
        else:
            blocks = _random_blocks(random, size, scale=4.0 if name.startswith(("token_embd", "output")) else 1.0)
            if name == "output.weight":
                blocks[_never_drawn(shape.vocabulary)] = 0  # a logit of 0 among many of ±4
                if ends_strings:
                    quote = len(SPECIAL_TOKENS) + _byte_characters().index('"')
                    blocks[quote] = _random_blocks(random, (1, shape.width), scale=64.0)
            writer.add_tensor(name, blocks, raw_dtype=gguf.GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def add_shape(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_context_length(shape.context_tokens)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    if shape.experts:
        writer.add_expert_count(shape.experts)
        writer.add_expert_used_count(shape.used)


def tensors_of(shape: Shape) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The name and size of each, as llama.cpp wants them."""
    kv_width = shape.width // shape.heads * shape.kv_heads
    many, kind = ((shape.experts,), "_exps") if shape.experts else ((), "")
    yield "token_embd.weight", (shape.vocabulary, shape.width)
    yield "output.weight", (shape.vocabulary, shape.width)
    yield "output_norm.weight", (shape.width,)
    for layer in range(shape.layers):
        block = f"blk.{layer}."
        yield block + "attn_norm.weight", (shape.width,)
        yield block + "attn_q.weight", (shape.width, shape.width)
        yield block + "attn_k.weight", (kv_width, shape.width)
        yield block + "attn_v.weight", (kv_width, shape.width)
        yield block + "attn_output.weight", (shape.width, shape.width)
        yield block + "ffn_norm.weight", (shape.width,)
        if shape.experts:
            yield block + "ffn_gate_inp.weight", (shape.experts, shape.width)
        yield block + f"ffn_gate{kind}.weight", (*many, shape.feed_forward, shape.width)
        yield block + f"ffn_up{kind}.weight", (*many, shape.feed_forward, shape.width)
        yield block + f"ffn_down{kind}.weight", (*many, shape.width, shape.feed_forward)


def _random_blocks(random: np.random.Generator, size: tuple[int, ...], *, scale: float) -> np.ndarray:
    """Random Q8_0 blocks (ggml: a float16 scale, then 32 int8 values) of deviation `scale` / √columns."""
    rows, columns = size
    blocks = np.empty((rows, columns // 32, 34), dtype=np.uint8)
    unit = np.float16(scale / np.sqrt(columns) / 74)  # 74 is the deviation of int8 values that are equally likely
    blocks[..., :2] = np.frombuffer(unit.tobytes(), dtype=np.uint8)
    blocks[..., 2:] = random.integers(0, 256, (rows, columns // 32, 32), dtype=np.uint8)
    return blocks.reshape(rows, -1)


def _never_drawn(vocabulary: int) -> list[int]:
    """All tokens but the printable characters of ASCII, which come first among the bytes."""
    first = len(SPECIAL_TOKENS)
    return [token for token in range(vocabulary) if not first <= token < first + 94]


def add_vocabulary(writer: gguf.GGUFWriter, size: int) -> None:
    """Byte-level BPE: the special tokens, 256 bytes, the pieces that make `WORDS`, then tokens no text contains."""
    tokens = [*SPECIAL_TOKENS, *_byte_characters()]
    merges = []
    for word in WORDS:
        for end in range(2, len(word) + 1):
            if word[:end] not in tokens:
                tokens.append(word[:end])
                merges.append(f"{word[: end - 1]} {word[end - 1]}")
    tokens += [f"<unused {number}>" for number in range(size - len(tokens))]
    specials = len(SPECIAL_TOKENS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL] * specials + [gguf.TokenType.NORMAL] * (size - specials))
    writer.add_token_merges(merges)
    writer.add_eos_token_id(0)
    writer.add_bos_token_id(0)
    writer.add_add_bos_token(value=False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _byte_characters() -> list[str]:
    """GPT-2's printable stand-ins for the 256 bytes (openai/gpt-2, `bytes_to_unicode`)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in printable] + [chr(256 + place) for place in range(256 - len(printable))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--shape", choices=SHAPES, default="tiny")
    arguments = parser.parse_args()
    write_random_llm(arguments.out, SHAPES[arguments.shape])
