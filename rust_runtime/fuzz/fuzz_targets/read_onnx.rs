//! Any bytes as a `.onnx`: a named error or weights.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| drop(cerebellum::read_classifier(data)));
