"""Writes the trained model as a GGUF file that llama.cpp serves: `python -m training.llm.export --to llm.gguf`."""

import argparse
import json
from pathlib import Path

import gguf
import torch
from tokenizers import Tokenizer

from mom.serving.demo import LLM_FILE
from training.llm.chat import END, PAD, SPECIAL, TEMPLATE
from training.llm.model import Llama, Shape
from training.llm.tensor_names import gguf_name
from training.llm.tokenizer import special_id
from training.llm.train import OUT

TEMPERATURE = 0.2  # what a server takes where nobody asks for another: surer of its sums, and still not always the same
EIGHT_BITS = gguf.GGMLQuantizationType.Q8_0


def write_gguf(model: Llama, tokenizer: Tokenizer, path: Path, *, quantized: bool = True) -> None:
    """The model with its tokenizer and chat template; matrices as Q8_0 (8 bits, a scale for every 32), norms as F32; or
    all as F32. Without an output matrix llama.cpp uses the embedding for both.
    """
    shape = model.shape
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("MoM demo")
    writer.add_description("The small demo model that ships with MoM")
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_sampling_temp(TEMPERATURE)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0 if quantized else gguf.LlamaFileType.ALL_F32)
    add_tokenizer(writer, tokenizer)
    for name, parameter in model.state_dict().items():
        array = parameter.detach().float().cpu().numpy()
        if quantized and array.ndim == 2:
            blocks = gguf.quantize(array, EIGHT_BITS)
            writer.add_tensor(gguf_name(name), blocks, raw_dtype=EIGHT_BITS)
        else:
            writer.add_tensor(gguf_name(name), array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def add_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    """Tokens, merges and special tokens; nothing is added at the beginning, the chat template writes all of it."""
    described = json.loads(tokenizer.to_str())["model"]
    tokens = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in described["merges"]]
    types = [gguf.TokenType.CONTROL if token in SPECIAL else gguf.TokenType.NORMAL for token in tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    end = special_id(tokenizer, END)
    writer.add_bos_token_id(end)
    writer.add_eos_token_id(end)
    writer.add_pad_token_id(special_id(tokenizer, PAD))
    writer.add_add_bos_token(value=False)
    writer.add_add_eos_token(value=False)
    writer.add_chat_template(TEMPLATE)


def read_checkpoint(out: Path) -> tuple[Llama, Tokenizer]:
    """The model and the tokenizer of a training run."""
    saved = torch.load(out / "checkpoint.pt", map_location="cpu")
    model = Llama(Shape(**saved["shape"]))
    model.load_state_dict(saved["model"])
    return model.eval(), Tokenizer.from_file(str(out / "tokenizer.json"))


def main() -> None:
    """Reads the command line and exports."""
    parser = argparse.ArgumentParser(description="Write the trained demo model as GGUF.")
    parser.add_argument("--out", type=Path, default=OUT, help="the folder of the training run")
    parser.add_argument("--to", type=Path, default=LLM_FILE)
    arguments = parser.parse_args()
    model, tokenizer = read_checkpoint(arguments.out)
    arguments.to.parent.mkdir(parents=True, exist_ok=True)
    write_gguf(model, tokenizer, arguments.to)
    print(f"{arguments.to}: {arguments.to.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
