"""What all tests share."""

import signal

# A test run that was started in the background ignores Ctrl-C and hang-ups, and so would every process that it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
