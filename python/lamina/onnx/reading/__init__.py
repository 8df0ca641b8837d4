"""What an ONNX file describes, as a model.

A file's graph becomes one layer (``layer.py``), whose call records its nodes one after the other
(``run.py``); ``operators/`` has a function for each operator, written with ``lamina.ops``.
``files.py`` reads the file, ``protos.py`` takes it apart, ``functions.py`` replaces operators that
ONNX itself defines by others, and ``weights.py`` says which constants learn.
"""
