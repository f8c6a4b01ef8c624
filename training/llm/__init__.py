"""How the demo language model was made: sentences from frames, a tokenizer, a small Llama, its training and its export."""
