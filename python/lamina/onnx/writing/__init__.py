"""Models written as ONNX: what a model records for a prediction, operation by operation.

``listening`` hears what is recorded, ``converters`` hold a function for each operation of the
engine, ``sheet`` is what they write on, ``lengths`` makes one sheet of several for axes of unknown
length, ``protos`` makes ONNX's objects of it, ``exporting`` is what users call.
"""
