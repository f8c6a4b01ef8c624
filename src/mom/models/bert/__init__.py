"""The classifier's stage that runs in this process: a small head over character n-grams and the conversation."""
