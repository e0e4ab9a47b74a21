//! `libcerebellum`: the functions of `src/ffi.rs`, linked for C.
extern crate runtime;
