"""What llama.cpp calls the parameters of our model."""

NAMES = {
    "attention_norm": "attn_norm", "query": "attn_q", "key": "attn_k", "value": "attn_v", "output": "attn_output",
    "feed_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "down": "ffn_down",
}  # fmt: skip


def gguf_name(name: str) -> str:
    """The name that llama.cpp gives to a parameter of our model."""
    if name == "embedding.weight":
        return "token_embd.weight"
    if name == "norm.weight":
        return "output_norm.weight"
    _, layer, part, _ = name.split(".")
    return f"blk.{layer}.{NAMES[part]}.weight"


def our_name(name: str) -> str:
    """Our model's name of a tensor of llama.cpp; undoes `gguf_name`."""
    if name == "token_embd.weight":
        return "embedding.weight"
    if name == "output_norm.weight":
        return "norm.weight"
    _, layer, part, _ = name.split(".")
    return f"blocks.{layer}.{next(ours for ours, theirs in NAMES.items() if theirs == part)}.weight"
