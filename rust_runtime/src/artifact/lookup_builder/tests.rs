//! Vocabularies and literals of every shape are held, and found.

use super::*;
use crate::features::hits::Hits;
use crate::features::normalizer::normalize_into;
use crate::features::patterns::Done;

fn front_coded(terms: &[&str]) -> Vec<u8> {
    let mut out = Vec::new();
    for term in terms {
        out.extend([0, term.len() as u8]);
        out.extend_from_slice(term.as_bytes());
    }
    out
}

fn lookup<K: Key>() -> Lookup
where
    Lookup: From<Walker<K>>,
{
    let settings = NGramSettings { char_min: 1, char_max: 3, word_min: 1, word_max: 2 };
    let terms = ["\u{1}\u{2} ok", "\u{1}ok", "\u{1}ok now", "\u{2}o", "abcd", "k", "ok", "好"];
    let mut builder = LookupBuilder::<K>::new(settings, terms.len(), 1 << 12, &[]);
    assert_eq!(builder.add_terms(&front_coded(&terms)).unwrap(), 8);
    let (start, end, word) = (front_coded(&["ok"]), front_coded(&["now", "好"]), front_coded(&["k", "now"]));
    let group = PatternGroup { start: &start, end: &end, ..PatternGroup::default() };
    builder.add_group(8, &group).unwrap();
    builder.add_group(9, &PatternGroup { word: &word, ..PatternGroup::default() }).unwrap();
    builder.add_group(10, &PatternGroup { anywhere: &word, ..PatternGroup::default() }).unwrap();
    builder.finish().unwrap()
}

/// Terms in the order of a file, each with what it shares with the one before.
fn shared_coded(terms: &[String]) -> Vec<u8> {
    let (mut out, mut before) = (Vec::new(), &[][..]);
    for term in terms.iter().map(String::as_bytes) {
        let shared = term.iter().zip(before).take_while(|(a, b)| a == b).count();
        for length in [shared, term.len() - shared] {
            out.extend(if length < 128 { vec![length as u8] } else { vec![length as u8 | 128, 1] });
        }
        out.extend(&term[shared..]);
        before = term;
    }
    out
}

fn built<K: Key>(settings: NGramSettings, terms: &[String], group: &PatternGroup) -> Option<Lookup>
where
    Lookup: From<Walker<K>>,
{
    let data = shared_coded(terms);
    let groups = [PatternGroup { ..*group }];
    let mut builder = LookupBuilder::<K>::new(settings, terms.len(), data.len(), &[&groups]);
    assert_eq!(builder.add_terms(&data).unwrap(), terms.len());
    builder.add_group(terms.len(), group).unwrap();
    builder.finish()
}

/// Terms, and after them the groups.
fn found(lookup: &Lookup, terms: usize, text: &str) -> Vec<u32> {
    let (mut marked, mut symbols, mut items) = (Vec::new(), Vec::new(), Vec::new());
    let (mut done, mut hits, mut indices) = (Done::default(), Hits::default(), Vec::new());
    normalize_into(text, &mut marked);
    hits.prepare(terms + 3, terms, false);
    done.prepare(lookup.list_count());
    lookup.find(&marked, &mut symbols, &mut items, &mut done, &mut hits);
    hits.drain_into(&mut indices);
    indices
}

/// The lookup a model with these would have; every word term is found.
fn holds(settings: NGramSettings, mut terms: Vec<String>, sample: usize) {
    terms.sort();
    let none = PatternGroup::default();
    let small = built::<u32>(settings, &terms, &none);
    let large = built::<u64>(settings, &terms, &none).expect("large keys hold every file");
    for lookup in [small.as_ref().unwrap_or(&large), &large] {
        for (i, term) in terms.iter().enumerate().step_by(sample) {
            let text = term.trim_start_matches('\u{1}');
            assert!(found(lookup, terms.len(), text).contains(&(i as u32)), "{} of {}", i, terms.len());
        }
    }
}

#[test]
fn vocabularies_of_words_load_whatever_their_size() {
    let settings = |char_min, char_max, word_max| NGramSettings { char_min, char_max, word_min: 1, word_max };
    for count in (1..40).chain([127, 128, 255, 300, 470, 509, 700, 1_024, 3_000, 20_000]) {
        for settings in [settings(1, 4, 3), settings(2, 3, 1)] {
            holds(settings, (0..count).map(|n| format!("\u{1}{}", n)).collect(), 1 + count / 30);
            holds(settings, (1..=count.min(200)).map(|n| format!("\u{1}{}", "a".repeat(n))).collect(), 7);
        }
        let pairs = |n: usize| format!("\u{1}{} w{} {}", n % 9, n % 70, n);
        holds(settings(1, 4, 3), (0..count.min(2_000)).map(pairs).collect(), 1 + count / 30);
    }
    // of no length a text has, but the longer ones are there
    let words = (0..9_000).map(|n| format!("\u{1}{}", n)).chain(('a'..='z').map(String::from));
    holds(settings(1, 1, 1), words.collect(), 100);
}

#[test]
fn literals_at_the_end_may_begin_alike() {
    let settings = NGramSettings { char_min: 1, char_max: 1, word_min: 1, word_max: 0 };
    for (count, shared) in [(46, 10), (4, 250), (1_000, 20), (90, 252)] {
        let literals: Vec<String> = (0..count).map(|n| format!("{}{:03}", "x".repeat(shared), n)).collect();
        let end = shared_coded(&literals);
        let group = PatternGroup { end: &end, ..PatternGroup::default() };
        let terms = ["a".to_owned()];
        let small = built::<u32>(settings, &terms, &group);
        for lookup in [small.expect("small keys do"), built::<u64>(settings, &terms, &group).unwrap()] {
            for literal in &literals {
                assert_eq!(found(&lookup, 1, &format!("a {}", literal)), [0, 1]);
                assert_eq!(found(&lookup, 1, &format!("a {}", &literal[1..])), [0]);
            }
        }
    }
}

/// How long the lookup of 10,000 word terms takes that begin alike; the shortest of a few times.
fn time_of_alike(beginning: &str) -> std::time::Duration {
    let settings = NGramSettings { char_min: 1, char_max: 4, word_min: 1, word_max: 3 };
    let terms: Vec<String> = (0..10_000).map(|n| format!("\u{1}{}{:06}", beginning, n)).collect();
    let data = shared_coded(&terms);
    let times = (0..4).map(|_| {
        let start = std::time::Instant::now();
        let mut builder = LookupBuilder::<u64>::new(settings, terms.len(), data.len(), &[]);
        assert_eq!(builder.add_terms(&data).unwrap(), terms.len());
        let (time, lookup) = (start.elapsed(), builder.finish().unwrap());
        assert_eq!(found(&lookup, terms.len(), &terms[7_777][1..]), [7_777]);
        time
    });
    times.min().unwrap()
}

#[test]
fn word_terms_that_begin_alike_are_not_walked_from_the_start_each_time() {
    let (short, long) = (time_of_alike("a b "), time_of_alike(&("a".repeat(120) + " " + &"b".repeat(120) + " ")));
    assert!(long < short * 5, "{:?} and {:?}", short, long); // walked from the start it would be 30 times
}

#[test]
fn small_and_large_keys_find_the_same() {
    let lookups = [lookup::<u32>(), lookup::<u64>()];
    assert!(matches!(lookups, [Lookup::Small(_), Lookup::Large(_)]));
    for lookup in lookups {
        for (text, expected) in [
            ("", Vec::<u32>::new()),
            ("ok", vec![0, 1, 3, 5, 6, 8, 10]),
            ("OK now!", vec![0, 1, 2, 3, 5, 6, 8, 9, 10]),
            ("好", vec![7, 8]),
            ("okay", vec![3, 5, 6, 10]),
            ("abcd x", vec![]),
            ("...k", vec![5, 9, 10]),
        ] {
            assert_eq!(found(&lookup, 8, text), expected, "{:?}", text);
        }
    }
}

#[test]
fn what_small_keys_do_not_hold_is_left_to_large_ones() {
    fn lookup<K: Key>(data: &[u8], count: usize) -> Option<Lookup>
    where
        Lookup: From<Walker<K>>,
    {
        let settings = NGramSettings { char_min: 1, char_max: 1, word_min: 1, word_max: 0 };
        let mut builder = LookupBuilder::<K>::new(settings, count, data.len(), &[]);
        assert_eq!(builder.add_terms(data).unwrap(), count);
        builder.finish()
    }
    let han: Vec<String> = ('\u{4e00}'..='\u{9fff}').map(String::from).collect();
    let hangul: Vec<String> = ('\u{ac00}'..='\u{d7a3}').map(String::from).collect();
    let terms: Vec<&str> = han.iter().chain(&hangul).map(String::as_str).collect();
    let data = front_coded(&terms);
    assert!(lookup::<u32>(&front_coded(&terms[..9_000]), 9_000).is_some());
    assert!(lookup::<u32>(&data, terms.len()).is_none());
    let large = lookup::<u64>(&data, terms.len()).unwrap();
    let (mut marked, mut done, mut hits, mut indices) = (vec![], Done::default(), Hits::default(), vec![]);
    normalize_into("一\u{9fff}가a", &mut marked);
    hits.prepare(terms.len(), terms.len(), false);
    done.prepare(0);
    large.find(&marked, &mut Vec::new(), &mut Vec::new(), &mut done, &mut hits);
    hits.drain_into(&mut indices);
    assert_eq!(indices, [0, han.len() as u32 - 1, han.len() as u32]);
}

#[test]
fn a_literal_has_to_be_normalized() {
    let settings = NGramSettings { char_min: 1, char_max: 3, word_min: 1, word_max: 2 };
    for literal in ["A", " a", "a  b", "a…", "\u{2}a"] {
        let word = front_coded(&[literal]);
        let group = PatternGroup { word: &word, ..PatternGroup::default() };
        let error = LookupBuilder::<u32>::new(settings, 0, 0, &[]).add_group(0, &group).unwrap_err();
        assert_eq!(error.to_string(), "a literal is not normalized text");
    }
}
