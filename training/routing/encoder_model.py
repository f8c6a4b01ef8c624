"""The encoder as it is trained: layers from the source encoder or from those that ship, the pieces' kinds added, one logit out."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from mom.models.bert.encoder import WIDTH, Blocks, Floats, decoded
from mom.models.bert.tokens import KINDS, Reading

LAYERS = 6
HEADS = 12
MOST_PIECES = 128  # that have a place


class RoutingEncoder(nn.Module):  # type: ignore[misc]  # torch has no types here
    """Embeddings that stay as they are, some layers, the mean over the last message's pieces, one weight per number of it."""

    def __init__(self, words: Blocks, layers: int = LAYERS) -> None:
        """`words` is the words' table; all other weights are to be loaded."""
        super().__init__()
        config = BertConfig(
            hidden_size=WIDTH,
            num_hidden_layers=layers,
            num_attention_heads=HEADS,
            max_position_embeddings=MOST_PIECES,
            intermediate_size=4 * WIDTH,
            type_vocab_size=KINDS,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1,
        )
        self.words = nn.Embedding.from_pretrained(torch.from_numpy(decoded(words)), freeze=True)
        self.bert = BertModel(config, add_pooling_layer=False)
        self.bert.embeddings.word_embeddings = nn.Identity()  # it is given the words' rows
        self.dropout = nn.Dropout(0.1)
        self.out = nn.Linear(WIDTH, 1)
        nn.init.normal_(self.out.weight, std=0.02)
        nn.init.zeros_(self.out.bias)

    def forward(self, pieces: Tensor, kinds: Tensor, mask: Tensor, last: Tensor, moved: Tensor | None = None) -> Tensor:
        """(rows, length) each, `mask` and `last` of 0 and 1; the logits (rows,). `moved`, (rows, length, WIDTH), is added to
        the words.
        """
        words = self.words(pieces) if moved is None else self.words(pieces) + moved
        states = self.bert(inputs_embeds=words, token_type_ids=kinds, attention_mask=mask).last_hidden_state
        weight = last[..., None].to(states.dtype)
        mean = (states * weight).sum(1) / weight.sum(1)
        logits: Tensor = self.out(self.dropout(mean))[:, 0].float()
        return logits


def batch_of(readings: Sequence[Reading]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What `forward` takes."""
    length = max(len(reading.pieces) for reading in readings)
    shape = (len(readings), length)
    pieces, kinds = np.ones(shape, np.int64), np.zeros(shape, np.int64)
    mask, last = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for row, reading in enumerate(readings):
        size = len(reading.pieces)
        pieces[row, :size] = reading.pieces
        kinds[row, :size] = reading.kinds
        mask[row, :size] = 1
        last[row, : reading.last] = 1
    return torch.from_numpy(pieces), torch.from_numpy(kinds), torch.from_numpy(mask), torch.from_numpy(last)


def load_source(model: RoutingEncoder, tensors: Mapping[str, Floats], layers: int) -> None:
    """Begin with the lower layers of the source encoder; all kinds of pieces are alike."""
    named = {
        "embeddings.position_embeddings.weight": tensors["emb.pos"][:MOST_PIECES],
        "embeddings.token_type_embeddings.weight": np.repeat(tensors["emb.type"][:1], KINDS, 0),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
    }
    parts = {
        "q": "attention.self.query",
        "k": "attention.self.key",
        "v": "attention.self.value",
        "ao": "attention.output.dense",
        "aln": "attention.output.LayerNorm",
        "fi": "intermediate.dense",
        "fo": "output.dense",
        "oln": "output.LayerNorm",
    }
    for layer in range(layers):
        for short, long in parts.items():
            for end, name in (("w", "weight"), ("b", "bias")):
                named[f"encoder.layer.{layer}.{long}.{name}"] = tensors[f"l{layer}.{short}.{end}"]
    model.bert.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in named.items()}, strict=False)
