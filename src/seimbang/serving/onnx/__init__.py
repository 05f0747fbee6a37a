"""A trained arm as one ONNX file: made, certified, and served."""
