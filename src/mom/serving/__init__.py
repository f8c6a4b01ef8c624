"""Runs the models: the supervisor and the processes it keeps alive."""
