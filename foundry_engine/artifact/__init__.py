"""What is shipped: the ``.bin``, the ``.onnx`` and their manifest, written and read with every length checked."""
