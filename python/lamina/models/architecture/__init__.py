"""How models are put together: sequences, graphs of symbolic tensors, classes with ``call``."""
