//! Reflex, models, the caller: who answers, and that it is counted; by threads too.

use cerebellum::{Cascade, MicroModel, Outcome, Way};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");

fn model(task: &str) -> MicroModel {
    MicroModel::load(MODELS, task).unwrap()
}

#[test]
fn each_way_and_its_count() {
    let model = model("is_question");
    let cascade = Cascade::new([&model]).on_unsure(|text, answer| {
        assert_eq!(answer.outcome, Outcome::Abstained);
        (text == "qzxj").then(|| "Statement".to_owned())
    });
    let sure = cascade.ask("今天天气怎么样").unwrap();
    assert_eq!((sure.label.as_str(), sure.way), ("Question", Way::Model));
    let caller = cascade.ask("qzxj").unwrap();
    let caller_is = (caller.label.as_str(), caller.way, caller.answer.outcome);
    assert!(caller_is == ("Statement", Way::Caller, Outcome::Abstained) || caller.way == Way::Model, "{:?}", caller);
    assert_eq!(cascade.ask("").unwrap().way, Way::Unsure);
    assert!(cascade.ask(&"a".repeat(100_001)).is_err());
    let counts = cascade.counts();
    assert_eq!(counts.model + counts.caller + counts.unsure + counts.reflex, 3);
    assert_eq!(counts.unsure, 1);
}

#[test]
fn threads_share_one() {
    let cascade = Cascade::new([model("confirmation")]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..50).for_each(|_| drop(cascade.ask("").unwrap())));
        }
    });
    assert_eq!(cascade.counts().unsure, 200);
}

#[test]
fn models_and_cascades_can_be_sent_and_shared() {
    fn check<T: Send + Sync>() {}
    check::<MicroModel>();
    check::<Cascade<'static, MicroModel>>();
    check::<cerebellum::Error>();
}
