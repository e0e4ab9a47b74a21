//! Normalized text to n-grams: characters over the whole text, words for scripts with spaces.
//!
//! Specified in `proto/README.md`, section "N-grams". `find_words` looks the word n-grams up without making strings;
//! `ngrams` makes the strings, for people and parity cases.

use super::hits::Hits;
use super::lookup::{Lookup, SEQUENCES, WORDS};
use super::normalizer::{string_of, Char};
use super::trie::NONE;
use crate::artifact::preprocessor::NGramSettings;

impl Lookup {
    /// Notes every word n-gram of a marked text that is a term.
    ///
    /// `items` is room for the nodes of the marks and words.
    #[inline]
    pub(crate) fn find_words(&self, marked: &[Char], items: &mut Vec<u32>, hits: &mut Hits) {
        if self.settings.word_max == 0 {
            return;
        }
        items.clear();
        items.push(self.begin);
        let (mut inside, mut node) = (false, WORDS);
        for char in &marked[1..] {
            if char.is_word() {
                inside = true;
                if node != NONE {
                    node = self.trie.step(node, char.code()).map_or(NONE, |edge| edge.node());
                }
            } else if inside {
                items.push(node);
                inside = false;
                node = WORDS;
            }
        }
        if items.len() == 1 {
            return;
        }
        items.push(self.end);
        for first in 0..items.len() - 1 {
            let mut node = SEQUENCES;
            for item in &items[first..] {
                if *item == NONE {
                    break;
                }
                match self.trie.step(node, *item) {
                    Some(edge) => {
                        if edge.term != NONE {
                            hits.term(edge.term);
                        }
                        node = edge.node();
                    }
                    None => break,
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
