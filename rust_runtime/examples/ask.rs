//! Loads a model and answers: `cargo run --example ask -- ../models is_question "今天天气怎么样"`.

fn main() -> cerebellum::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| "../models".to_owned());
    let task = arguments.next().unwrap_or_else(|| "is_question".to_owned());
    let text = arguments.next().unwrap_or_else(|| "今天天气怎么样".to_owned());

    let model = cerebellum::MicroModel::load(folder, &task)?;
    let answer = model.predict(&text)?;
    println!("{}: {:.3}, {}", answer.label, answer.confidence, answer.outcome);
    for reason in model.explain(&text, 5)? {
        println!("{:+.3}  {}", reason.value, reason.feature);
    }
    Ok(())
}
