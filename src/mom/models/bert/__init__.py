"""The classifier's stage that runs in this process: a small tuned BERT, and a head that joins it with character n-grams."""
