//! With a scratch that has had as long a text, an answer allocates nothing. Alone in its file, for it counts all allocations of the process.

use cerebellum::{MicroModel, Scratch};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        System.alloc(layout)
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        System.dealloc(pointer, layout);
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        System.realloc(pointer, layout, size)
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn an_answer_with_a_scratch_allocates_nothing() {
    const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");
    let models = ["is_question", "confirmation"].map(|task| MicroModel::load(MODELS, task).unwrap());
    // the longest has one feature, shorter ones have hundreds, many words and patterns
    let (longest, long) = ("a".repeat(1_000), "what time is it 今天天气怎么样？… ".repeat(20));
    let words: String = ('a'..='z').map(|char| format!("{} ", char)).cycle().take(400).collect();
    let texts = ["", "今天天气怎么样", "yes please", "no", "What's the weather like today?", "👨‍👩‍👧‍👦 İ ß", &long, &words];
    assert!(texts.iter().all(|text| text.len() <= longest.len()));
    let mut scratch = Scratch::new();
    let mut ask = |texts: &[&str]| {
        let mut sum = 0.0;
        for model in &models {
            for text in texts {
                sum += model.predict_with(&mut scratch, text).unwrap().confidence;
            }
        }
        sum
    };
    ask(&[&longest]);
    let before = COUNT.load(Ordering::Relaxed);
    let (warm, mut sum) = (ask(&texts), 0.0);
    for _ in 0..100 {
        sum += ask(&texts);
    }
    let allocations = COUNT.load(Ordering::Relaxed) - before;
    assert_eq!(allocations, 0, "{} allocations in {} answers", allocations, 101 * 2 * texts.len());
    assert!((sum - 100.0 * warm).abs() < 1e-6);
}
