"""The small LLM's self-test: does it read labels as it should, and well enough to be asked at all?"""
