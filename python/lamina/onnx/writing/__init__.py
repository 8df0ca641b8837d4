"""Writing models as ONNX: the operations that a model records for a prediction.

``listening`` notes the recorded operations, ``converters`` have a function for each of them, which
writes nodes on a ``sheet``, ``lengths`` combines several sheets into one for axes of unknown
length, ``protos`` turns it into ONNX's objects, and ``exporting`` has the public functions.
"""
