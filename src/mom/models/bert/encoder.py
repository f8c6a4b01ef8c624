"""The encoder of the `bert` stage: a small multilingual BERT that was tuned to tell what a conversation needs.

Three files: the layers (ONNX, 8-bit weights), the words' table (4-bit blocks, of which only the rows that are met are
read), and the vocabulary. onnxruntime runs the layers on one thread: a message is too small for more.
"""

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mom.mixture.conversation import Conversation
from mom.models.bert.pieces import Vocabulary
from mom.models.bert.tokens import END, START, Reading, read

SHIPPED_ENCODER = Path(__file__).parent / "encoder"
LAYERS, WORDS, PIECES = "layers.onnx", "words.q4", "pieces.gz"
WIDTH = 384
BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", 16)])  # 32 numbers of 4 bits, as llama.cpp's Q4_0

Floats = NDArray[np.float32]
Blocks = NDArray[np.void]


class EncoderError(Exception):
    """Files that cannot be used; the message says why."""


@dataclass(frozen=True, eq=False)
class Encoder:
    """Weighs conversations. Safe to use from several threads."""

    session: Any
    words: Blocks
    vocabulary: Vocabulary
    checksum: int  # of the layers

    def weigh(self, conversation: Conversation) -> tuple[float, Floats]:
        """The uncalibrated log-odds that an image is needed, and the message's vector (WIDTH)."""
        return self.weigh_reading(read(conversation, self.vocabulary))

    def weigh_reading(self, reading: Reading) -> tuple[float, Floats]:
        share = np.zeros((1, len(reading.pieces)), np.float32)
        share[:, : reading.last] = 1 / reading.last
        inputs = {
            "words": decoded(self.words[reading.pieces]),
            "kinds": np.array(reading.kinds, np.int64),
            "share": share,
        }
        logit, vector = self.session.run(("logit", "vector"), inputs)
        return float(logit[0, 0]), vector[0]


def decoded(blocks: Blocks) -> Floats:
    """The numbers of rows of blocks: (nibble - 8) x scale, a block's low nibbles before its high ones."""
    nibbles = blocks["nibbles"]
    values = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.float32) - 8
    values *= blocks["scale"][..., None].astype(np.float32)
    return values.reshape(len(blocks), -1)


def read_encoder(folder: Path = SHIPPED_ENCODER) -> Encoder:
    """The encoder of these files. Raises `EncoderError` where one is missing or corrupt."""
    try:
        vocabulary = read_vocabulary(folder)
        words = np.memmap(folder / WORDS, BLOCK, mode="r").reshape(len(vocabulary), WIDTH // 32)
        encoder = Encoder(_start_session(folder / LAYERS), words, vocabulary, checksum_of(folder / LAYERS))
        logit, _ = encoder.weigh_reading(Reading([START, END], [0, 0], 2))
    except Exception as error:  # onnxruntime's errors have no common class of their own
        raise EncoderError(f"the encoder's files in {folder.name} cannot be read ({error})") from error
    if not math.isfinite(logit):
        raise EncoderError(f"the encoder's files in {folder.name} hold weights that are no numbers")
    return encoder


def read_vocabulary(folder: Path) -> Vocabulary:
    return Vocabulary(*read_pieces(folder))


def read_pieces(folder: Path) -> tuple[list[str], list[float]]:
    """The vocabulary's pieces and their log-probabilities, which stand on a line each, one after the other."""
    table = gzip.decompress((folder / PIECES).read_bytes()).decode().split("\n")
    return table[0:-1:2], list(map(float, table[1::2]))


def checksum_of(path: Path) -> int:
    """The CRC-32 of a file, read in parts."""
    checksum = 0
    with path.open("rb") as file:
        while part := file.read(1 << 16):
            checksum = zlib.crc32(part, checksum)
    return checksum


def _start_session(path: Path) -> Any:  # noqa: ANN401 - onnxruntime has no types
    import onnxruntime  # noqa: PLC0415 - costs 0.1 s and 17 MB, which a process without this stage saves

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4  # what is amiss is raised
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
