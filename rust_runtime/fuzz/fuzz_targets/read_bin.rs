//! Any bytes as a `.bin`: a named error or a preprocessor.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| drop(cerebellum::read_preprocessor(data)));
