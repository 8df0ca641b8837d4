"""Models from ONNX files.

A file's graph becomes one layer (``layer.py``), whose call records its nodes in order
(``run.py``); ``operators/`` has a function for each operator, written with ``lamina.ops``.
``files.py`` reads the file, ``protos.py`` converts it to plain values, ``functions.py`` replaces
operators that ONNX defines by other ones, and ``weights.py`` determines the trainable constants.
"""
