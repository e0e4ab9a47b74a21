//! Any text: features in ascending order, the same answer with and without steps.
#![no_main]

use cerebellum::MicroModel;

const BIN: &[u8] = include_bytes!("../../../models/is_question_preprocessor.bin");
const ONNX: &[u8] = include_bytes!("../../../models/is_question_classifier.onnx");

std::thread_local! {
    static MODEL: MicroModel = MicroModel::from_bytes(BIN, ONNX).expect("the shipped model");
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    MODEL.with(|model| {
        if let (Ok(steps), Ok(answer)) = (model.steps(text), model.predict(text)) {
            assert!(steps.indices.windows(2).all(|pair| pair[0] < pair[1]));
            assert_eq!(answer, steps.answer);
        }
    });
});
