//! Reflex, models, the caller: who answers, and that it is counted; by threads too.

#[allow(dead_code, missing_docs)]
#[path = "../cli/src/json.rs"]
mod json;

use cerebellum::{Cascade, MicroModel, Outcome, Way};
use std::sync::atomic::{AtomicUsize, Ordering};

const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");

fn model(task: &str) -> MicroModel {
    MicroModel::load(MODELS, task).unwrap()
}

/// Texts that a shipped model answers with an outcome, as its parity cases say.
fn texts(task: &str, outcome: &str) -> Vec<String> {
    let file = std::fs::read_to_string(format!("{}/{}_parity.jsonl", MODELS, task)).unwrap();
    let cases = file.split('\n').filter(|line| !line.is_empty()).map(|line| json::parse(line).unwrap());
    let of_outcome = cases.filter(|case| case.get("outcome").and_then(json::Value::text).as_deref() == Some(outcome));
    of_outcome.filter_map(|case| case.get("text")?.text()).collect()
}

#[test]
fn each_way_and_its_count() {
    for task in ["is_question", "confirmation"] {
        let model = model(task);
        let (reflex, accepted, abstained) = (texts(task, "reflex"), texts(task, "accepted"), texts(task, "abstained"));
        let known = &abstained[abstained.len() - 1];
        let asked = AtomicUsize::new(0);
        let cascade = Cascade::new([&model, &model]).on_unsure(|text, answer| {
            asked.fetch_add(1, Ordering::Relaxed);
            assert_eq!((answer, answer.outcome), (&model.predict(text).unwrap(), Outcome::Abstained));
            (text == known).then(|| "from the caller".to_owned())
        });
        for (text, way) in [(&reflex[0], Way::Reflex), (&accepted[0], Way::Model), (&abstained[0], Way::Unsure)] {
            let (decision, answer) = (cascade.ask(text).unwrap(), model.predict(text).unwrap());
            assert_eq!((decision.label.as_str(), decision.way), (answer.label, way), "{:?}", text);
            assert_eq!(decision.answer, answer);
        }
        let caller = cascade.ask(known).unwrap();
        assert_eq!((caller.label.as_str(), caller.way), ("from the caller", Way::Caller));
        assert_eq!(caller.answer, model.predict(known).unwrap());
        assert!(cascade.ask(&"a".repeat(100_001)).is_err());
        let counts = cascade.counts();
        assert_eq!((counts.reflex, counts.model, counts.caller, counts.unsure), (1, 1, 1, 1));
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }
}

/// The model of one task, its labels written over by those of another.
fn with_labels(task: &str, old: [&str; 2], new: [&str; 2]) -> MicroModel {
    let read = |part: &str| std::fs::read(format!("{}/{}_{}", MODELS, task, part)).unwrap();
    let field = |label: &str| [&[0x22, label.len() as u8], label.as_bytes()].concat();
    let (old, new) = (old.map(field).concat(), new.map(field).concat());
    let mut bin = read("preprocessor.bin");
    let place = bin.windows(old.len()).position(|window| window == old).expect("the labels");
    bin.splice(place..place + old.len(), new);
    MicroModel::from_bytes(&bin, &read("classifier.onnx")).unwrap()
}

#[test]
fn a_model_that_is_sure_spares_the_others() {
    let other = with_labels("confirmation", ["Deny", "Affirm"], ["Statement", "Question"]); // in another order
    let models = [model("is_question"), other];
    let cascade = Cascade::new(&models);
    let text = &texts("is_question", "accepted")[0];
    assert_eq!(cascade.ask(text).unwrap().answer, models[0].predict(text).unwrap());
    let only_second = texts("is_question", "abstained")
        .into_iter()
        .find(|text| models[1].predict(text).unwrap().outcome == Outcome::Accepted);
    let text = only_second.expect("a text that only the second model is sure of");
    let decision = cascade.ask(&text).unwrap();
    assert_eq!((decision.way, decision.answer), (Way::Model, models[1].predict(&text).unwrap()));
    assert_eq!((cascade.counts().model, cascade.counts().unsure), (2, 0));
}

#[test]
#[should_panic(expected = "'is_question' has Question, Statement, 'confirmation' has Deny, Affirm")]
fn models_of_two_questions_are_no_cascade() {
    drop(Cascade::new([model("is_question"), model("confirmation")]));
}

#[test]
#[should_panic(expected = "at least one model")]
fn no_model_is_no_cascade() {
    drop(Cascade::<MicroModel>::new([]));
}

#[test]
fn what_the_callers_function_fails_with_comes_out_and_is_not_counted() {
    let cascade =
        Cascade::new([model("confirmation")]).try_on_unsure(|_, _| std::fs::read_to_string("/nowhere").map(Some));
    let error = cascade.ask("").unwrap_err();
    assert_eq!((error.name(), error.message().contains("os error")), ("Caller", true), "{}", error);
    let source = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<std::io::Error>());
    assert_eq!(source.map(std::io::Error::kind), Some(std::io::ErrorKind::NotFound));
    assert_eq!((cascade.counts().caller, cascade.counts().unsure), (0, 0));
    let cascade = Cascade::new([model("confirmation")]).try_on_unsure(|_, _| Ok::<_, String>(Some("other".to_owned())));
    assert_eq!((cascade.ask("").unwrap().label.as_str(), cascade.counts().caller), ("other", 1));
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
