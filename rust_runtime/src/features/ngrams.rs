//! Normalized text to n-grams: characters over the whole text, words for scripts with spaces.
//!
//! Specified in `proto/README.md`, section "N-grams". `find_words` looks the word n-grams up without making strings;
//! `ngrams` makes the strings, for people and parity cases.

use super::hits::Hits;
use super::lookup::{Walker, SEQUENCES, WORDS};
use super::normalizer::{string_of, Char};
use super::trie::{Key, LEAF, NODE, NONE};

/// Lengths of the n-grams, inclusive; `word_max` 0: no word n-grams.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NGramSettings {
    pub char_min: usize,
    pub char_max: usize,
    pub word_min: usize,
    pub word_max: usize,
}

impl<K: Key> Walker<K> {
    /// Notes every word n-gram of a marked text that is a term. `items` is room for the symbols of marks and words.
    #[inline]
    pub(super) fn find_words(&self, marked: &[Char], symbols: &[u32], items: &mut Vec<u32>, hits: &mut Hits) {
        if self.word_max == 0 {
            return;
        }
        items.clear();
        items.push(self.begin);
        let root = self.root(WORDS);
        let (mut inside, mut node) = (false, root);
        for (char, symbol) in marked.iter().zip(symbols).skip(1) {
            if char.is_word() {
                inside = true;
                if node != NONE {
                    node = if *symbol == 0 { NONE } else { self.table.step(node & NODE, *symbol) };
                }
            } else if inside {
                items.push(if node == NONE { NONE } else { self.table.step(node & NODE, 0) });
                inside = false;
                node = root;
            }
        }
        if items.len() == 1 {
            return;
        }
        items.push(self.end);
        for first in 0..items.len() - 1 {
            let mut node = self.root(SEQUENCES);
            for item in &items[first..] {
                if *item == NONE {
                    break;
                }
                let next = self.table.step(node, *item);
                if next == NONE {
                    break;
                }
                node = next & NODE;
                if node < self.terms {
                    hits.term(node);
                }
                if next & LEAF != 0 {
                    break;
                }
            }
        }
    }
}

/// All n-grams of a marked text, in the order of the specification.
pub(crate) fn ngrams(marked: &[Char], settings: &NGramSettings) -> Vec<String> {
    let mut grams = Vec::new();
    for n in settings.char_min..=settings.char_max {
        let from = if n == 1 { &marked[1..marked.len() - 1] } else { marked };
        grams.extend(from.windows(n).map(string_of));
    }
    let words = words(marked);
    if settings.word_max == 0 || words.is_empty() {
        return grams;
    }
    let mut items = vec!["\u{2}".to_owned()];
    items.extend(words);
    items.push("\u{3}".to_owned());
    for n in settings.word_min..=settings.word_max {
        let from = if n == 1 { &items[1..items.len() - 1] } else { &items[..] };
        grams.extend(from.windows(n).map(|window| format!("\u{1}{}", window.join(" "))));
    }
    grams
}

/// Maximal runs of word characters of scripts that put spaces between words.
fn words(marked: &[Char]) -> Vec<String> {
    marked.split(|char| !char.is_word()).filter(|run| !run.is_empty()).map(string_of).collect()
}

#[cfg(test)]
mod tests {
    use super::super::normalizer::normalize_into;
    use super::*;

    fn grams(text: &str, char_min: usize, char_max: usize, word_min: usize, word_max: usize) -> Vec<String> {
        let mut marked = Vec::new();
        normalize_into(text, &mut marked);
        let found = ngrams(&marked, &NGramSettings { char_min, char_max, word_min, word_max });
        found.into_iter().map(|gram| gram.replace('\u{2}', "^").replace('\u{3}', "$").replace('\u{1}', "#")).collect()
    }

    #[test]
    fn what_the_specification_says() {
        assert_eq!(grams("ab", 1, 2, 1, 0), ["a", "b", "^a", "ab", "b$"]);
        assert_eq!(grams("", 1, 3, 1, 2), ["^$"]);
        assert_eq!(grams("a", 4, 4, 1, 0), Vec::<String>::new());
        assert_eq!(grams("What  time", 9, 9, 1, 2)[3..], ["#what", "#time", "#^ what", "#what time", "#time $"]);
        assert_eq!(grams("打开wifi吗", 16, 16, 1, 3), ["#wifi", "#^ wifi", "#wifi $", "#^ wifi $"]);
        assert_eq!(grams("it's", 16, 16, 2, 2), ["#^ it", "#it s", "#s $"]);
    }
}
